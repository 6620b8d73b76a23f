"""The steps behind the first one, called over gRPC with what no step before them gives: 400, and a sentence."""

import re
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tritonclient.grpc import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from ocr_client import OcrClient, Page
from tests.project import SAMPLES
from tests.triton import Triton

Arrays = dict[str, NDArray[Any]]
PAGE = np.full((64, 96, 3), 255, np.uint8)
LABEL = np.fromfile(SAMPLES / "label.png", np.uint8)
STEPS = ("text_cropping", "ctc_decoding")


@pytest.fixture
def direct(triton: Triton) -> Iterator[InferenceServerClient]:
    """A client of the port that no gate is in front of."""
    assert triton.own_grpc_url
    with InferenceServerClient(triton.own_grpc_url) as connected:
        yield connected


def admitted(direct: InferenceServerClient) -> NDArray[Any]:
    """The deadline of a page that was let in; it is in the pipeline until a step strikes it out."""
    return np.asarray(infer(direct, "image_preprocessing", {"image": LABEL}).as_numpy("deadline_ns"))


def cropping(
    page: NDArray[Any] = PAGE, maps_hw: tuple[int, int] = (64, 96), size: tuple[int, int] = (64, 96)
) -> Arrays:
    maps = np.zeros((1, 1, *maps_hw), np.float32)
    return {"page": page, "maps": maps, "image_size": np.array(size, np.int32), "moments_ns": np.zeros(0, np.int64)}


def decoding(widths: list[int], strip_width: int, quads: int | None = None) -> Arrays:
    count = len(widths) if quads is None else quads
    return {
        "strip": np.zeros((48, strip_width, 3), np.uint8),
        "widths": np.array(widths, np.int32),
        "detected_quads": np.zeros((count, 4, 2), np.float32),
        "detected_bends": np.zeros((len(widths), 2), np.float32),
        "detected_blocks": np.zeros(len(widths), np.int32),
        "detected_scores": np.zeros(count, np.float32),
        "overhang": np.zeros(1, np.float32),
        "read_size": np.array([64, 96], np.int32),
        "read_scale": np.ones(1, np.float32),
        "moments_ns": np.zeros(0, np.int64),
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
    direct: InferenceServerClient, client: OcrClient, label: Page, model: str, inputs: Arrays, told: str
) -> None:
    page = {"deadline_ns": admitted(direct)} if model in STEPS else {}
    with pytest.raises(InferenceServerException) as refused:
        infer(direct, model, {**inputs, **page})
    assert refused.value.status() == "StatusCode.INVALID_ARGUMENT"
    assert re.search(rf"bad_(request|image): .*{told}", refused.value.message())
    assert client.read(SAMPLES / "label.png") == label


def test_a_page_without_text_passes(direct: InferenceServerClient) -> None:
    page = {"deadline_ns": admitted(direct)}
    found = infer(direct, "text_cropping", {**cropping(), **page})
    assert found.as_numpy("widths").tolist() == []
    read = infer(direct, "ctc_decoding", {**decoding([], 0), **page})
    assert read.as_numpy("texts").tolist() == []
    assert read.as_numpy("image_size").tolist() == [64, 96]


@pytest.mark.parametrize(("model", "inputs"), [("text_cropping", cropping()), ("ctc_decoding", decoding([], 0))])
def test_a_page_that_was_not_let_in_is_refused(direct: InferenceServerClient, model: str, inputs: Arrays) -> None:
    unknown = np.array([time.monotonic_ns() + 3600 * 10**9], np.int64)
    with pytest.raises(InferenceServerException, match="send the image to ocr_ensemble") as refused:
        infer(direct, model, {**inputs, "deadline_ns": unknown})
    assert refused.value.status() == "StatusCode.INVALID_ARGUMENT"


@pytest.mark.parametrize(("model", "inputs"), [("text_cropping", cropping()), ("ctc_decoding", decoding([], 0))])
def test_a_page_whose_time_is_over_is_given_up(direct: InferenceServerClient, model: str, inputs: Arrays) -> None:
    over = np.array([time.monotonic_ns() - 1], np.int64)
    with pytest.raises(
        InferenceServerException, match="deadline_exceeded: the time for this request is over"
    ) as refused:
        infer(direct, model, {**inputs, "deadline_ns": over})
    assert refused.value.status() == "StatusCode.UNAVAILABLE"


@pytest.mark.parametrize("output", ["image_size", "texts", "quads"])
def test_one_output_may_be_asked_for_alone(direct: InferenceServerClient, output: str) -> None:
    tensor = InferInput("image", LABEL.shape, "UINT8")
    tensor.set_data_from_numpy(LABEL)
    answer = direct.infer("ocr_ensemble", [tensor], outputs=[InferRequestedOutput(output)])
    assert [named.name for named in answer.get_response().outputs] == [output]
    assert len(answer.as_numpy(output)) > 0
