"""What gRPC's statuses mean to both clients: a real gRPC server that answers as a test tells it to."""

import socket
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
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

    def ModelReady(self, _request: Any, _context: Any) -> Any:  # noqa: N802  gRPC's name
        """Say that the model is ready."""
        return service_pb2.ModelReadyResponse(ready=True)

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


@contextmanager
def serving(host: str = "127.0.0.1", port: int = 0) -> Iterator[GrpcTriton]:
    """A server of its own."""
    servicer = GrpcTriton()
    server = grpc.server(ThreadPoolExecutor(2))
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(servicer, server)
    servicer.url = f"grpc://{host}:{server.add_insecure_port(f'{host}:{port}')}"
    server.start()
    yield servicer
    server.stop(None).wait()


@pytest.fixture
def triton() -> Iterator[GrpcTriton]:
    with serving() as servicer:
        yield servicer


@contextmanager
def naming(*hosts: str) -> Iterator[str]:
    """The address of a DNS server that gives these IPv4 addresses for every name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))

        def run() -> None:
            while (asked := listening.recvfrom(512)) and asked[0]:
                query, peer = asked
                end = query.index(b"\0", 12) + 5  # of the question: a name, its type and its class
                addresses = hosts if query[end - 4 : end - 2] == b"\0\1" else ()
                head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, len(addresses), 0, 0)
                answers = (struct.pack(">HHHIH", 0xC00C, 1, 1, 60, 4) + socket.inet_aton(host) for host in addresses)
                listening.sendto(head + query[12:end] + b"".join(answers), peer)

        thread = Thread(target=run)
        thread.start()
        yield "{}:{}".format(*listening.getsockname())
        listening.sendto(b"", listening.getsockname())
        thread.join()


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
    with kind(triton.url, timeout_s=1.5) as client:
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


@pytest.fixture
def pair() -> Iterator[list[GrpcTriton]]:
    """Two servers of one port and two hosts."""
    with serving() as first, serving("127.0.0.2", int(first.url.rpartition(":")[2])) as second:
        first.page, second.page = page("first"), page("second")
        yield [first, second]


def test_the_servers_of_a_name_take_turns(pair: list[GrpcTriton], kind: type[Client]) -> None:
    port = pair[0].url.rpartition(":")[2]
    with naming("127.0.0.1", "127.0.0.2") as dns, kind(f"dns://{dns}/ocr.test:{port}") as client:
        # The first ones go to whichever is connected first.
        while not all(triton.asked for triton in pair):
            client.read(b"image")
        texts = [client.read(b"image").text for _ in range(8)]
        assert sorted(texts) == ["first"] * 4 + ["second"] * 4
        # One that has no time for it hands it to the other at once; a large one, too.
        pair[0].page, pair[0].code = None, Code.UNAVAILABLE
        for triton in pair:
            triton.asked = []
        assert [client.read(b"x" * 1_000_000).text for _ in range(4)] == ["second"] * 4
        assert len(pair[0].asked) + len(pair[1].asked) <= 8


def test_several_addresses_may_be_of_grpc(pair: list[GrpcTriton], kind: type[Client]) -> None:
    pair[0].page, pair[0].code = None, Code.UNAVAILABLE
    with kind([triton.url for triton in pair], retries=0) as client:
        assert [client.read(b"image").text for _ in range(4)] == ["second"] * 4
        assert client.ready()
