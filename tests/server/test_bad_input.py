"""What the caller has done wrong is answered with HTTP 400 and a sentence for the caller, and harms no one else."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tritonclient.http import InferInput
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from ocr_client import OcrClient, Page
from tests.bombs import BOMBS
from tests.insides import INSIDES
from tests.project import SAMPLES
from tests.server.raw_http import post
from tests.triton import Triton

LABEL = (SAMPLES / "label.png").read_bytes()
STREET = (SAMPLES / "street.jpg").read_bytes()

BAD_IMAGES = [
    pytest.param(b"Dear server, this is a letter.", r"these 30 bytes are no image .* send .* JPEG, PNG", id="a letter"),
    pytest.param(b"", r"the image is empty \(0 bytes\); send", id="nothing"),
    pytest.param(STREET[: len(STREET) // 2], r"the JPEG image of 1280 x 960 pixels is .* truncated", id="half a JPEG"),
    pytest.param(LABEL[: len(LABEL) // 2], r"the PNG image of 840 x 640 pixels is .* truncated", id="half a PNG"),
    pytest.param(LABEL[:20], r"these 20 bytes are no image", id="the first bytes of a PNG"),
]
# Triton 2.51 parses the body of a form on its stack, and dies of one of 8 MB.
BINARY = "application/octet-stream"
BAD_OPTIONS = [
    pytest.param({"min_confidence": "high"}, "min_confidence is 'high'; it must be a number", id="a word"),
    pytest.param({"min_confidence": 1.5}, "min_confidence is 1.5; it must be between 0 and 1", id="too much"),
    pytest.param({"quad_threshold": -1}, "quad_threshold is -1; it must be between 0 and 1", id="too little"),
    pytest.param({"unclip_ratio": 6}, "unclip_ratio is 6; it must be between 0 and 5", id="too wide"),
    pytest.param({"map_threshold": "nan"}, "map_threshold is nan; it must be between 0 and 1", id="not a number"),
    pytest.param({"orientation": "45"}, "orientation is '45'; it must be one of auto, off, 0, 90", id="half turned"),
    pytest.param(
        {"orientation": 90, "Orientation": 180},
        "orientation is given as 90 and as 180; give it once",
        id="turned in two ways",
    ),
    pytest.param(
        {"min_confidense": 0.5}, "unknown option 'min_confidense'; did you mean 'min_confidence'?", id="misspelt"
    ),
]


def infer(triton: Triton, array: NDArray[Any], name: str = "image", parameters: Any = None) -> Any:
    """Send an array through tritonclient; the failure that comes back."""
    tensor = InferInput(name, array.shape, np_to_triton_dtype(array.dtype))
    tensor.set_data_from_numpy(array)
    with triton.connect() as client, pytest.raises(InferenceServerException) as failure:
        client.infer("ocr_ensemble", [tensor], parameters=parameters)
    return failure.value


def assert_told(status: object, message: str, expected: str) -> None:
    """HTTP 400, and the sentence matches and says nothing of the server's insides."""
    assert str(status) == "400"
    assert re.search(expected, message)
    assert not INSIDES.search(message)


@pytest.mark.parametrize(("content", "sentence"), BAD_IMAGES)
def test_a_bad_image_through_tritonclient(triton: Triton, content: bytes, sentence: str) -> None:
    failure = infer(triton, np.frombuffer(content, np.uint8))
    assert_told(failure.status(), failure.message(), sentence)


@pytest.mark.parametrize(("content", "sentence"), BAD_IMAGES)
def test_a_bad_image_as_a_raw_body(triton: Triton, content: bytes, sentence: str) -> None:
    answer = post(triton.url, content)
    assert_told(answer.status, answer.error, sentence)


def test_an_image_with_too_many_pixels_is_refused(triton: Triton) -> None:
    buffer = BytesIO()
    Image.new("1", (20000, 6000)).save(buffer, "PNG")
    failure = infer(triton, np.frombuffer(buffer.getvalue(), np.uint8))
    assert_told(failure.status(), failure.message(), r"20000 x 6000 = 120 megapixels; at most 40 are accepted")


@pytest.mark.parametrize(("parameters", "sentence"), BAD_OPTIONS)
def test_a_bad_option(triton: Triton, parameters: dict[str, object], sentence: str) -> None:
    failure = infer(triton, np.frombuffer(LABEL, np.uint8), parameters=parameters)
    assert_told(failure.status(), failure.message(), re.escape(sentence))


def test_a_bad_option_in_a_header(triton: Triton) -> None:
    answer = post(triton.url, LABEL, Min_Confidence="high")
    assert_told(answer.status, answer.error, "min_confidence is 'high'; it must be a number")


@pytest.mark.parametrize(
    ("array", "name", "sentence"),
    [
        pytest.param(np.zeros(4, np.uint8), "picture", "unexpected inference input 'picture'", id="another name"),
        pytest.param(np.zeros(4, np.float32), "image", "data-type is 'FP32', but .* expects 'UINT8'", id="floats"),
        pytest.param(np.zeros((4, 4, 3), np.uint8), "image", r"Expected \[-1\], got \[4,4,3\]", id="pixels"),
    ],
)
def test_another_tensor_than_the_image(triton: Triton, array: NDArray[Any], name: str, sentence: str) -> None:
    failure = infer(triton, array, name)
    assert_told(failure.status(), failure.message(), sentence)


def test_the_request_after_a_bad_one_is_served(triton: Triton, client: OcrClient, label: Page) -> None:
    for content in (b"no image", STREET[:5000], b""):
        assert post(triton.url, content).status == 400
        assert client.read(LABEL) == label


@pytest.mark.parametrize(("content", "sentence"), BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_within_the_time_of_a_small_image(triton: Triton, content: bytes, sentence: str) -> None:
    """Seconds, for machines that have other things to do, too; the bombs took from six to beyond a hundred."""
    start_s = time.monotonic()
    answer = post(triton.url, content, Content_Type=BINARY)
    assert time.monotonic() - start_s < 5
    assert_told(answer.status, answer.error, sentence)


def test_others_are_served_while_bombs_come(triton: Triton, client: OcrClient, label: Page) -> None:
    bombs = [content for content, _ in BOMBS.values()]
    with ThreadPoolExecutor(2) as senders:
        answers = senders.map(lambda content: post(triton.url, content, Content_Type=BINARY), bombs * 2)
        for _ in range(3):
            start_s = time.monotonic()
            assert client.read(LABEL) == label
            assert time.monotonic() - start_s < 15
        assert {answer.status for answer in answers} == {400}


def test_a_header_that_is_not_text_is_refused(triton: Triton) -> None:
    answer = post(triton.url, LABEL, Unclip_Ratio="\xff")
    assert_told(answer.status, answer.error, "a parameter or a header of the request is not UTF-8")


def test_parameters_without_number_are_refused(triton: Triton) -> None:
    parameters = {f"min_confidxxxx{number}": 1 for number in range(5_000)}
    failure = infer(triton, np.frombuffer(LABEL, np.uint8), parameters=parameters)
    assert_told(failure.status(), failure.message(), "the request has 5000 parameters; at most 100 are accepted")


def test_a_large_body_that_is_sent_as_a_form_is_refused_like_another(triton: Triton) -> None:
    """Curl sends it so by default, and Triton 2.51 put all of it on a stack of 8 MB."""
    form = {"Content-Type": "application/x-www-form-urlencoded", "Inference-Header-Content-Length": "0"}
    with closing(HTTPConnection(triton.url)) as connection:
        connection.request("POST", "/v2/models/ocr_ensemble/infer", bytes(9_000_000), form)
        assert connection.getresponse().status == 400
