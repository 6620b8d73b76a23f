"""What gRPC's statuses mean to both clients: a real gRPC server that answers as a test tells it to."""

import socket
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
import numpy as np
import pytest
from tritonclient.grpc import service_pb2, service_pb2_grpc

from ocr_client import (
    BadImage,
    BadOption,
    BadRequest,
    OcrError,
    ServerFault,
    ServerOverloaded,
    ServerTimeout,
    ServerUnreachable,
)
from tests.blocking import CLIENTS, Client

Code = grpc.StatusCode


@dataclass
class GrpcTriton(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc]
    """Refuses every inference, unless it has a page.

    Attributes:
        url: Its address.
        code: The status to answer with; None falls silent.
        message: What to say.
        page: What to answer with instead.
        asked: The requests.
        metadata: The headers of each.
    """

    url: str = ""
    code: Any = Code.INTERNAL
    message: str = "it is so"
    page: Any = None
    asked: list[Any] = field(default_factory=list)
    metadata: list[dict[str, str]] = field(default_factory=list)

    def ModelInfer(self, request: Any, context: Any) -> Any:  # noqa: N802  gRPC's name
        """Answer an inference."""
        self.asked.append(request)
        self.metadata.append({entry.key: entry.value for entry in context.invocation_metadata()})
        if self.page is not None:
            return self.page
        if self.code is None:
            while context.is_active():
                time.sleep(0.01)
        return context.abort(self.code, self.message)


def page(text: str) -> Any:
    """An answer with one line."""
    answer = service_pb2.ModelInferResponse()
    tensors = {
        "texts": ("BYTES", [1], struct.pack("<I", len(text)) + text.encode()),
        "text_confidences": ("FP32", [1], np.ones(1, np.float32).tobytes()),
        "quads": ("FP32", [1, 4, 2], np.zeros(8, np.float32).tobytes()),
        "quad_scores": ("FP32", [1], np.ones(1, np.float32).tobytes()),
        "image_size": ("INT32", [2], np.array([48, 64], np.int32).tobytes()),
    }
    for name, (datatype, shape, content) in tensors.items():
        answer.outputs.add(name=name, datatype=datatype, shape=shape)
        answer.raw_output_contents.append(content)
    return answer


@pytest.fixture
def triton() -> Iterator[GrpcTriton]:
    servicer = GrpcTriton()
    server = grpc.server(ThreadPoolExecutor(2))
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(servicer, server)
    servicer.url = f"grpc://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield servicer
    server.stop(None).wait()


@pytest.fixture(params=CLIENTS)
def kind(request: pytest.FixtureRequest) -> type[Client]:
    return CLIENTS[request.param]


@pytest.mark.parametrize(
    ("code", "message", "error", "told"),
    [
        (
            Code.INVALID_ARGUMENT,
            "in ensemble 'ocr_ensemble', bad_image: the image is empty",
            BadImage,
            "the image is empty",
        ),
        (Code.INVALID_ARGUMENT, "bad_option: unclip_ratio is 9; it …", BadOption, "unclip_ratio is 9; it …"),
        (Code.UNAUTHENTICATED, "who", BadRequest, r"refuses access \(gRPC UNAUTHENTICATED: who\): check the headers"),
        (Code.PERMISSION_DENIED, "no", BadRequest, r"refuses access \(gRPC PERMISSION_DENIED: no\): check the headers"),
        (Code.NOT_FOUND, "no model", ServerFault, r"cannot run ocr_ensemble \(gRPC NOT_FOUND: no model\): see the"),
        (Code.INTERNAL, "broken", ServerFault, r"\(gRPC INTERNAL: broken\): see the server's log for request page-7"),
        (Code.UNKNOWN, "strange", ServerFault, r"\(gRPC UNKNOWN: strange\): see the server's log"),
        (Code.UNAVAILABLE, "queue full", ServerOverloaded, r"busy, loading or stopping \(queue full\): try again"),
        (Code.RESOURCE_EXHAUSTED, "quota", ServerOverloaded, r"busy, loading or stopping \(quota\): try again"),
        (Code.RESOURCE_EXHAUSTED, "Received message larger than max (9 vs. 8)", BadImage, "send a smaller file"),
        (Code.RESOURCE_EXHAUSTED, "Decompressed message larger than max", BadImage, "send a smaller file"),
        (Code.UNAVAILABLE, "Socket closed", ServerUnreachable, r"no OCR server at grpc://.* \(Socket closed\): start"),
    ],
)
def test_a_status_says_whose_fault_it_is(
    triton: GrpcTriton, kind: type[Client], code: Any, message: str, error: type[OcrError], told: str
) -> None:
    triton.code, triton.message = code, message
    with kind(triton.url, retries=0) as client, pytest.raises(error, match=told) as caught:
        client.read(b"image", request_id="page-7")
    assert type(caught.value) is error
    assert triton.asked[0].id == "page-7"


def test_only_an_unavailable_server_is_asked_again(triton: GrpcTriton, kind: type[Client]) -> None:
    with kind(triton.url, timeout_s=0.5) as client:
        for code, is_tried_again in ((Code.UNAVAILABLE, True), (Code.INTERNAL, False), (Code.INVALID_ARGUMENT, False)):
            triton.code, triton.asked = code, []
            with pytest.raises(OcrError):
                client.read(b"image")
            assert (len(triton.asked) > 1) is is_tried_again


def test_silence_is_a_timeout(triton: GrpcTriton, kind: type[Client]) -> None:
    triton.code = None
    with (
        kind(triton.url, timeout_s=0.1) as client,
        pytest.raises(ServerTimeout, match=r"no answer within 0.1 s: wait longer"),
    ):
        client.read(b"image")
    assert len(triton.asked) == 1


def test_an_answer_beyond_grpcs_usual_4_megabytes_passes(triton: GrpcTriton, kind: type[Client]) -> None:
    triton.page = page("a" * 5_000_000)
    with kind(triton.url) as client:
        assert len(client.read(b"image").text) == 5_000_000


def test_headers_and_options_go_with_the_request(triton: GrpcTriton, kind: type[Client]) -> None:
    with kind(triton.url, headers={"Authorization": "Bearer 7"}) as client, pytest.raises(ServerFault):
        client.read(b"image", min_confidence=0.25)
    assert triton.metadata[0]["authorization"] == "Bearer 7"
    assert triton.asked[0].parameters["min_confidence"].double_param == 0.25
    assert 59e6 < triton.asked[0].parameters["timeout"].int64_param <= 60e6
    assert list(triton.asked[0].raw_input_contents) == [b"image"]


def test_no_server_is_reported_with_what_to_do(kind: type[Client]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"grpc://127.0.0.1:{closed.getsockname()[1]}"
    with kind(url, retries=0) as client:
        with pytest.raises(ServerUnreachable, match=rf"no OCR server at {url} \(Connection refused\): start one with"):
            client.read(b"image")
        assert not client.ready()
