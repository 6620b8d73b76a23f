"""What a request may ask for.

Triton 2.51 dies of some requests: of JSON that is nested deep enough, of shapes beyond all memory, and of
`classification` of an output that holds text.
"""

import json
import math
import re
import zlib
from collections.abc import Collection, Container, Sequence
from typing import Any
from urllib.parse import unquote

# As many bytes as NVIDIA's image takes, sent or unpacked.
MAX_BODY_BYTES = 64 * 2**20
# A body must have come within so many seconds: 64 MB at 5 Mbit a second.
BODY_S = 120.0
# Of all bodies together that come, or wait for their answers.
MAX_HELD_BYTES = 512 * 2**20
# Arrays and objects of one request; so it cannot be nested deeper, either. One input has two.
MAX_BRACKETS = 10_000
INFERENCE = re.compile(r"/v2/models/([^/]+)(?:/versions/[0-9]+)?/(?:infer|generate|generate_stream)")
SHARED_MEMORY = re.compile(r"/v2/systemsharedmemory/region/[^/]+/register")
# Numbers one after the other, which need not be read to know what is asked for, and what is read in their place.
NUMBERS, CUT = re.compile(rb"[-+.eE\d,\s]{1000,}"), b"-1"
NO_BRACKETS = bytes(set(range(256)) - set(b"[{"))
# zlib's own number, and its way to say that gzip's header comes first.
WINDOW_BITS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}

# What callers are told of the server behind the gate.
STARTING = "unavailable: the server is being started; try again later"
ENDED = "the server ended while it worked on this request"
# What the server says, over HTTP with 503, where there is no place for a page.
NO_PLACE = re.compile("overloaded: |Exceeds maximum queue size")

Bytes = bytes | bytearray


