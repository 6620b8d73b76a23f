"""Which error a failure is. What the server says about images and options is taken from the server's own code."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image

from ocr_client import (
    BadImage,
    BadOption,
    BadRequest,
    OcrError,
    ServerFault,
    ServerOverloaded,
)
from ocr_client.address import parse_url
from ocr_client.failures import UnknownRegion, not_shared, not_triton, server_error, timeout, unreachable
from ocr_client.options import RANGES
from ocr_core import image
from ocr_core.errors import BadRequest as ServersBadRequest
from ocr_core.options import Options
from tests.unit.asking import DB

SERVER = parse_url("box:8000")


@pytest.mark.parametrize(
    ("status", "message", "kind", "told"),
    [
        (400, "the image is truncated", BadImage, "the image is truncated"),
        (400, "min_confidence is 2; it must be …", BadOption, "min_confidence is 2; it must be …"),
        (
            400,
            "it is so",
            BadRequest,
            "http://box:8000 refuses the request (it is so): is its ocr_ensemble of this client's version?",
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
            429,
            "it is so",
            ServerOverloaded,
            "http://box:8000 is busy, loading or stopping (it is so): try again in a moment",
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


def damaged_images() -> Iterator[bytes]:
    yield b""
    yield b"Dear server, this is a letter."
    for kind, size in [("PNG", (64, 64)), ("JPEG", (64, 64)), ("PNG", (70_000, 1)), ("PNG", (2000, 2000))]:
        buffer = BytesIO()
        Image.new("L", size).save(buffer, kind)
        yield buffer.getvalue()[: len(buffer.getvalue()) // 2]


@pytest.mark.parametrize("encoded", list(damaged_images()), ids=lambda encoded: f"{len(encoded)} bytes")
def test_what_the_server_says_about_an_image_is_a_bad_image(encoded: bytes) -> None:
    with pytest.raises(ServersBadRequest) as refusal:
        image.decode(encoded, 2, DB)
    assert type(server_error(SERVER, 400, str(refusal.value))) is BadImage


@pytest.mark.parametrize(
    "parameters", [*({name: value} for name in RANGES for value in (-1, 99, "much")), {"map_treshold": 1}], ids=str
)
def test_what_the_server_says_about_an_option_is_a_bad_option(parameters: dict[str, object]) -> None:
    with pytest.raises(ServersBadRequest) as refusal:
        Options.from_parameters(parameters)
    assert type(server_error(SERVER, 400, str(refusal.value))) is BadOption


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
