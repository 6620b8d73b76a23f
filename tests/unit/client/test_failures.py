"""Which error a failure is, from its status and the code before the server's sentence."""

import pytest

from ocr_client import (
    BadImage,
    BadOption,
    BadRequest,
    OcrError,
    ServerFault,
    ServerOverloaded,
    ServerTimeout,
)
from ocr_client.address import parse_url
from ocr_client.failures import UnknownRegion, not_shared, not_triton, server_error, timeout, unreachable

SERVER = parse_url("box:8000")


@pytest.mark.parametrize(
    ("status", "message", "kind", "told"),
    [
        (400, "bad_image: the image is truncated", BadImage, "the image is truncated"),
        (400, "bad_option: unknown option 'a: b'", BadOption, "unknown option 'a: b'"),
        (400, "bad_request: two images: send\none", BadRequest, "two images: send\none"),
        # A newer server.
        (400, "bad_colour_profile: it is so", BadRequest, "it is so"),
        # An older server, and Triton itself.
        (
            400,
            "the image is truncated",
            BadRequest,
            "http://box:8000 refuses the request: the image is truncated; is its ocr_ensemble as new as this client?",
        ),
        (
            400,
            "unexpected input: bad_image: it is so",
            BadRequest,
            (
                "http://box:8000 refuses the request: unexpected input: bad_image: it is so; "
                "is its ocr_ensemble as new as this client?"
            ),
        ),
        # Only a refusal has a code.
        (
            500,
            "bad_image: it is so",
            ServerFault,
            "http://box:8000 cannot run ocr_ensemble (HTTP 500: bad_image: it is so): see the server's log",
        ),
        (
            401,
            "it is so",
            BadRequest,
            "http://box:8000 refuses access (HTTP 401: it is so): check the headers and certificates that you send",
        ),
        (
            503,
            "This protocol is restricted, expecting header 'key'",
            BadRequest,
            (
                "http://box:8000 refuses access (HTTP 503: This protocol is restricted, expecting header 'key'): "
                "check the headers and certificates that you send"
            ),
        ),
        (
            413,
            "it is so",
            BadImage,
            "the image is larger than http://box:8000 accepts (HTTP 413: it is so): send a smaller file",
        ),
        (
            503,
            "it is so",
            ServerOverloaded,
            "http://box:8000 is busy, loading or stopping (it is so): try again in a moment",
        ),
        (
            503,
            "overloaded: it is so; try again later",
            ServerOverloaded,
            "http://box:8000 is overloaded (it is so; try again later)",
        ),
        (
            503,
            "Exceeds maximum queue size",
            ServerOverloaded,
            "http://box:8000 is overloaded (its queue is full; try again later)",
        ),
        (
            503,
            "deadline_exceeded: it is so",
            ServerTimeout,
            "http://box:8000 gave no answer in time (it is so): wait longer (--timeout) or send a smaller image",
        ),
        (
            503,
            "Request timeout expired",
            ServerTimeout,
            (
                "http://box:8000 gave no answer in time (it waited in the queue): "
                "wait longer (--timeout) or send a smaller image"
            ),
        ),
        (
            429,
            "it is so",
            ServerOverloaded,
            "http://box:8000 is busy, loading or stopping (it is so): try again in a moment",
        ),
        (
            502,
            "it is so",
            ServerOverloaded,
            "http://box:8000 has no answer from the server behind it (HTTP 502: it is so): try again in a moment",
        ),
        (
            504,
            "it is so",
            ServerOverloaded,
            "http://box:8000 has no answer from the server behind it (HTTP 504: it is so): try again in a moment",
        ),
        (
            404,
            "it is so",
            ServerFault,
            "http://box:8000 cannot run ocr_ensemble (HTTP 404: it is so): see the server's log",
        ),
        (404, "Unable to find shared memory region: 'a'", UnknownRegion, "Unable to find shared memory region: 'a'"),
        (
            500,
            "it is so",
            ServerFault,
            "http://box:8000 cannot run ocr_ensemble (HTTP 500: it is so): see the server's log",
        ),
    ],
)
@pytest.mark.parametrize(
    "origin",
    [
        "",
        "in ensemble 'ocr_ensemble', ",
        "[request id: 7] ",
        "[request id: <id_unknown>] in ensemble 'a', ",
        "in ensemble 'a', [request id: 7] ",
    ],
)
def test_a_status_says_whose_fault_it_is(
    origin: str, status: int, message: str, kind: type[OcrError], told: str
) -> None:
    error = server_error(SERVER, status, f"{origin}{message}")
    assert type(error) is kind
    assert str(error) == told


def test_a_fault_names_the_request_to_look_for() -> None:
    error = server_error(SERVER, 500, "it is so", told="gRPC INTERNAL", request_id="7f")
    assert str(error).endswith("(gRPC INTERNAL: it is so): see the server's log for request 7f")


def test_every_other_failure_says_what_to_do() -> None:
    assert str(unreachable(SERVER, ConnectionRefusedError(111, "Connection refused"))) == (
        "no OCR server at http://box:8000 (Connection refused): "
        "start one with `make serve`, or point --url or OCR_URL at a running one"
    )
    assert str(unreachable(parse_url("grpc://box:8000"), "Socket closed")) == (
        "no OCR server at grpc://box:8000 (Socket closed): "
        "start one with `make serve`, or point --url or OCR_URL at a running one's gRPC port (usually 8001)"
    )
    assert str(timeout(SERVER, 2.5)) == (
        "http://box:8000 gave no answer within 2.5 s: wait longer (--timeout) or send a smaller image"
    )
    assert str(not_triton(parse_url("grpc://box:80"), "it is so")) == (
        "grpc://box:80 does not answer as Triton's gRPC endpoint does (it is so): "
        "check host and port (8001 unless configured otherwise)"
    )
    assert "leave shared_memory out" in str(not_shared(SERVER, "it is so"))
