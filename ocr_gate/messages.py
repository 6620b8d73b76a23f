"""What a gRPC message may ask for: what a request over HTTP may, as `checks` says.

A message of the largest size may have millions of parts, which take gigabytes once they are read. So the parts are
counted in the message's bytes, and only those are read that say what is asked for; the values of the tensors are not.
"""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from tritonclient.grpc.service_pb2 import (
    ModelInferRequest,
    ModelStreamInferResponse,
    SystemSharedMemoryRegisterRequest,
)

from ocr_gate import checks
from ocr_gate.checks import Refused

SERVICE = "/inference.GRPCInferenceService/"
UNARY, STREAM = f"{SERVICE}ModelInfer", f"{SERVICE}ModelStreamInfer"
SHARED_MEMORY = f"{SERVICE}SystemSharedMemoryRegister"
# Of a message without its tensors' values; nobody sends more than a few hundred.
MAX_ASKED_BYTES = 2**20
MAX_ERROR_BYTES = 4096
NO_MESSAGE = "bad_request: the message is not what this method takes"
MAX_PARTS = checks.MAX_BRACKETS

INPUTS = ModelInferRequest.INPUTS_FIELD_NUMBER
RAW_VALUES = ModelInferRequest.RAW_INPUT_CONTENTS_FIELD_NUMBER
VALUES = ModelInferRequest.InferInputTensor.CONTENTS_FIELD_NUMBER
# How a field is written: https://protobuf.dev/programming-guides/encoding/
VARINT, LENGTH_FIRST = 0, 2
FIXED_BYTES = {1: 8, 5: 4}
VARINT_BYTES = 10


def check(method: str, message: bytes, models: Collection[str], own_memory: Collection[str]) -> None:
    """Check one message.

    Args:
        method: The call's path.
        message: As it was sent.
        models: Those that may be asked.
        own_memory: How the names of regions begin that are the server's own.

    Raises:
        Refused: It may not go further.
    """
    if method in (UNARY, STREAM):
        check_inference(message, models)
    elif len(message) > MAX_ASKED_BYTES:
        raise _too_much()
    elif method == SHARED_MEMORY:
        checks.check_key(_parse(SystemSharedMemoryRegisterRequest, message).key, own_memory)


def check_inference(message: bytes, models: Collection[str]) -> None:
    """Check a ModelInferRequest; what is merely wrong in it is left to Triton.

    Raises:
        Refused: It asks another model, Triton would not survive it, or it is none.
    """
    asked = _parse(ModelInferRequest, without_values(message))
    checks.check_model(asked.model_name, models)
    for tensor in asked.inputs:
        checks.check_shape(list(tensor.shape))
    for output in asked.outputs:
        checks.check_output(output.parameters)


def is_no_place(answer: bytes) -> bool:
    """Whether an answer in a stream says that there is no place for the page."""
    if len(answer) > MAX_ERROR_BYTES:  # it has text in it, and need not be read
        return False
    with suppress(DecodeError):  # Triton's own fault, and the caller's to see
        return checks.is_no_place(ModelStreamInferResponse.FromString(answer).error_message)
    return False


def without_values(message: bytes) -> bytes:
    """A ModelInferRequest without what is in its tensors.

    Raises:
        Refused: It has too many parts, too much is left, or it is none.
    """
    budget = iter(range(MAX_PARTS))
    kept: list[bytes | memoryview] = []
    for field in _fields(memoryview(message), budget):
        if field.number == INPUTS:
            kept += _input_without_values(field, budget)
        elif field.number != RAW_VALUES:
            kept.append(field.whole)
    if sum(map(len, kept)) > MAX_ASKED_BYTES:
        raise _too_much()
    return b"".join(kept)


@dataclass(frozen=True)
class _Field:
    """One part of a message.

    Attributes:
        number: Which.
        whole: All of it.
        content: Without what says its number and its length.
    """

    number: int
    whole: memoryview
    content: memoryview


def _input_without_values(field: _Field, budget: Iterator[int]) -> Iterator[bytes | memoryview]:
    kept: list[memoryview] = []
    for part in _fields(field.content, budget):
        if part.number != VALUES:
            kept.append(part.whole)
        else:
            for _ in _fields(part.content, budget):  # counts them
                pass
    content = b"".join(kept)
    yield bytes([INPUTS << 3 | LENGTH_FIRST]) + _varint(len(content))
    yield content


def _fields(message: memoryview, budget: Iterator[int]) -> Iterator[_Field]:
    """The parts of a message, one after the other.

    Args:
        message: Its bytes.
        budget: Gives a number for each part that there may still be.

    Raises:
        Refused: There are too many, or they make no message.
    """
    at = 0
    while at < len(message):
        if next(budget, None) is None:
            raise Refused(f"bad_request: the message has more than {MAX_PARTS} parts")
        key, begin = _read_varint(message, at)
        end, content = _end(message, begin, key & 7)
        if end > len(message):
            raise _no_message()
        yield _Field(key >> 3, message[at:end], message[content:end])
        at = end


def _end(message: memoryview, begin: int, written: int) -> tuple[int, int]:
    """Where a part ends, and where its content begins."""
    if written == VARINT:
        return _read_varint(message, begin)[1], begin
    if written == LENGTH_FIRST:
        length, content = _read_varint(message, begin)
        return content + length, content
    if written in FIXED_BYTES:
        return begin + FIXED_BYTES[written], begin
    raise _no_message()


def _read_varint(message: memoryview, at: int) -> tuple[int, int]:
    """A number, and where it ends."""
    number = 0
    for shift, byte in enumerate(message[at : at + VARINT_BYTES]):
        number |= (byte & 0x7F) << 7 * shift
        if byte < 0x80:
            return number, at + shift + 1
    raise _no_message()


def _varint(number: int) -> bytes:
    read = bytearray()
    while number > 0x7F:
        read.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*read, number))


def _parse(kind: Any, message: bytes) -> Any:
    try:
        return kind.FromString(message)
    except DecodeError:
        raise _no_message() from None


def _no_message() -> Refused:
    return Refused(NO_MESSAGE)


def _too_much() -> Refused:
    return Refused(f"bad_request: the message has more than {MAX_ASKED_BYTES} bytes beside the tensors")
