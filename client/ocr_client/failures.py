"""Which error a failure is, and what to do about it: no I/O here, every transport shares this file."""

import os
import re
from collections.abc import Mapping, Sequence

from ocr_client.address import Address
from ocr_client.errors import (
    BadImage,
    BadOption,
    BadRequest,
    OcrError,
    ServerFault,
    ServerOverloaded,
    ServerTimeout,
    ServerUnreachable,
)
from ocr_client.protocol import MODEL

# Triton puts the request and the ensemble before a step's message; the caller knows both.
_ORIGIN = re.compile(r"^(\[request id: [^\]]*\] |in ensemble '[^']*', )+")
# The server's steps put a code before their sentence: "bad_image: the image is empty". Newer servers may have more.
_CODED = re.compile(r"(bad_[a-z_]+): (.+)", re.DOTALL)
_REFUSALS = {"bad_image": BadImage, "bad_option": BadOption}
# As the server's steps say that they cannot read the image now, and as Triton's queue says the same.
_OVERLOADED = re.compile(r"overloaded: (.+)|.*(Exceeds maximum queue size)", re.DOTALL)
_TOO_LATE = re.compile(r"deadline_exceeded: (.+)|.*(Request timeout expired)", re.DOTALL)

# What Triton says if the operator has closed an API; over gRPC its status is then UNAVAILABLE.
_RESTRICTED = "is restricted, expecting header"


class UnknownRegion(ServerFault):
    """The server has no such region of shared memory: it has been restarted since the registration."""


def server_error(address: Address, status: int, message: str, *, told: str = "", request_id: str = "") -> OcrError:
    """The error that an answer other than success means.

    Args:
        address: The server's.
        status: The HTTP status, or the one that means the same as a gRPC status.
        message: What the server says about it.
        told: How to name the status in the message; by default "HTTP 500" and the like.
        request_id: The request's, if it has one.
    """
    message = _ORIGIN.sub("", message)
    named = f"{told or f'HTTP {status}'}: {message}"
    match status:
        case 400:
            return _refusal(address, message)
        case 403 if _CODED.fullmatch(message):  # of the gate
            return _refusal(address, message)
        case _ if status in (401, 403) or _RESTRICTED in message:
            return BadRequest(f"{address} refuses access ({named}): check the headers and certificates that you send")
        case 413:
            return BadImage(f"the image is larger than {address} accepts ({named}): send a smaller file")
        case 503 if too_late := _TOO_LATE.fullmatch(message):
            return ServerTimeout(
                f"{address} gave no answer in time ({too_late[1] or 'it waited in the queue'}): "
                "wait longer (--timeout) or send a smaller image"
            )
        case 503 if overloaded := _OVERLOADED.fullmatch(message):
            return ServerOverloaded(
                f"{address} is overloaded ({overloaded[1] or 'its queue is full; try again later'})"
            )
        case 429 | 503:
            return ServerOverloaded(f"{address} is busy, loading or stopping ({message}): try again in a moment")
        # Of a proxy in front: its server died, is being replaced, or was too slow for it. Another one may do it.
        case 502 | 504:
            return ServerOverloaded(
                f"{address} has no answer from the server behind it ({named}): try again in a moment"
            )
        case 404 if message.startswith("Unable to find shared memory region"):
            return UnknownRegion(message)
    entry = f" for request {request_id}" if request_id else ""
    return ServerFault(f"{address} cannot run {MODEL} ({named}): see the server's log{entry}")


def not_loaded(address: Address, model: str, message: str) -> ServerFault:
    """The error when an operator has asked for a model to be loaded, and the server cannot."""
    return ServerFault(f"{address} cannot load {model} ({message.strip()}): see the server's log")


def unreachable(address: Address, reason: object) -> ServerUnreachable:
    """The error when there is no connection, or it broke."""
    # A gRPC client on the HTTP port is told only that a socket was closed.
    port = "'s gRPC port (usually 8001)" if address.is_grpc else ""
    return ServerUnreachable(
        f"no OCR server at {address} ({_told(reason)}): "
        f"start one with `make serve`, or point --url or OCR_URL at a running one{port}"
    )


def silent(address: Address, timeout_s: float) -> ServerTimeout:
    """The error when one of several servers does not even say whether it is ready."""
    return ServerTimeout(
        f"{address} did not say within {timeout_s:.2g} s whether it is ready: check host and port, and whether it runs"
    )


def not_ready(address: Address) -> ServerOverloaded:
    """The error when one of several servers says that it is not ready."""
    return ServerOverloaded(f"{address} is loading or stopping (it says that {MODEL} is not ready): see its log")


def nowhere(addresses: Sequence[Address], errors: Mapping[Address, OcrError]) -> OcrError:
    """The error when none of several servers is to be had: what one of them has said, and which others there are.

    One that is there counts more than one that is not: it makes a retry worth while.

    Args:
        addresses: Of all servers.
        errors: What some of them have said: ServerOverloaded, ServerTimeout, ServerUnreachable.
    """
    kinds = (ServerOverloaded, ServerTimeout, ServerUnreachable)
    address, error = min(errors.items(), key=lambda told: kinds.index(type(told[1])))
    others = ", ".join(str(other) for other in addresses if other != address)
    return type(error)(f"{error}; no answer from {others}, either")


def timeout(address: Address, timeout_s: float) -> ServerTimeout:
    """The error when the server is silent for too long."""
    return ServerTimeout(
        f"{address} gave no answer within {timeout_s:g} s: wait longer (--timeout) or send a smaller image"
    )


def not_triton(address: Address, reason: object) -> ServerFault:
    """The error when an answer makes no sense, for example from a port that is not Triton's."""
    protocol, port = ("gRPC", 8001) if address.is_grpc else ("HTTP", 8000)
    return ServerFault(
        f"{address} does not answer as Triton's {protocol} endpoint does ({reason}): "
        f"check host and port ({port} unless configured otherwise)"
    )


def not_shared(address: Address, reason: object) -> ServerFault:
    """The error when the server cannot open this machine's shared memory."""
    return ServerFault(
        f"{address} cannot open this machine's shared memory ({reason}): it must run here, in a container with "
        "--ipc=host, and as the same user; or leave shared_memory out"
    )


def _told(reason: object) -> object:
    if isinstance(reason, ConnectionError) and reason.errno:
        return os.strerror(reason.errno)  # asyncio has words of its own for it
    return getattr(reason, "strerror", None) or reason


def _refusal(address: Address, message: str) -> BadRequest:
    if coded := _CODED.fullmatch(message):
        code, sentence = coded.groups()
        return _REFUSALS.get(code, BadRequest)(sentence)
    # From Triton itself, or from steps that are older than the codes.
    return BadRequest(f"{address} refuses the request: {message}; is its {MODEL} as new as this client?")
