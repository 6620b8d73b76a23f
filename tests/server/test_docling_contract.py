"""The model `ocr`: what Docling sends and expects, over both protocols; errors are those of `ocr_ensemble`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
from numpy.typing import NDArray
from PIL import Image
from tritonclient.utils import InferenceServerException

from ocr_client import Page
from tests.project import SAMPLES
from tests.server.thresholds import middle
from tests.triton import Triton

with Image.open(SAMPLES / "label.png") as opened:
    LABEL = np.asarray(opened.convert("RGB"))[None]

Ask = Callable[..., Any]


@pytest.fixture(params=["http", "grpc"])
def ask(request: pytest.FixtureRequest, triton: Triton) -> Ask:
    """Sends an image and a language as Docling does, the language first; more goes to the client."""
    protocol: Any = getattr(tritonclient, request.param)
    url = triton.url if request.param == "http" else triton.grpc_url
    if url is None:
        pytest.skip("--triton gives the HTTP address only")

    def send(image: NDArray[np.uint8] = LABEL, language: str = "english", **more: Any) -> Any:
        tensors = []
        for name, array, kind in (("lang_type", np.array([[language]], object), "BYTES"), ("image", image, "UINT8")):
            tensors.append(protocol.InferInput(name, array.shape, kind))
            tensors[-1].set_data_from_numpy(array)
        with protocol.InferenceServerClient(url) as client:
            return client.infer("ocr", tensors, **more)

    return send


def test_pixels_are_read_as_their_file_is(ask: Ask, label: Page) -> None:
    answer = ask()
    assert [text.decode() for text in answer.as_numpy("txts")] == [line.text for line in label.lines]
    np.testing.assert_allclose(answer.as_numpy("scores"), [line.confidence for line in label.lines], atol=1e-4)
    np.testing.assert_allclose(answer.as_numpy("boxes"), [line.quad for line in label.lines], atol=0.01)


def test_an_image_without_text_has_zero_rows(ask: Ask) -> None:
    answer = ask(np.full((1, 40, 60, 3), 255, np.uint8))
    assert [answer.as_numpy(name).shape for name in ("boxes", "txts", "scores")] == [(0, 4, 2), (0,), (0,)]


def test_options_of_the_request_reach_the_ensemble(ask: Ask, label: Page) -> None:
    least = middle([line.confidence for line in label.lines])
    kept = [line.text for line in label.lines if line.confidence >= least]
    answer = ask(parameters={"min_confidence": f"{least}"})
    assert [text.decode() for text in answer.as_numpy("txts")] == kept


@pytest.mark.parametrize(
    ("asked", "status", "told"),
    [
        ({"language": "klingon"}, 400, "bad_option: lang_type is 'klingon'; this server reads english, chinese,"),
        ({"image": LABEL[:, :0]}, 400, "bad_image: the image is 840 x 0 pixels; it must have at least one"),
        ({"image": np.zeros((1, 1, 70_000, 3), np.uint8)}, 400, "bad_image: the image is 70000 x 1 pixels; sides of"),
        ({"image": np.zeros((2, 8, 8, 3), np.uint8)}, 400, r"Expected \[1,-1,-1,3\], got \[2,8,8,3\]"),
        ({"parameters": {"min_confidence": 3}}, 400, "bad_option: min_confidence is 3; it must be between 0 and 1"),
        ({"parameters": {"min_confidnce": 0.5}}, 400, "unknown option 'min_confidnce'; did you mean 'min_confidence'?"),
        ({"timeout": 1000}, 503, "deadline_exceeded: the time for this request is over"),
    ],
    ids=["language", "no pixels", "size", "batch", "option", "misspelt", "timeout"],
)
def test_what_is_wrong_is_told_in_a_sentence(ask: Ask, asked: dict[str, Any], status: int, told: str) -> None:
    statuses = {400: ("400", "StatusCode.INVALID_ARGUMENT"), 503: ("503", "StatusCode.UNAVAILABLE")}
    with pytest.raises(InferenceServerException, match=told) as refused:
        ask(**asked)
    assert refused.value.status() in statuses[status]
