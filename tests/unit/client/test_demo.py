"""The demo's server, with a reader that needs no Triton."""

import io
import json
import re
import socket
import threading
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageChops, ImageStat

from ocr_client import BadImage, ModelInfo, OcrClient, Page, ServerInfo, ServerUnreachable
from ocr_client.demo import DemoServer, serve
from ocr_client.demo import server as demo_server
from ocr_client.formats import WRITERS
from tests.format_readers import READERS
from tests.project import SAMPLES
from tests.unit.client.test_documents import encode
from tests.unit.client.test_formats import line
from tests.unit.client.test_pdf_layers import letters, pdf_of, saved, texts

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ocr_client.options import ReadOptions

PAGE = Page(width=8, height=6, lines=(line("Größe 中", 1.5, 2, 1.5, 2),))


INFO = ServerInfo(
    url="http://box:8000",
    name="triton",
    version="2.51.0",
    ready=True,
    models=(
        ModelInfo(
            name="ocr_ensemble", version="1", state="READY", reason="", backend="ensemble", devices=(), instances=0
        ),
    ),
)


@dataclass
class FakeReader:
    """Reads every image as a test tells it to."""

    failure: Exception | None = None
    images: list[bytes] = field(default_factory=list)
    options: list[Mapping[str, Any]] = field(default_factory=list)

    def read(self, image: bytes, /, **options: "Unpack[ReadOptions]") -> Page:
        """Read one."""
        self.images.append(image)
        self.options.append(options)
        if self.failure:
            raise self.failure
        return PAGE

    def server_info(self) -> ServerInfo:
        """Describe a server."""
        if self.failure:
            raise self.failure
        return INFO


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

    def read(self, image: bytes, query: str = "", **headers: str) -> tuple[int, list[Any]]:
        """The status and the lines of JSON with which a file is answered."""
        response, content = self.request("POST", f"/read{query}", image, **headers)
        return response.status, [json.loads(line) for line in content.splitlines()]


@pytest.fixture
def demo() -> Iterator[Demo]:
    reader = FakeReader()
    with DemoServer(lambda: nullcontext(reader)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield Demo(server, reader)
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript"), ("/view.js", "text/javascript")],
)
def test_the_page_is_served_and_may_load_nothing_from_elsewhere(demo: Demo, path: str, kind: str) -> None:
    response, content = demo.request("GET", path)
    assert response.status == 200
    assert response.headers["Content-Type"] == f"{kind}; charset=utf-8"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert set(re.findall(rb"https?://[^'\" )]+", content)) <= {b"http://www.w3.org/2000/svg"}


def test_the_page_refers_only_to_files_that_exist() -> None:
    page = (files("ocr_client.demo") / "page.html").read_text(encoding="utf-8")
    script = "".join((files("ocr_client.demo") / name).read_text(encoding="utf-8") for name in ("page.js", "view.js"))
    referred = set(re.findall(r'(?:href|src)="(?!data:)([^"]+)"', page)) | {"view.js"}
    assert {"/", *(f"/{name}" for name in referred)} == set(demo_server.PAGE)
    assert set(re.findall(r'\$\("([\w-]+)"\)', script)) <= set(re.findall(r'id="([\w-]+)"', page))


def test_an_image_is_answered_with_its_page(demo: Demo) -> None:
    status, (answer,) = demo.read(b"\x89PNG\r\n\x1a\n\x00\xff")
    assert demo.reader.images == [b"\x89PNG\r\n\x1a\n\x00\xff"]
    assert (status, answer["number"], answer["count"], answer["image"]) == (200, 1, 1, None)
    assert Page.from_dict(answer["page"]) == PAGE


