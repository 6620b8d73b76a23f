"""What a stranger may send to the embedded server's ports: each is answered, and the next request is served."""

import gzip
import json
import os
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from http.client import HTTPConnection
from typing import Any

import grpc
import psutil
import pytest
from tritonclient.grpc import InferenceServerClient
from tritonclient.grpc.service_pb2 import InferParameter, ModelInferRequest
from tritonclient.grpc.service_pb2_grpc import GRPCInferenceServiceStub
from tritonclient.utils import InferenceServerException

from ocr_client import OcrClient, Page
from ocr_launch import processes
from ocr_launch.machine import SHARED_MEMORY
from server.triton import TritonServer
from tests.project import MODEL_REPOSITORY, SAMPLES
from tests.server.processes import wait_until
from tests.server.raw_http import PATH, RAW
from tests.triton import Triton

LABEL = (SAMPLES / "label.png").read_bytes()
GZIP = {"Content-Encoding": "gzip"}
HEADER_LENGTH = "Inference-Header-Content-Length"
IMAGE = {"name": "image", "datatype": "UINT8", "shape": [4], "data": [1, 2, 3, 4]}
MODEL = "/v2/models/text_detection/infer"
REGION = "/v2/systemsharedmemory/region/mine/register"


def asking(**more: Any) -> bytes:
    return json.dumps({"inputs": [IMAGE], **more}).encode()


def nested(depth: int) -> bytes:
    return b'{"inputs":[{"name":"image","datatype":"UINT8","shape":[1],"data":' + b"[" * depth + b"]" * depth + b"}]}"


def set_shape(side: int, message: ModelInferRequest) -> None:
    message.inputs[0].shape[:] = [side]


CLASS = InferParameter(int64_param=1)
CLASSES = asking(outputs=[{"name": "texts", "parameters": {"classification": 1}}])
HARMFUL = [
    pytest.param(nested(40_000), {}, 400, "arrays and objects; at most 10000", id="deep JSON"),
    pytest.param(nested(20_000_000), {}, 400, "arrays and objects; at most 10000", id="JSON deep enough for any stack"),
    pytest.param(
        asking(outputs=[{"name": "texts", "parameters": {"classification": 1}}]),
        {},
        400,
        "no output is a",
        id="classes",
    ),
    pytest.param(asking(inputs=[{**IMAGE, "shape": [2**40]}]), {}, 400, "is not one of at most", id="a shape of 1 TB"),
    pytest.param(bytes(65 * 2**20), RAW, 413, "more than 64 MB", id="a large body"),
    pytest.param(
        gzip.compress(bytes(65 * 2**20)),
        {**RAW, "Content-Encoding": "gzip"},
        413,
        "more than 64 MB",
        id="a packed bomb",
    ),
    pytest.param(b"{bad", {}, 400, "the body is no JSON", id="no JSON"),
    pytest.param(b"{}", {}, 400, "Unable to parse 'inputs'", id="no inputs"),
    pytest.param(
        LABEL, {"Inference-Header-Content-Length": "-5"}, 400, "must be the number of bytes", id="a length below 0"
    ),
]


INVALID, DENIED = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.PERMISSION_DENIED
UNBOUND = (("grpc.max_send_message_length", -1),)
# The same over HTTP and gRPC: path and body, what changes the message of the label, and the status.
GRPC: list[tuple[str, bytes, Callable[[ModelInferRequest], Any], grpc.StatusCode]] = [
    (MODEL, b"{}", lambda message: message.MergeFrom(ModelInferRequest(model_name="text_detection")), DENIED),
    (PATH, CLASSES, lambda message: message.outputs[0].parameters["classification"].MergeFrom(CLASS), INVALID),
    *(
        (PATH, asking(inputs=[{**IMAGE, "shape": [side]}]), partial(set_shape, side), INVALID)
        for side in (-4, 2**40, 2**62)
    ),
]


def post(url: str, path: str, body: Any, headers: dict[str, str]) -> tuple[int, str]:
    with closing(HTTPConnection(url, timeout=60)) as connection:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")


@pytest.mark.parametrize(("body", "headers", "status", "told"), HARMFUL)
def test_a_request_that_does_harm_is_refused(
    triton: Triton, client: OcrClient, label: Page, body: bytes, headers: dict[str, str], status: int, told: str
) -> None:
    answered, said = post(triton.url, PATH, body, headers)
    assert (answered, told in said) == (status, True), said
    assert client.read(LABEL) == label


