"""Which gRPC messages go past the gate: the same as requests over HTTP, and none of too many parts."""

import pytest
from tritonclient.grpc.service_pb2 import (
    ModelInferRequest,
    RepositoryModelLoadRequest,
    SystemSharedMemoryRegisterRequest,
)

from ocr_gate import messages
from ocr_gate.checks import Refused

MODELS, OWN = ("ocr_ensemble",), ("ocr-triton-abc", "ocr-pages-")
IMAGE = bytes(300_000)


def asking(model: str = "ocr_ensemble", shape: tuple[int, ...] = (len(IMAGE),)) -> ModelInferRequest:
    request = ModelInferRequest(model_name=model, id="mine", raw_input_contents=[IMAGE])
    request.inputs.add(name="image", datatype="UINT8", shape=shape).parameters["a"].bool_param = True
    request.outputs.add(name="texts").parameters["binary_data"].bool_param = True
    request.parameters["timeout"].int64_param = 5_000_000
    return request


def check(message: bytes, method: str = messages.UNARY) -> None:
    messages.check(method, message, MODELS, OWN)


@pytest.mark.parametrize("method", [messages.UNARY, messages.STREAM])
def test_an_image_passes(method: str) -> None:
    check(asking().SerializeToString(), method)


def test_all_but_the_values_is_read() -> None:
    request = asking()
    request.inputs[0].contents.uint_contents.extend(range(1000))
    left = ModelInferRequest.FromString(messages.without_values(request.SerializeToString()))
    request.inputs[0].ClearField("contents")
    request.ClearField("raw_input_contents")
    assert left == request


def test_the_last_of_two_names_counts_as_it_does_for_triton() -> None:
    twice = asking().SerializeToString() + ModelInferRequest(model_name="text_detection").SerializeToString()
    with pytest.raises(Refused, match="not for text_detection"):
        check(twice)


@pytest.mark.parametrize("method", [messages.UNARY, messages.STREAM])
@pytest.mark.parametrize("model", ["text_detection", "text_recognition", ""])
def test_no_other_model_answers_from_outside(method: str, model: str) -> None:
    with pytest.raises(Refused, match="this server answers for ocr_ensemble, not for") as refused:
        check(asking(model).SerializeToString(), method)
    assert refused.value.status == 403


@pytest.mark.parametrize("shape", [(2**40,), (-4,), (2**20, 2**20), (-1, -1)])
def test_a_shape_beyond_all_memory_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(Refused, match="is not one of at most 67108864 values"):
        check(asking(shape=shape).SerializeToString())


def test_classification_is_refused() -> None:
    request = asking()
    request.outputs.add(name="quads").parameters["classification"].int64_param = 1
    with pytest.raises(Refused, match="no output is a classification"):
        check(request.SerializeToString())


@pytest.mark.parametrize(
    "message",
    [
        b"\x2a\x00" * 1_000_000,  # inputs
        b"\x3a\x00" * 1_000_000,  # their bytes
        b"\x2a\x84\x89\x7a\x2a\x80\x89\x7a" + b"\x42\x00" * 1_000_000,  # one input's values, of which each is text
    ],
    ids=["inputs", "bytes", "values"],
)
def test_a_message_of_very_many_parts_is_refused_unread(message: bytes) -> None:
    with pytest.raises(Refused, match="more than 10000 parts"):
        check(message)


def test_a_message_that_says_too_much_is_refused() -> None:
    with pytest.raises(Refused, match="more than 1048576 bytes beside the tensors"):
        check(ModelInferRequest(id="i" * 2**20).SerializeToString())
    with pytest.raises(Refused, match="more than 1048576 bytes beside the tensors"):
        check(
            RepositoryModelLoadRequest(model_name="m" * 2**20).SerializeToString(),
            f"{messages.SERVICE}RepositoryModelLoad",
        )


@pytest.mark.parametrize(
    "message",
    [b"\x2b", b"\x0a\x7f", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x80", b"\x09\x00", b"\x0a\x01\xff"],
    ids=["a group", "cut off", "a length without end", "half a key", "half a number", "no UTF-8"],
)
def test_what_is_no_message_is_refused(message: bytes) -> None:
    with pytest.raises(Refused, match="the message is not what this method takes"):
        check(message)


def test_the_servers_own_shared_memory_is_not_for_clients() -> None:
    method = f"{messages.SERVICE}SystemSharedMemoryRegister"
    with pytest.raises(Refused, match="this shared memory is the server's own"):
        check(SystemSharedMemoryRegisterRequest(name="x", key="/ocr-triton-abc1").SerializeToString(), method)
    check(SystemSharedMemoryRegisterRequest(name="x", key="/ocr-client-1").SerializeToString(), method)


def test_other_methods_pass() -> None:
    check(b"", f"{messages.SERVICE}ServerLive")
    check(b"any", "/grpc.health.v1.Health/Check")
