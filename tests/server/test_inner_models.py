"""The steps behind the first one, called from outside with what no step before them gives: 400, and a sentence."""

import re
import time
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tritonclient.http import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from ocr_client import OcrClient, Page
from tests.project import SAMPLES
from tests.triton import Triton

Arrays = dict[str, NDArray[Any]]
PAGE = np.full((64, 96, 3), 255, np.uint8)


def deadline() -> NDArray[Any]:
    """In an hour, on this machine's clock."""
    return np.array([time.monotonic_ns() + 3600 * 10**9], np.int64)


def cropping(
    page: NDArray[Any] = PAGE, maps_hw: tuple[int, int] = (64, 96), size: tuple[int, int] = (64, 96)
) -> Arrays:
    maps = np.zeros((1, 1, *maps_hw), np.float32)
    return {"page": page, "maps": maps, "image_size": np.array(size, np.int32), "deadline_ns": deadline()}


def decoding(widths: list[int], strip_width: int, quads: int | None = None) -> Arrays:
    count = len(widths) if quads is None else quads
    return {
        "strip": np.zeros((48, strip_width, 3), np.uint8),
        "widths": np.array(widths, np.int32),
        "detected_quads": np.zeros((count, 4, 2), np.float32),
        "detected_blocks": np.zeros(len(widths), np.int32),
        "detected_scores": np.zeros(count, np.float32),
        "deadline_ns": deadline(),
    }


BAD = [
    ("text_cropping", cropping(PAGE[:0]), "page is 96 x 0 pixels; it must have at least one"),
    ("text_cropping", cropping(maps_hw=(960, 1280)), r"maps are \[1, 1, 960, 1280\]; .* must be \[1, 1, 64, 96\]"),
    ("text_cropping", cropping(size=(-64, 96)), r"image_size is \[-64, 96\]; sides must be between 1 and"),
    ("ctc_decoding", decoding([50, -20], 30), "widths are between -20 and 50 pixels; they must be between 1 and"),
    ("ctc_decoding", decoding([50, 20], 30), r"strip is \[48, 30, 3\]; with these widths it must be \[48, 70, 3\]"),
    ("ctc_decoding", decoding([50], 50, quads=2), "are of 1, 2 and 2 lines; they must be of equally many"),
    ("ctc_decoding", decoding([16] * 20_000, 320_000), "20000 lines of text were found; at most 5000 are read"),
    ("text_detection", {"image": np.zeros((1, 0, 0, 3), np.uint8)}, r"image is \[1, 0, 0, 3\]; no side may be 0"),
    ("text_detection", {"image": np.zeros((1, 4512, 4512, 3), np.uint8)}, "20358144 pixels; at most 2000000 are taken"),
    ("text_recognition", {"crops": np.zeros((16, 48, 9600, 3), np.uint8)}, "7372800 pixels; at most 640000 are taken"),
    ("text_detection", {"image": np.zeros((1, 33, 33, 3), np.uint8)}, "the model cannot run on image"),
]


def infer(client: InferenceServerClient, model: str, inputs: Arrays) -> Any:
    tensors = []
    for name, array in inputs.items():
        tensors.append(InferInput(name, array.shape, np_to_triton_dtype(array.dtype)))
        tensors[-1].set_data_from_numpy(array)
    return client.infer(model, tensors)


@pytest.mark.parametrize(("model", "inputs", "told"), BAD, ids=[f"{model}: {told[:30]}" for model, _, told in BAD])
def test_what_does_not_fit_is_refused_in_a_sentence(
    triton: Triton, client: OcrClient, label: Page, model: str, inputs: Arrays, told: str
) -> None:
    with triton.connect() as direct, pytest.raises(InferenceServerException) as refused:
        infer(direct, model, inputs)
    assert str(refused.value.status()) == "400"
    assert re.search(rf"bad_(request|image): .*{told}", refused.value.message())
    assert client.read(SAMPLES / "label.png") == label


def test_a_page_without_text_passes_from_outside_too(triton: Triton) -> None:
    with triton.connect() as direct:
        found = infer(direct, "text_cropping", cropping())
        assert found.as_numpy("widths").tolist() == []
        read = infer(direct, "ctc_decoding", decoding([], 0))
        assert read.as_numpy("texts").tolist() == []


@pytest.mark.parametrize(("model", "inputs"), [("text_cropping", cropping()), ("ctc_decoding", decoding([], 0))])
def test_a_page_whose_time_is_over_is_given_up(triton: Triton, model: str, inputs: Arrays) -> None:
    over = {**inputs, "deadline_ns": np.array([time.monotonic_ns() - 1], np.int64)}
    with triton.connect() as direct, pytest.raises(InferenceServerException) as refused:
        infer(direct, model, over)
    assert str(refused.value.status()) == "503"
    assert "deadline_exceeded: the time for this request is over" in refused.value.message()
