"""The client against a real HTTP server that answers as Triton does."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ocr_client import (
    BadImage,
    OcrClient,
    OcrError,
    ServerFault,
    ServerOverloaded,
    ServerTimeout,
    ServerUnreachable,
)

if TYPE_CHECKING:
    from tests.unit.client.conftest import FakeTriton


@pytest.fixture
def client(triton: "FakeTriton") -> Iterator[OcrClient]:
    with OcrClient(triton.url) as client:
        yield client


def test_bytes_go_out_and_a_page_comes_back(triton: "FakeTriton", client: OcrClient) -> None:
    triton.answer_page(["Größe 字", "12.50"], size_hw=(30, 40))
    page = client.read(b"\x89PNG")
    assert page.text == "Größe 字\n12.50"
    assert (page.width, page.height) == (40, 30)
    assert page.lines[1].quad == ((1, 0), (2, 0), (2, 1), (1, 1))
    assert (page.lines[1].confidence, page.lines[1].score) == (0.98, 0.75)
    [(request, content)] = triton.asked
    assert content == b"\x89PNG"
    assert [(i["name"], i["datatype"], i["shape"]) for i in request["inputs"]] == [("image", "UINT8", [4])]


def test_only_the_options_given_become_parameters(triton: "FakeTriton", client: OcrClient) -> None:
    triton.answer_page([])
    client.read(b"image", quad_threshold=0.5, unclip_ratio=None)
    client.read(b"image")
    assert triton.asked[0][0]["parameters"] == {"quad_threshold": 0.5}
    assert "parameters" not in triton.asked[1][0]


def test_a_page_without_text_has_no_lines(triton: "FakeTriton", client: OcrClient) -> None:
    triton.answer_page([])
    assert client.read(b"image").lines == ()


@pytest.mark.parametrize("kind", [str, Path])
def test_an_image_may_be_a_path(
    triton: "FakeTriton", client: OcrClient, tmp_path: Path, kind: type[str | Path]
) -> None:
    triton.answer_page(["a"])
    (tmp_path / "a.png").write_bytes(b"content")
    client.read(kind(tmp_path / "a.png"))
    assert triton.asked[0][1] == b"content"


def test_a_missing_file_is_pythons_own_error(client: OcrClient, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        client.read(tmp_path / "none.png")


def test_an_unknown_option_is_an_error(client: OcrClient) -> None:
    with pytest.raises(TypeError, match="unknown option threshold"):
        client.read(b"image", threshold=1)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, BadImage), (404, ServerFault), (500, ServerFault), (501, ServerFault), (503, ServerOverloaded)],
)
def test_a_refusal_is_an_error_with_the_servers_words(
    triton: "FakeTriton", client: OcrClient, status: int, kind: type[OcrError]
) -> None:
    triton.answer_error(status, "in ensemble 'ocr_ensemble', it is so")
    with pytest.raises(kind, match="it is so") as caught:
        client.read(b"image")
    assert "in ensemble" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"outputs": []}'])
@pytest.mark.parametrize("status", [200, 502])
def test_an_answer_that_is_not_tritons_is_a_server_fault(
    triton: "FakeTriton", client: OcrClient, status: int, body: bytes
) -> None:
    triton.status, triton.body = status, body
    with pytest.raises(ServerFault):
        client.read(b"image")


def test_a_connection_that_breaks_makes_the_server_unreachable(triton: "FakeTriton", client: OcrClient) -> None:
    triton.status = None
    with pytest.raises(ServerUnreachable, match=triton.url):
        client.read(b"image")


def test_a_client_works_again_after_a_failure(triton: "FakeTriton", client: OcrClient) -> None:
    for status in (None, 400, 500):
        triton.status = status
        with pytest.raises(OcrError):
            client.read(b"image")
    triton.answer_page(["a"])
    assert client.read(b"image").text == "a"


@pytest.mark.parametrize("scheme", ["", "http://", "https://"])
def test_no_server_is_told_with_what_to_do(nobody: str, scheme: str) -> None:
    address = f"{scheme or 'http://'}{nobody}"
    with OcrClient(scheme + nobody) as client, pytest.raises(ServerUnreachable) as caught:
        client.read(b"image")
    assert f"no OCR server at {address} (Connection refused): start one with" in str(caught.value)


def test_silence_is_a_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"127.0.0.1:{silent.getsockname()[1]}"
        with (
            OcrClient(url, timeout_s=0.05) as client,
            pytest.raises(ServerTimeout, match=r"no answer within 0.05 s: wait longer"),
        ):
            client.read(b"image")


@pytest.mark.parametrize(("status", "ready"), [(200, True), (400, False), (503, False), (None, False)])
def test_a_server_is_ready_when_it_says_so(
    triton: "FakeTriton", client: OcrClient, status: int | None, ready: bool
) -> None:
    triton.status = status
    assert client.ready() is ready


def test_no_server_is_not_ready(nobody: str) -> None:
    with OcrClient(nobody) as client:
        assert not client.ready()
