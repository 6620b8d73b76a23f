"""What goes over the wire and what it means: no I/O here, every client shell shares this file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from ocr_client.errors import (
    BadImage,
    OcrError,
    ServerFault,
    ServerOverloaded,
    ServerTimeout,
    ServerUnreachable,
)
from ocr_client.options import request_parameters
from ocr_client.results import Line, Page, Quad

MODEL = "ocr_ensemble"
INPUT = "image"
OUTPUTS = ("texts", "text_confidences", "quads", "quad_scores", "image_size")

# Triton says which ensemble passed a step's message on; that is no news to the caller.
_ORIGIN = re.compile(r"^in ensemble '[^']*', ")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens.

    Attributes:
        target: "host:port", followed by the base path where a proxy puts the server below one.
        tls: Whether to speak HTTPS.
    """

    target: str
    tls: bool

    def __str__(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.target}"


def parse_url(url: str) -> Address:
    """Understand "host:port", "http://host:port" or "https://host:port".

    Raises:
        ValueError: It is none of them.

    >>> str(parse_url("localhost:8000"))
    'http://localhost:8000'
    """
    parts = urlsplit(url if "://" in url else f"http://{url}")
    try:
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # the port is no number
        valid = False
    if not valid:
        raise ValueError(f"{url!r} is no server's address: write host:port or http://host:port")
    return Address(parts.netloc + parts.path.rstrip("/"), parts.scheme == "https")


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One page to read.

    Attributes:
        image: (bytes,) uint8, the encoded file.
        parameters: The options that differ from the server's defaults.
    """

    image: NDArray[np.uint8]
    parameters: dict[str, float]


def build_request(content: bytes, options: Mapping[str, object]) -> Request:
    """Make the request for an encoded image.

    Raises:
        BadImage: There is no content.
        TypeError: An option does not exist, or is no number.
        ValueError: An option is out of range.
    """
    if not content:
        raise BadImage("the image is empty (0 bytes): send the whole encoded file")
    return Request(np.frombuffer(content, np.uint8), request_parameters(options))


def parse_page(outputs: Mapping[str, NDArray[Any] | None]) -> Page:
    """Turn the ensemble's outputs into a page.

    Confidences and scores are rounded to 4 decimals, corners to hundredths of a pixel: float32 noise
    ends there.

    Args:
        outputs: `texts` (N,) bytes in UTF-8; `text_confidences` (N,) float32; `quads` (N, 4, 2) float32;
            `quad_scores` (N,) float32; `image_size` (2,) int32 (height, width).

    Raises:
        ServerFault: An output is missing or has another shape, or a text is not UTF-8.
    """
    texts, confidences, quads, scores, size_hw = _checked(outputs)
    try:
        decoded = [text.decode() for text in texts]
    except UnicodeDecodeError as error:
        raise ServerFault(f"the server sent a text that is not UTF-8 ({error}): see its log") from error
    rows = zip(decoded, _rounded(confidences, 4), _rounded(quads, 2), _rounded(scores, 4), strict=True)
    lines = tuple(
        Line(text=text, confidence=confidence, quad=cast("Quad", tuple(map(tuple, quad))), score=score)
        for text, confidence, quad, score in rows
    )
    height, width = size_hw.tolist()
    return Page(width=width, height=height, lines=lines)


def server_error(address: Address, status: str | None, message: str) -> OcrError:
    """The error that an answer other than 200 means.

    Args:
        address: The server's.
        status: The HTTP status, None if the answer made no sense.
        message: What the server says about it.
    """
    message = _ORIGIN.sub("", message)
    if status == "400":
        return BadImage(message)
    if status == "503":
        return ServerOverloaded(f"{address} is busy or still loading ({message}): try again in a moment")
    told = f"HTTP {status}: {message}" if status else message
    return ServerFault(f"{address} cannot run {MODEL} ({told}): see the server's log")


def unreachable(address: Address, reason: Exception) -> ServerUnreachable:
    """The error when there is no connection, or it broke."""
    told = getattr(reason, "strerror", None) or reason
    return ServerUnreachable(
        f"no OCR server at {address} ({told}): start one with `make serve`, or point --url or OCR_URL at a running one"
    )


def timeout(address: Address, timeout_s: float) -> ServerTimeout:
    """The error when the server is silent for too long."""
    return ServerTimeout(
        f"{address} gave no answer within {timeout_s:g} s: wait longer (--timeout) or send a smaller image"
    )


def not_triton(address: Address, reason: Exception) -> ServerFault:
    """The error when an answer makes no sense, as from a port that is not Triton's HTTP endpoint."""
    return ServerFault(
        f"{address} does not answer as Triton's HTTP endpoint does ({reason}): "
        "check host and port (8000 unless configured otherwise)"
    )


def _checked(outputs: Mapping[str, NDArray[Any] | None]) -> list[NDArray[Any]]:
    present = {name: array for name in OUTPUTS if (array := outputs.get(name)) is not None}
    if missing := [name for name in OUTPUTS if name not in present]:
        raise ServerFault(f"the answer lacks {', '.join(missing)}: is {MODEL} of this client's version?")
    count = present["texts"].size
    shapes = ((count,), (count,), (count, 4, 2), (count,), (2,))
    for (name, array), shape in zip(present.items(), shapes, strict=True):
        if array.shape != shape:
            raise ServerFault(
                f"the answer's {name} has shape {array.shape}, expected {shape}: is {MODEL} of this client's version?"
            )
    return list(present.values())


def _rounded(numbers: NDArray[Any], decimals: int) -> list[Any]:
    rounded: list[Any] = numbers.astype(np.float64).round(decimals).tolist()
    return rounded
