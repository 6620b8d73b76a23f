"""What both clients send to a server and give back."""

import math
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ocr_client import ServerFault, Tls
from tests.blocking import Client

if TYPE_CHECKING:
    from tests.unit.client.conftest import FakeTriton


def test_bytes_go_out_and_a_page_comes_back(triton: "FakeTriton", client: Client) -> None:
    triton.answer_page(["Größe 字", "12.50"], size_hw=(30, 40))
    page = client.read(b"\x89PNG")
    assert page.text == "Größe 字\n12.50"
    assert (page.width, page.height) == (40, 30)
    assert page.lines[1].quad == ((1, 0), (2, 0), (2, 1), (1, 1))
    assert (page.lines[1].confidence, page.lines[1].score) == (0.98, 0.75)
    [(request, content)] = triton.asked
    assert content == b"\x89PNG"
    assert [(i["name"], i["datatype"], i["shape"]) for i in request["inputs"]] == [("image", "UINT8", [4])]


def test_only_the_options_given_become_parameters(triton: "FakeTriton", client: Client) -> None:
    triton.answer_page([])
    client.read(b"image", quad_threshold=0.5, unclip_ratio=None)
    client.read(b"image")
    first, second = ({**asked["parameters"]} for asked, _ in triton.asked)
    assert first.pop("timeout")
    assert first == {"quad_threshold": 0.5}
    assert second.keys() == {"timeout"}


def test_a_page_without_text_has_no_lines(triton: "FakeTriton", client: Client) -> None:
    triton.answer_page([])
    assert client.read(b"image").lines == ()


@pytest.mark.parametrize("path", [str, Path])
def test_an_image_may_be_a_path(triton: "FakeTriton", client: Client, tmp_path: Path, path: type[str | Path]) -> None:
    triton.answer_page(["a"])
    (tmp_path / "a.png").write_bytes(b"content")
    client.read(path(tmp_path / "a.png"))
    assert triton.asked[0][1] == b"content"


def test_a_missing_file_is_pythons_own_error(client: Client, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        client.read(tmp_path / "none.png")


def test_an_unknown_option_is_an_error(client: Client) -> None:
    with pytest.raises(TypeError, match="unknown option threshold"):
        client.read(b"image", threshold=1)  # type: ignore[call-arg]


@pytest.mark.parametrize(("status", "ready"), [(200, True), (400, False), (503, False), (None, False)])
def test_a_server_is_ready_when_it_says_so(
    triton: "FakeTriton", client: Client, status: int | None, ready: bool
) -> None:
    triton.status = status
    assert client.ready() is ready


def test_no_server_is_not_ready(kind: type[Client], nobody: str) -> None:
    with kind(nobody) as client:
        assert not client.ready()


def test_a_request_has_an_id_that_a_failure_names(triton: "FakeTriton", client: Client) -> None:
    triton.answer_error(500, "internal error")
    with pytest.raises(ServerFault, match="see the server's log for request page-7"):
        client.read(b"image", request_id="page-7")
    with pytest.raises(ServerFault):
        client.read(b"image")
    first, second = (asked["id"] for asked, _ in triton.asked)
    assert first == "page-7"
    assert len(second) == 32


def test_headers_go_with_every_request(triton: "FakeTriton", kind: type[Client]) -> None:
    with kind(triton.url, headers={"Authorization": "Bearer 7"}) as client:
        client.ready()
        triton.answer_page([])
        client.read(b"image")
    assert [headers["authorization"] for headers in triton.headers] == ["Bearer 7"] * 2


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"timeout_s": 0}, ValueError, "timeout_s is more than 0"),
        ({"timeout_s": math.inf}, ValueError, "timeout_s is more than 0"),
        ({"retries": -1}, ValueError, "retries is 0 or more, got -1"),
        ({"service": "words/infer"}, ValueError, "service is a name of small letters and digits, got 'words/infer'"),
        ({"colour": 1}, TypeError, "colour"),
    ],
)
def test_a_client_refuses_options_that_make_no_sense(
    kind: type[Client], options: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        kind("localhost:8000", **options)


def test_a_file_that_is_no_certificate_is_reported_at_once(kind: type[Client]) -> None:
    with pytest.raises(ssl.SSLError):
        kind("https://localhost:8000", tls=Tls(ca_file=__file__))


def test_a_base_path_comes_before_tritons(triton: "FakeTriton", kind: type[Client]) -> None:
    triton.routes = {"/ocr/v2": {"name": "behind a proxy", "version": "1"}}
    with kind(f"{triton.url}/ocr/") as client:
        assert client.server_info().name == "behind a proxy"
