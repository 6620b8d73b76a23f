"""The same over gRPC, where the server's address for it is known."""

import numpy as np
import pytest
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from ocr_client import Page
from tests.project import SAMPLES
from tests.triton import Triton


@pytest.fixture
def grpc_url(triton: Triton) -> str:
    if triton.grpc_url is None:
        pytest.skip("--triton names HTTP's address only: --triton=HOST:PORT,HOST:GRPC_PORT")
    return triton.grpc_url


def image_tensor(content: bytes) -> InferInput:
    array = np.frombuffer(content, np.uint8)
    tensor = InferInput("image", array.shape, "UINT8")
    tensor.set_data_from_numpy(array)
    return tensor


def test_grpc_gives_what_http_gives(grpc_url: str, label: Page) -> None:
    with InferenceServerClient(grpc_url) as client:
        result = client.infer("ocr_ensemble", [image_tensor((SAMPLES / "label.png").read_bytes())])
    assert [text.decode() for text in result.as_numpy("texts")] == [line.text for line in label.lines]
    assert np.allclose(result.as_numpy("quads"), [line.quad for line in label.lines], atol=0.01)


def test_a_bad_image_is_an_invalid_argument(grpc_url: str) -> None:
    with InferenceServerClient(grpc_url) as client, pytest.raises(InferenceServerException) as failure:
        client.infer("ocr_ensemble", [image_tensor(b"no image")])
    assert failure.value.status() == "StatusCode.INVALID_ARGUMENT"
    assert "these 8 bytes are no image that can be read here" in failure.value.message()


def test_a_bad_option_is_an_invalid_argument(grpc_url: str) -> None:
    tensor = image_tensor((SAMPLES / "label.png").read_bytes())
    with InferenceServerClient(grpc_url) as client, pytest.raises(InferenceServerException) as failure:
        client.infer("ocr_ensemble", [tensor], parameters={"min_confidence": 3})
    assert failure.value.status() == "StatusCode.INVALID_ARGUMENT"
    assert "min_confidence is 3; it must be between 0 and 1" in failure.value.message()
