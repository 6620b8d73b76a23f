"""What both clients make of a server that refuses, fails, breaks off or is silent."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from ocr_client import BadRequest, OcrError, ServerFault, ServerOverloaded, ServerTimeout, ServerUnreachable
from tests.blocking import Client

if TYPE_CHECKING:
    from tests.unit.client.conftest import FakeTriton


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, BadRequest), (404, ServerFault), (500, ServerFault), (501, ServerFault), (503, ServerOverloaded)],
)
def test_a_refusal_is_an_error_with_the_servers_words(
    triton: "FakeTriton", client: Client, status: int, error: type[OcrError]
) -> None:
    triton.answer_error(status, "in ensemble 'ocr_ensemble', it is so")
    with pytest.raises(error, match="it is so") as caught:
        client.read(b"image")
    assert "in ensemble" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"outputs": []}'])
@pytest.mark.parametrize("status", [200, 501])
def test_an_answer_that_is_not_tritons_is_a_server_fault(
    triton: "FakeTriton", client: Client, status: int, body: bytes
) -> None:
    triton.status, triton.body = status, body
    with pytest.raises(ServerFault):
        client.read(b"image")


@pytest.mark.parametrize("status", [502, 504])
def test_a_proxy_that_reaches_no_server_is_told_in_its_words(
    triton: "FakeTriton", kind: type[Client], status: int
) -> None:
    triton.status, triton.body = status, b"<html>\r\n<h1>No\r\nserver</h1></html>"
    with kind(triton.url, timeout_s=0.3) as client, pytest.raises(ServerOverloaded) as caught:
        client.read(b"image")
    assert str(caught.value) == (
        f"http://{triton.url} has no answer from the server behind it (HTTP {status}: No server): try again in a moment"
    )


def test_a_connection_that_breaks_makes_the_server_unreachable(triton: "FakeTriton", client: Client) -> None:
    triton.status = None
    with pytest.raises(ServerUnreachable, match=triton.url):
        client.read(b"image")


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """The address of someone who answers the first connection with these bytes and closes it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            asked = b""
            connection, _ = listening.accept()
            with connection:
                while not asked.endswith(b"image"):
                    asked += connection.recv(65536)
                connection.sendall(answer)

        thread = Thread(target=run)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize(
    ("answer", "error", "told"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", ServerUnreachable, r"\(the answer broke off\): start"),
        (b"\0\0\x18\4\0\0\0\0\0", ServerFault, r"as Triton's HTTP endpoint does \(its answer is no HTTP\): check"),
    ],
    ids=["half an answer", "gRPC's port"],
)
def test_what_is_no_whole_answer_is_told_the_same_by_both(
    kind: type[Client], answer: bytes, error: type[OcrError], told: str
) -> None:
    with answering(answer) as url, kind(url, retries=0) as client, pytest.raises(error, match=told):
        client.read(b"image")


def test_a_client_works_again_after_a_failure(triton: "FakeTriton", client: Client) -> None:
    for status in (None, 400, 500):
        triton.status = status
        with pytest.raises(OcrError):
            client.read(b"image")
    triton.answer_page(["a"])
    assert client.read(b"image").text == "a"


@pytest.mark.parametrize("scheme", ["", "http://", "https://"])
def test_no_server_is_told_with_what_to_do(kind: type[Client], nobody: str, scheme: str) -> None:
    address = f"{scheme or 'http://'}{nobody}"
    with kind(scheme + nobody) as client, pytest.raises(ServerUnreachable) as caught:
        client.read(b"image")
    assert f"no OCR server at {address} (Connection refused): start one with" in str(caught.value)


def test_silence_is_a_timeout(kind: type[Client]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"127.0.0.1:{silent.getsockname()[1]}"
        with (
            kind(url, timeout_s=0.05) as client,
            pytest.raises(ServerTimeout, match=r"no answer within 0.05 s: wait longer"),
        ):
            client.read(b"image")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_an_overloaded_server_is_asked_again(triton: "FakeTriton", kind: type[Client], status: int) -> None:
    triton.answer_page(["a"])
    triton.failures = [status, status]
    with kind(triton.url, retries=2) as client:
        assert client.read(b"image").text == "a"
    assert len(triton.asked) == 3
    assert len({asked["id"] for asked, _ in triton.asked}) == 1


def test_a_broken_connection_is_tried_again(triton: "FakeTriton", kind: type[Client]) -> None:
    triton.status = None
    with kind(triton.url, retries=2) as client, pytest.raises(ServerUnreachable):
        client.read(b"image")
    assert len(triton.asked) == 3


@pytest.mark.parametrize("status", [400, 404, 500])
def test_no_other_failure_is_tried_again(triton: "FakeTriton", kind: type[Client], status: int) -> None:
    triton.answer_error(status, "it is so")
    with kind(triton.url, retries=2) as client, pytest.raises(OcrError):
        client.read(b"image")
    assert len(triton.asked) == 1


def test_a_timeout_is_not_tried_again(triton: "FakeTriton", kind: type[Client]) -> None:
    triton.echoing = True
    with kind(triton.url, retries=2, timeout_s=0.05) as client, pytest.raises(ServerTimeout):
        client.read(b"slow one")
    assert len(triton.asked) == 1
