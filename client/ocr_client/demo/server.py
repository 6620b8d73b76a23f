"""The page's server. One person on this machine uses it, so the HTTP server of the standard library is enough.

GET /                    the page, with the style and script beside it
GET /samples/NAME        images to try
GET /server              what reads, as JSON: `ServerInfo.to_dict`, and the formats that results come in
POST /read?OPTION=…      a file as the body; answered with a line of JSON for each page as soon as it is read
GET /results/KEY/FORMAT  what was read in it, as a file

Failures are answered with {"error": "a sentence"}; in the middle of a file, that is the last line.
"""

import ipaddress
import json
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import parse_qsl, quote, urlsplit

import click

from ocr_client.demo.readings import Reader, Reading, Readings
from ocr_client.errors import BadRequest, OcrError
from ocr_client.formats import WRITERS
from ocr_client.options import OPTIONS, Choice, Option, Word
from ocr_client.server_info import ServerInfo

if TYPE_CHECKING:
    from ocr_client.options import ReadOptions

MAX_UPLOAD_BYTES = 50 * 1024 * 1024
# A browser that stops in the middle of an upload must not hold a thread for ever.
SILENCE_S = 30
SAMPLES = ("street", "receipt", "label", "table")
PAGE = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/view.js": ("view.js", "text/javascript; charset=utf-8"),
    **{f"/samples/{name}.webp": (f"samples/{name}.webp", "image/webp") for name in SAMPLES},
}
HEADERS = {
    "Cache-Control": "no-store",
    # Nothing comes from elsewhere, and no other site may show the page in a frame.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# What the page shows, and the formats need, beside lines.
ASKED = {"unread": True, "facts": True, "words": True, "blocks": True}


class Client(Reader, Protocol):
    """What the page needs of a client."""

    def server_info(self) -> ServerInfo:
        """What the server says about itself."""


Connect = Callable[[], AbstractContextManager[Client]]


def serve(connect: Connect, host: str = "127.0.0.1", port: int = 8080, open_browser: bool = True) -> None:
    """Serve the page until Ctrl-C.

    Args:
        connect: Makes a client of the OCR server; called for every file, each in a thread of its own.
        host: Address to listen on. Whoever can reach it can have images read: leave it at this machine's.
        port: 0 takes a free one.
        open_browser: Whether to show the page.

    Raises:
        OSError: The address cannot be listened on.
    """
    with connect():
        pass  # wrong settings are told now, not with the first image
    try:
        server = DemoServer(connect, host, port)
    except OSError as error:
        raise OSError(error.errno, f"cannot listen on {host}:{port} ({error.strerror}): choose another port") from error
    with server, suppress(KeyboardInterrupt):
        click.echo(f"The page is at {server.url} until Ctrl-C.", err=True)
        if open_browser:
            webbrowser.open(server.url)
        server.serve_forever()


class DemoServer(ThreadingHTTPServer):
    """Serves the page; `serve_forever` starts it.

    Args:
        connect: Makes a client of the OCR server.
        host: Address to listen on.
        port: 0 takes a free one.

    Raises:
        OSError: The address cannot be listened on.
    """

    daemon_threads = True

    def __init__(self, connect: Connect, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__((host, port), _Handler)
        self.connect = connect
        self.readings = Readings()
        self.host = host

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{self.host}:{self.server_port}/"

    def is_addressed_by(self, host: str) -> bool:
        """Whether a request's Host header names this server.

        Another name that leads here is that of a site which wants its pages to act in this page's name
        (DNS rebinding).
        """
        if not _is_loopback(self.host):
            return True
        return host in {f"{name}:{self.server_port}" for name in (self.host, "127.0.0.1", "localhost")}


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


class _Handler(BaseHTTPRequestHandler):
    server: DemoServer
    timeout = SILENCE_S

    def do_GET(self) -> None:
        parts = urlsplit(self.path).path.split("/")
        if not self.server.is_addressed_by(self.headers.get("Host", "")):
            self._refuse(HTTPStatus.FORBIDDEN, f"this is not the page's address; it is {self.server.url}")
        elif self.path in PAGE:
            name, kind = PAGE[self.path]
            content = (files(__package__) / name).read_bytes()
            self._answer(HTTPStatus.OK, kind, content.replace(b"{max_upload_bytes}", b"%d" % MAX_UPLOAD_BYTES))
        elif self.path == "/server":
            self._describe()
        elif len(parts) == 4 and parts[1] == "results" and parts[3] in WRITERS:
            self._write(parts[2], parts[3])
        else:
            self._refuse(HTTPStatus.NOT_FOUND, f"there is no {self.path} here; the page is at {self.server.url}")

    def do_POST(self) -> None:
        host, length = self.headers.get("Host", ""), self.headers.get("Content-Length", "")
        # Browsers name the site whose page sends something; only this one's page may.
        if not self.server.is_addressed_by(host) or self.headers.get("Origin", f"http://{host}") != f"http://{host}":
            self._refuse(HTTPStatus.FORBIDDEN, f"images are taken from the page at {self.server.url} only")
        elif urlsplit(self.path).path != "/read":
            self._refuse(HTTPStatus.NOT_FOUND, f"there is no {self.path} here; images go to /read")
        elif not length.isdecimal():
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "the length of the image is missing; send a Content-Length")
        elif int(length) > MAX_UPLOAD_BYTES:
            self._refuse(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"the file has {int(length) / 2**20:.0f} MB; this page takes at most {MAX_UPLOAD_BYTES / 2**20:.0f} MB",
            )
        else:
            self._read(self.rfile.read(int(length)), dict(parse_qsl(urlsplit(self.path).query)))

    def _describe(self) -> None:
        with self._failures_told(), self.server.connect() as client:
            formats = {name: writer.suffix for name, writer in WRITERS.items()}
            self._answer_json(HTTPStatus.OK, {**client.server_info().to_dict(), "formats": formats})

    def _read(self, document: bytes, query: dict[str, str]) -> None:
        reading = Reading(query.get("name", "image"), document)
        with self._failures_told(), self.server.connect() as client:
            options = {name: _value(option, query[name]) for name, option in OPTIONS.items() if name in query}
            lines = reading.read(client, cast("ReadOptions", {**options, **ASKED}))
            first = next(lines)  # what fails at once has a status that says so
            self.server.readings.add(reading)
            self._stream(chain([first], _until_failure(lines)))

    def _write(self, key: str, format_name: str) -> None:
        reading = self.server.readings.get(key)
        if reading is None:
            self._refuse(HTTPStatus.NOT_FOUND, "this result is no longer kept; read the file again")
            return
        with self._failures_told():
            content = reading.written(format_name)
            name = reading.name.rpartition(".")[0] or reading.name
            file = quote(name + WRITERS[format_name].suffix)
            disposition = {"Content-Disposition": f"attachment; filename*=UTF-8''{file}"}
            self._answer(HTTPStatus.OK, "application/octet-stream", content, disposition)

    @contextmanager
    def _failures_told(self) -> Iterator[None]:
        try:
            yield
        except (BadRequest, ValueError) as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
        except (OcrError, ModuleNotFoundError) as error:
            self._refuse(HTTPStatus.BAD_GATEWAY, str(error))

    def _stream(self, lines: Iterator[dict[str, Any]]) -> None:
        self._begin(HTTPStatus.OK, {"Content-Type": "application/x-ndjson"})
        with suppress(ConnectionError):  # the page has gone on to something else
            for line in lines:
                self.wfile.write(json.dumps(line).encode() + b"\n")
                self.wfile.flush()

    def _refuse(self, status: HTTPStatus, sentence: str) -> None:
        self._answer_json(status, {"error": sentence})

    def _answer_json(self, status: HTTPStatus, fields: dict[str, Any]) -> None:
        self._answer(status, "application/json", json.dumps(fields).encode())

    def _answer(
        self, status: HTTPStatus, kind: str, content: bytes, headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._begin(status, {"Content-Type": kind, "Content-Length": str(len(content)), **headers})
        self.wfile.write(content)

    def _begin(self, status: HTTPStatus, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it so
        """Log nothing: the page shows what happens."""


def _value(option: Option | Choice | Word, text: str) -> float | str:
    return float(text) if isinstance(option, Option) else text


def _until_failure(lines: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The lines, and as the last one why there are no more, if one fails."""
    try:
        yield from lines
    except OcrError as error:
        yield {"error": str(error)}