def test_a_body_in_very_many_chunks_is_put_together(triton: Triton, client: OcrClient, label: Page) -> None:
    address = triton.url.split(":")
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nInference-Header-Content-Length: 0\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection((address[0], int(address[1])), timeout=60) as connection:
        connection.sendall(head.encode() + b"1\r\na\r\n" * 100_000 + b"0\r\n\r\n")
        assert b"these 100000 bytes are no image" in connection.makefile("rb").read()
    assert client.read(LABEL) == label


@pytest.mark.parametrize("pack", [gzip.compress, bytes], ids=["packed", "as it is"])
def test_an_image_may_come_packed(triton: Triton, label: Page, pack: Callable[[bytes], bytes]) -> None:
    encoding = GZIP if pack is gzip.compress else {}
    status, said = post(triton.url, PATH, pack(LABEL), {**RAW, **encoding})
    assert status == 200
    assert all(line.text in said for line in label.lines)


def test_the_steps_are_not_for_callers(triton: Triton) -> None:
    status, said = post(triton.url, MODEL, b"{}", {})
    assert (status, "this server answers for ocr_ensemble and ocr, not for text_detection" in said) == (403, True)
    with triton.connect() as direct:
        assert direct.is_model_ready("text_detection")


def test_grpc_refuses_what_http_refuses_in_the_same_words(triton: Triton, client: OcrClient, label: Page) -> None:
    for path, body, change, code in GRPC:
        _, said = post(triton.url, path, body, {})
        message = message_of_label()
        change(message)
        with grpc.insecure_channel(triton.grpc_url, UNBOUND) as channel, pytest.raises(grpc.RpcError) as refused:
            GRPCInferenceServiceStub(channel).ModelInfer(message, timeout=60)
        assert (refused.value.code(), refused.value.details()) == (code, json.loads(said)["error"])
        with grpc.insecure_channel(triton.grpc_url, UNBOUND) as channel, pytest.raises(grpc.RpcError) as refused:
            list(GRPCInferenceServiceStub(channel).ModelStreamInfer(iter([message]), timeout=60))
        assert (refused.value.code(), refused.value.details()) == (code, json.loads(said)["error"])
    assert client.read(LABEL) == label


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_a_grpc_message_that_is_too_large_is_refused(
    triton: Triton, client: OcrClient, label: Page, compression: grpc.Compression
) -> None:
    message = ModelInferRequest(model_name="ocr_ensemble", raw_input_contents=[bytes(100 * 2**20)])
    with grpc.insecure_channel(triton.grpc_url, UNBOUND) as channel, pytest.raises(grpc.RpcError) as refused:
        GRPCInferenceServiceStub(channel).ModelInfer(message, compression=compression, timeout=60)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert client.read(LABEL) == label


def test_a_stream_of_grpc_is_read(triton: Triton, label: Page) -> None:
    with grpc.insecure_channel(triton.grpc_url) as channel:
        answers = list(GRPCInferenceServiceStub(channel).ModelStreamInfer(iter([message_of_label()] * 2), timeout=60))
    assert [answer.error_message for answer in answers] == ["", ""]
    texts = [answer.infer_response.raw_output_contents[0] for answer in answers]
    assert all(line.text.encode() in text for text in texts for line in label.lines)


def test_half_sent_messages_keep_nobody_out(triton: Triton, label: Page) -> None:
    with grpc.insecure_channel(triton.grpc_url) as channel:
        ask = channel.stream_unary("/inference.GRPCInferenceService/ModelInfer")
        half = [ask.future(never()) for _ in range(50)]
        with OcrClient(f"grpc://{triton.grpc_url}") as client:
            assert client.read(LABEL) == label
        for call in half:
            call.cancel()


def test_health_and_metadata_pass_the_door_for_grpc(triton: Triton) -> None:
    with InferenceServerClient(triton.grpc_url) as direct:
        assert direct.is_server_live()
        assert direct.is_model_ready("ocr_ensemble")
        assert direct.get_server_metadata().name == "triton"
        with pytest.raises(InferenceServerException, match="is restricted"):
            direct.unload_model("ocr_ensemble")