def test_a_document_is_answered_page_by_page_with_its_images(demo: Demo) -> None:
    frames = [Image.new("L", (30 + number, 20), 80 * number) for number in range(3)]
    content = encode(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    status, answers = demo.read(content)
    assert (status, [(answer["number"], answer["count"]) for answer in answers]) == (200, [(1, 3), (2, 3), (3, 3)])
    sizes = [Image.open(io.BytesIO(b64decode(answer["image"]))).size for answer in answers]
    assert sizes == [frame.size for frame in frames]


def test_what_no_browser_shows_comes_with_an_image_that_each_shows(demo: Demo) -> None:
    _, (answer,) = demo.read(encode(Image.new("RGB", (8, 6)), "PPM"))
    assert Image.open(io.BytesIO(b64decode(answer["image"]))).format == "JPEG"
    _, (answer,) = demo.read(encode(Image.new("RGB", (8, 6)), "PNG"))
    assert answer["image"] is None


def test_thresholds_go_with_the_request_and_what_is_none_is_refused(demo: Demo) -> None:
    demo.read(b"abc", "?min_confidence=0.2&unclip_ratio=3&orientation=90&name=a.png")
    asked = dict.fromkeys(("unread", "facts", "words", "blocks"), True)
    assert demo.reader.options == [{"min_confidence": 0.2, "unclip_ratio": 3, "orientation": "90", **asked}]
    status, (answer,) = demo.read(b"abc", "?min_confidence=low")
    assert (status, "could not convert string to float: 'low'" in answer["error"]) == (400, True)


def test_a_failure_in_the_middle_is_the_last_line(demo: Demo) -> None:
    frame = Image.effect_noise((200, 200), 90)
    whole = encode(frame, "TIFF", save_all=True, append_images=[frame, frame])
    status, (first, second, last) = demo.read(whole[:-1000])
    assert (status, first["number"], second["number"]) == (200, 1, 2)
    assert last == {"error": "page 3 of the TIFF is damaged or truncated: send the whole file"}


@pytest.mark.parametrize("name", WRITERS)
def test_a_result_is_downloaded_in_every_format(demo: Demo, name: str) -> None:
    _, (answer,) = demo.read(encode(Image.new("RGB", (8, 6)), "PNG"), "?name=Gr%C3%BC%C3%9Fe.v2.png")
    response, content = demo.request("GET", f"/results/{answer['key']}/{name}")
    assert response.status == 200
    assert response.headers["Content-Disposition"] == (
        f"attachment; filename*=UTF-8''Gr%C3%BC%C3%9Fe.v2{WRITERS[name].suffix}"
    )
    ((line,),) = READERS[name](content)
    assert line.text == PAGE.lines[0].text


def test_a_pdf_comes_back_as_itself_with_text_where_there_was_none(demo: Demo) -> None:
    _, answers = demo.read(saved(pdf_of(letters("born digital"), b"")), "?name=a.pdf")
    assert all(answer["image"] for answer in answers)
    _, content = demo.request("GET", f"/results/{answers[0]['key']}/pdf")
    assert texts(content) == ["born digital", PAGE.lines[0].text]


def test_old_results_are_forgotten_and_that_is_said(demo: Demo) -> None:
    keys = [demo.read(b"abc")[1][0]["key"] for _ in range(5)]
    answers = [demo.request("GET", f"/results/{key}/text") for key in keys]
    assert [response.status for response, _ in answers] == [404, 200, 200, 200, 200]
    assert json.loads(answers[0][1]) == {"error": "this result is no longer kept; read the file again"}


def test_the_server_is_described_with_the_formats(demo: Demo) -> None:
    response, content = demo.request("GET", "/server")
    fields = json.loads(content)
    assert (response.status, fields["url"], fields["models"][0]["name"]) == (200, "http://box:8000", "ocr_ensemble")
    assert fields["formats"] == {name: writer.suffix for name, writer in WRITERS.items()}
    demo.reader.failure = ServerUnreachable("no OCR server")
    response, content = demo.request("GET", "/server")
    assert (response.status, json.loads(content)) == (502, {"error": "no OCR server"})


def test_every_sample_is_an_image_that_resembles_the_projects(demo: Demo) -> None:
    page = (files("ocr_client.demo") / "page.html").read_text(encoding="utf-8")
    names = re.findall(r'data-sample="([^"]+)"', page)
    assert len(names) == 4
    for name in names:
        response, content = demo.request("GET", f"/samples/{name}")
        assert (response.status, response.headers["Content-Type"]) == (200, "image/webp")
        (whole,) = SAMPLES.glob(f"{Path(name).stem}.[pj][np]g")
        small = Image.open(io.BytesIO(content)).convert("L")
        difference = ImageChops.difference(small, Image.open(whole).convert("L").resize(small.size))
        assert ImageStat.Stat(difference).mean[0] < 4


@pytest.mark.parametrize(
    ("failure", "status"), [(BadImage("these 3 bytes are no image"), 400), (ServerUnreachable("no OCR server"), 502)]
)
def test_a_failure_is_answered_with_its_sentence(demo: Demo, failure: Exception, status: int) -> None:
    demo.reader.failure = failure
    assert demo.read(b"abc") == (status, [{"error": str(failure)}])


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
    with DemoServer(lambda: nullcontext(FakeReader()), "0.0.0.0") as server:  # noqa: S104  this is the case
        assert server.is_addressed_by("ocr.example:8080")


def test_serve_prints_and_opens_the_address_and_connects_for_every_image(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    connected: list[str] = []

    @contextmanager
    def connect() -> Iterator[FakeReader]:
        connected.append("opened")
        yield FakeReader()
        connected.append("closed")

    def one_image_then_ctrl_c(server: DemoServer) -> None:
        with server.connect():
            raise KeyboardInterrupt

    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr(DemoServer, "serve_forever", one_image_then_ctrl_c)
    serve(connect, port=0)
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", opened[0])
    assert opened[0] in capsys.readouterr().err
    assert connected == ["opened", "closed", "opened"]


def test_wrong_settings_are_reported_before_the_page_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webbrowser.open", lambda _url: pytest.fail("the page is shown"))
    with pytest.raises(ValueError, match="not the address of a server"):
        serve(lambda: OcrClient("ftp://nowhere"), port=0)


def test_a_taken_port_is_reported(demo: Demo) -> None:
    taken = demo.server.server_port
    with pytest.raises(OSError, match=rf"cannot listen on 127\.0\.0\.1:{taken} \(.*in use\): choose another port"):
        serve(lambda: OcrClient("localhost"), port=taken, open_browser=False)
