"""The demo's server, with a reader that needs no Triton."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from importlib.resources import files
from typing import Any

import pytest

from ocr_client import BadImage, Line, OcrClient, Page, ServerUnreachable
from ocr_client.demo import DemoServer, serve
from ocr_client.demo import server as demo_server

SQUARE = ((1.5, 2.0), (3.0, 2.0), (3.0, 4.0), (1.5, 4.0))
PAGE = Page(width=8, height=6, lines=(Line(text="Größe 中", confidence=0.9, quad=SQUARE, score=0.8),))


@dataclass
class FakeReader:
    """Reads every image as a test tells it to."""

    failure: Exception | None = None
    images: list[bytes] = field(default_factory=list)

    def __call__(self, image: bytes) -> Page:
        """Read one."""
        self.images.append(image)
        if self.failure:
            raise self.failure
        return PAGE


@dataclass(frozen=True)
class Demo:
    """A running demo."""

    server: DemoServer
    reader: FakeReader

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[HTTPResponse, bytes]:
        """What a request is answered with."""
        with closing(HTTPConnection("127.0.0.1", self.server.server_port, timeout=10)) as connection:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response, response.read()

    def read(self, image: bytes, **headers: str) -> tuple[int, Any]:
        """The status and the JSON with which an image is answered."""
        response, content = self.request("POST", "/read", image, **headers)
        return response.status, json.loads(content)


@pytest.fixture
def demo() -> Iterator[Demo]:
    reader = FakeReader()
    with DemoServer(reader) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Demo(server, reader)
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("path", "kind"), [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")]
)
def test_the_page_is_served_and_may_load_nothing_from_elsewhere(demo: Demo, path: str, kind: str) -> None:
    response, content = demo.request("GET", path)
    assert response.status == 200
    assert response.headers["Content-Type"] == f"{kind}; charset=utf-8"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert set(re.findall(rb"https?://[^'\" )]+", content)) <= {b"http://www.w3.org/2000/svg"}


def test_the_page_refers_only_to_files_that_exist() -> None:
    page = (files("ocr_client.demo") / "page.html").read_text(encoding="utf-8")
    script = (files("ocr_client.demo") / "page.js").read_text(encoding="utf-8")
    assert set(re.findall(r'(?:href|src)="(?!data:)([^"]+)"', page)) == {"page.css", "page.js"}
    assert set(re.findall(r'\$\("([\w-]+)"\)', script)) <= set(re.findall(r'id="([\w-]+)"', page))


def test_an_image_is_answered_with_its_page(demo: Demo) -> None:
    status, answer = demo.read(b"\x89PNG\r\n\x1a\n\x00\xff")
    assert demo.reader.images == [b"\x89PNG\r\n\x1a\n\x00\xff"]
    assert status == 200
    assert Page.from_dict(answer) == PAGE


@pytest.mark.parametrize(
    ("failure", "status"), [(BadImage("these 3 bytes are no image"), 400), (ServerUnreachable("no OCR server"), 502)]
)
def test_a_failure_is_answered_with_its_sentence(demo: Demo, failure: Exception, status: int) -> None:
    demo.reader.failure = failure
    assert demo.read(b"abc") == (status, {"error": str(failure)})


def test_a_defect_shows_nothing_to_the_browser_and_all_in_the_terminal(
    demo: Demo, capsys: pytest.CaptureFixture[str]
) -> None:
    demo.reader.failure = LookupError("a secret")
    with pytest.raises(ConnectionError):
        demo.read(b"abc")
    assert "a secret" in capsys.readouterr().err
    demo.reader.failure = None
    assert demo.read(b"abc")[0] == 200


def test_a_large_file_is_refused_before_it_is_sent(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_server, "MAX_UPLOAD_BYTES", 2 * 2**20)
    with closing(socket.create_connection(("127.0.0.1", demo.server.server_port), timeout=10)) as connection:
        host = f"127.0.0.1:{demo.server.server_port}"
        connection.sendall(f"POST /read HTTP/1.0\r\nHost: {host}\r\nContent-Length: 3145728\r\n\r\n".encode())
        answer = connection.makefile("rb").read()
    assert b" 413 " in answer.splitlines()[0]
    assert b"the file has 3 MB; this page takes at most 2 MB" in answer
    assert demo.reader.images == []


def test_a_body_without_length_is_refused(demo: Demo) -> None:
    response, content = demo.request("POST", "/read", None, **{"Content-Length": "many"})
    assert (response.status, "send a Content-Length" in json.loads(content)["error"]) == (411, True)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/read"), ("GET", "/../server.py"), ("POST", "/"), ("POST", "/x")]
)
def test_any_other_path_is_not_found(demo: Demo, method: str, path: str) -> None:
    response, content = demo.request(method, path, b"" if method == "POST" else None)
    assert (response.status, f"there is no {path} here" in json.loads(content)["error"]) == (404, True)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_host_name_that_resolves_here_is_refused(demo: Demo, method: str) -> None:
    response, _ = demo.request(method, "/read", b"abc", Host=f"evil.example:{demo.server.server_port}")
    assert response.status == 403
    assert demo.reader.images == []


def test_another_sites_page_may_send_nothing(demo: Demo) -> None:
    assert demo.read(b"abc", Origin="https://evil.example")[0] == 403
    assert demo.read(b"abc", Origin=demo.server.url.rstrip("/"))[0] == 200


def test_localhost_is_this_machine_too(demo: Demo) -> None:
    host = f"localhost:{demo.server.server_port}"
    assert demo.read(b"abc", Host=host, Origin=f"http://{host}")[0] == 200


def test_whoever_listens_on_every_address_is_known_by_every_name() -> None:
    with DemoServer(FakeReader(), "0.0.0.0") as server:  # noqa: S104  this is the case
        assert server.is_addressed_by("ocr.example:8080")


def test_serve_prints_and_opens_the_address_and_connects_for_every_image(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    connected: list[str] = []

    class Client:
        def read(self, image: bytes, /) -> Page:
            connected.append(image.decode())
            return PAGE

    @contextmanager
    def connect() -> Iterator[Client]:
        yield Client()
        connected.append("closed")

    def one_image_then_ctrl_c(server: DemoServer) -> None:
        server.read(b"an image")
        raise KeyboardInterrupt

    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr(DemoServer, "serve_forever", one_image_then_ctrl_c)
    serve(connect, port=0)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", opened[0])
    assert opened[0] in capsys.readouterr().err
    assert connected == ["closed", "an image", "closed"]


def test_wrong_settings_are_reported_before_the_page_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webbrowser.open", lambda _url: pytest.fail("the page is shown"))
    with pytest.raises(ValueError, match="not the address of a server"):
        serve(lambda: OcrClient("ftp://nowhere"), port=0)


def test_a_taken_port_is_reported(demo: Demo) -> None:
    taken = demo.server.server_port
    with pytest.raises(OSError, match=rf"cannot listen on 127\.0\.0\.1:{taken} \(.*in use\): choose another port"):
        serve(lambda: OcrClient("localhost"), port=taken, open_browser=False)