def message_of_label() -> ModelInferRequest:
    message = ModelInferRequest(model_name="ocr_ensemble", raw_input_contents=[LABEL])
    message.inputs.add(name="image", datatype="UINT8", shape=[len(LABEL)])
    message.outputs.add(name="texts")
    return message


def never() -> Iterator[bytes]:
    threading.Event().wait(120)
    yield b""


def test_half_sent_requests_keep_nobody_out(triton: Triton, client: OcrClient, label: Page) -> None:
    address = triton.url.split(":")
    half = [socket.create_connection((address[0], int(address[1]))) for _ in range(50)]
    for connection in half:
        connection.sendall(f"POST {PATH} HTTP/1.1\r\nContent-Length: 1000\r\nHost: x\r\n\r\nhalf".encode())
    assert client.read(LABEL) == label
    for connection in half:
        connection.close()


@pytest.fixture(scope="module")
def server() -> Iterator[TritonServer]:
    with TritonServer(MODEL_REPOSITORY, profile="cpu", stop_timeout_s=10) as started:
        yield started


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=lambda number: number.name)
def test_a_gate_that_dies_or_is_stopped_comes_back(server: TritonServer, number: int) -> None:
    with OcrClient(server.url) as client:
        page = client.read(LABEL)
    before, faults = psutil.Process(server.gate_pid), len(server.state.faults)
    os.kill(before.pid, number)
    wait_until(lambda: len(server.state.faults) > faults)
    assert "the gate" in server.state.faults[-1]
    with OcrClient(server.url) as client:
        assert client.read(LABEL) == page
    assert not before.is_running()


def test_the_servers_own_shared_memory_is_not_for_callers(server: TritonServer) -> None:
    (own, *_) = (file.name for file in SHARED_MEMORY.glob(f"{server.log.parent.name}*"))
    status, said = post(server.url, REGION, json.dumps({"key": f"/{own}", "byte_size": 64}).encode(), {})
    assert (status, "this shared memory is the server's own" in said) == (400, True)
    with InferenceServerClient(server.grpc_url) as direct, pytest.raises(InferenceServerException) as refused:
        direct.register_system_shared_memory("mine", f"/{own}", 64)
    assert (refused.value.status(), refused.value.message()) == (
        "StatusCode.INVALID_ARGUMENT",
        json.loads(said)["error"],
    )


def test_the_gate_gives_the_memory_of_large_messages_back(server: TritonServer) -> None:
    gate = psutil.Process(server.gate_pid)
    before = gate.memory_info().rss
    large = ModelInferRequest(model_name="ocr_ensemble", model_version="99", raw_input_contents=[bytes(40 * 2**20)])
    with grpc.insecure_channel(server.grpc_url, UNBOUND) as channel:
        ask = GRPCInferenceServiceStub(channel).ModelInfer
        codes = [call.code() for call in [ask.future(large, timeout=60) for _ in range(8)]]
    assert codes == [grpc.StatusCode.NOT_FOUND] * 8
    wait_until(lambda: gate.memory_info().rss < before + 100 * 2**20)


def test_what_was_started_anew_is_counted_for_prometheus(server: TritonServer) -> None:
    mine, all_of_it = ("ocr_process_restarts_total", "ctc_decoding"), ("ocr_server_restarts_total", "")
    before = metrics(server)
    victim = next(process for process in processes.find(server.pid) if process.model == "ctc_decoding")
    os.kill(victim.handle.pid, signal.SIGKILL)
    wait_until(lambda: metrics(server)[mine] > before[mine])
    after = metrics(server)
    assert after["ocr_process_restarts_total", "text_cropping"] == before["ocr_process_restarts_total", "text_cropping"]
    assert after[all_of_it] == before[all_of_it]
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: metrics(server)[all_of_it] > before[all_of_it])
    last = metrics(server)
    assert (last[mine], last["ocr_up", ""]) == (before[mine] + 1, 1)  # they outlive the server
    assert ("nv_inference_count", "ocr_ensemble") in last


def metrics(server: TritonServer) -> dict[tuple[str, str], float]:
    """Values by the metric's name and the model or process that its labels tell of, if they do."""
    with closing(HTTPConnection(server.metrics_url, timeout=60)) as connection:
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
    found = (re.fullmatch(r'(\w+)(?:\{.*?(?:(?:model|process)="(\w+)".*)?\})? (\S+)', line) for line in lines)
    return {(match[1], match[2] or ""): float(match[3]) for match in found if match}