class Refused(Exception):
    """The request goes no further; the message is for the caller.

    Attributes:
        status: Of HTTP.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def is_inference(path: str, models: Collection[str]) -> bool:
    """Whether a path asks a model for something.

    Args:
        path: Of the URL, without its query.
        models: Those that may be asked.

    Raises:
        Refused: It asks another model.

    >>> is_inference("/v2/models/ocr_ensemble/infer", {"ocr_ensemble"}), is_inference("/v2", {"ocr_ensemble"})
    (True, False)
    """
    if not (asked := INFERENCE.fullmatch(unquote(path))):
        return False
    check_model(asked[1], models)
    return True


def check_model(name: str, models: Collection[str]) -> None:
    """Check which model is asked.

    Raises:
        Refused: It is none of those that may be.
    """
    if name not in models:
        raise Refused(f"bad_request: this server answers for {' and '.join(models)}, not for {name[:80]}", 403)


def unpack(body: Bytes, encoding: str) -> Bytes:
    """A body without its Content-Encoding.

    Args:
        body: As it was sent.
        encoding: The header's value; empty if there is none.

    Raises:
        Refused: The encoding is unknown, the body is damaged, or it is too large unpacked.
    """
    if encoding.lower() in ("", "identity"):
        return body
    if encoding.lower() not in WINDOW_BITS:
        raise Refused(f"bad_request: Content-Encoding must be gzip or deflate, not {encoding[:40]!r}", 415)
    unpacker = zlib.decompressobj(WINDOW_BITS[encoding.lower()])
    try:
        unpacked = unpacker.decompress(body, MAX_BODY_BYTES + 1)
    except zlib.error:
        raise Refused(f"bad_request: the body is not {encoding}, as its Content-Encoding says") from None
    check_size(len(unpacked))
    if not unpacker.eof:
        raise Refused(f"bad_request: the body ends in the middle of its {encoding}")
    return unpacked


def check_size(count: int) -> None:
    """Check the number of a body's bytes, unpacked or not.

    Raises:
        Refused: It is too large.
    """
    if count > MAX_BODY_BYTES:
        raise Refused(f"bad_request: the body has more than {MAX_BODY_BYTES // 2**20} MB", 413)


def check_held(count: int) -> None:
    """Check the number of bytes of all bodies together.

    Raises:
        Refused: It is too large.
    """
    if count > MAX_HELD_BYTES:
        raise no_room()


def no_room() -> Refused:
    """Why a request cannot be held."""
    return Refused("overloaded: this server holds as many large requests as it takes; try again later", 503)


def too_slow() -> Refused:
    """Why a request is not waited for."""
    return Refused(f"bad_request: the body did not come within {BODY_S:.0f} s", 408)


def is_no_place(told: str) -> bool:
    """Whether the server says that there is no place for a page."""
    return NO_PLACE.search(told) is not None


def no_place() -> Refused:
    """What a request is told that has waited in line, and was not even asked for."""
    return Refused("overloaded: this server reads as many pages as it can, and others wait; try again later", 503)


def timeout_s(request: Any) -> float:
    """For how long the caller waits, as its parameter `timeout` says; without end if it says nothing.

    Args:
        request: The JSON, an object.
    """
    parameters = request.get("parameters")
    timeout_us = parameters.get("timeout") if isinstance(parameters, dict) else None
    return timeout_us / 1e6 if isinstance(timeout_us, int) and timeout_us > 0 else math.inf


def json_part(body: Bytes, lengths: Collection[str]) -> Bytes:
    """The JSON at the beginning of a body.

    Args:
        body: Unpacked.
        lengths: The values of the header Inference-Header-Content-Length; without one, all of the body is JSON.

    Raises:
        Refused: It is no number, or beyond the body.

    >>> json_part(b"{}abcd", ["2"])
    b'{}'
    """
    if not lengths:
        return body
    (length, *more) = lengths
    if more or not re.fullmatch("[0-9]{1,9}", length) or int(length) > len(body):
        raise Refused(
            f"bad_request: Inference-Header-Content-Length is {', '.join(lengths)[:40]!r}; it must be the number of "
            f"bytes before the tensors, 0 … {len(body)}"
        )
    return body[: int(length)]


def read_json(text: Bytes) -> Any:
    """What a request's JSON says, with long rows of numbers cut short.

    Raises:
        Refused: It is no JSON, or too much is nested in it.
    """
    if (brackets := len(text.translate(None, NO_BRACKETS))) > MAX_BRACKETS:
        raise Refused(f"bad_request: the JSON has {brackets} arrays and objects; at most {MAX_BRACKETS} are read")
    try:
        return _loads(NUMBERS.sub(CUT, text))
    except (ValueError, RecursionError):
        return _read_whole(text)


def check_inference(request: Any) -> None:
    """Check what a request's JSON asks for; what is merely wrong in it is left to Triton.

    Raises:
        Refused: Triton would not survive it, or it is no object.
    """
    if not isinstance(request, dict):
        raise Refused("bad_request: the JSON must be an object with the inputs")
    for tensor in _objects(request.get("inputs")):
        shape = tensor.get("shape")
        check_shape([side for side in shape if isinstance(side, int)] if isinstance(shape, list) else [])
    for output in _objects(request.get("outputs")):
        for parameters in _objects([output.get("parameters")]):
            check_output(parameters)


def check_shape(sides: Sequence[int]) -> None:
    """Check the shape of an input.

    Raises:
        Refused: It is below 0, or beyond all memory.
    """
    if any(side < 0 for side in sides) or math.prod(sides) > MAX_BODY_BYTES:
        raise Refused(f"bad_request: the shape {str(sides)[:80]} is not one of at most {MAX_BODY_BYTES} values")


def check_output(parameters: Container[str]) -> None:
    """Check how an output is asked for.

    Args:
        parameters: Their names.

    Raises:
        Refused: As classes.
    """
    if "classification" in parameters:
        raise Refused("bad_request: no output is a classification; ask for it without that parameter")


def check_region(request: Any, own: Collection[str]) -> None:
    """Check what shared memory a client wants to register.

    Args:
        request: The JSON.
        own: How the names of regions begin that are the server's own.

    Raises:
        Refused: It is the server's own.
    """
    key = request.get("key") if isinstance(request, dict) else None
    if isinstance(key, str):
        check_key(key, own)


def check_key(key: str, own: Collection[str]) -> None:
    """Check the name of shared memory that a client wants to register.

    Raises:
        Refused: It is the server's own.
    """
    if key.lstrip("/").startswith(tuple(own)):
        raise Refused("bad_request: this shared memory is the server's own; register a region that you have made")


def _read_whole(text: Bytes) -> Any:
    try:
        return _loads(text)
    except RecursionError:
        raise Refused("bad_request: the JSON is nested too deep") from None
    except ValueError:
        raise Refused(
            "bad_request: the body is no JSON, or has a name twice; for the bytes of an image alone, send the header "
            "Inference-Header-Content-Length: 0"
        ) from None


def _loads(text: Bytes) -> Any:
    return json.loads(text, object_pairs_hook=_object)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a name that comes twice, Triton reads the first value and Python the last.

    Raises:
        ValueError: One does.
    """
    if len(read := dict(pairs)) < len(pairs):
        raise ValueError("a name comes twice")
    return read


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
