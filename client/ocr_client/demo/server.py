"""The page's server. One person on this machine uses it, so the HTTP server of the standard library is enough.

GET /       the page, with the style and script beside it
POST /read  an encoded image as the body; answered with `Page.to_dict` as JSON, or {"error": "a sentence"}
"""

import ipaddress
import json
import webbrowser
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any, Protocol

import click

from ocr_client.errors import BadImage, OcrError
from ocr_client.results import Page

Read = Callable[[bytes], Page]

MAX_UPLOAD_BYTES = 50 * 1024 * 1024
# A browser that stops in the middle of an upload must not hold a thread for ever.
SILENCE_S = 30
PAGE = {
    "/": ("page.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
HEADERS = {
    "Cache-Control": "no-store",
    # Nothing comes from elsewhere, and no other site may show the page in a frame.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Client(Protocol):
    """What the page needs of a client."""

    def read(self, image: bytes, /) -> Page:
        """Read the text in one encoded image."""


def serve(
    client_factory: Callable[[], AbstractContextManager[Client]],
    host: str = "127.0.0.1",
    port: int = 8080,
    open_browser: bool = True,
) -> None:
    """Serve the page until Ctrl-C.

    Args:
        client_factory: Makes a client of the OCR server; called for every image, each in a thread of its own.
        host: Address to listen on. Whoever can reach it can have images read: leave it at this machine's.
        port: 0 takes a free one.
        open_browser: Whether to show the page.

    Raises:
        OSError: The address cannot be listened on.
    """

    def read(image: bytes) -> Page:
        with client_factory() as client:
            return client.read(image)

    with client_factory():
        pass  # wrong settings are told now, not with the first image
    try:
        server = DemoServer(read, host, port)
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
        read: Reads one encoded image.
        host: Address to listen on.
        port: 0 takes a free one.

    Raises:
        OSError: The address cannot be listened on.
    """

    daemon_threads = True

    def __init__(self, read: Read, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__((host, port), _Handler)
        self.read = read
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
        if not self.server.is_addressed_by(self.headers.get("Host", "")):
            self._refuse(HTTPStatus.FORBIDDEN, f"this is not the page's address; it is {self.server.url}")
        elif self.path in PAGE:
            name, kind = PAGE[self.path]
            content = (files(__package__) / name).read_bytes()
            self._answer(HTTPStatus.OK, kind, content.replace(b"{max_upload_bytes}", b"%d" % MAX_UPLOAD_BYTES))
        else:
            self._refuse(HTTPStatus.NOT_FOUND, f"there is no {self.path} here; the page is at {self.server.url}")

    def do_POST(self) -> None:
        host, length = self.headers.get("Host", ""), self.headers.get("Content-Length", "")
        # Browsers name the site whose page sends something; only this one's page may.
        if not self.server.is_addressed_by(host) or self.headers.get("Origin", f"http://{host}") != f"http://{host}":
            self._refuse(HTTPStatus.FORBIDDEN, f"images are taken from the page at {self.server.url} only")
        elif self.path != "/read":
            self._refuse(HTTPStatus.NOT_FOUND, f"there is no {self.path} here; images go to /read")
        elif not length.isdecimal():
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "the length of the image is missing; send a Content-Length")
        elif int(length) > MAX_UPLOAD_BYTES:
            self._refuse(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"the file has {int(length) / 2**20:.0f} MB; this page takes at most {MAX_UPLOAD_BYTES / 2**20:.0f} MB",
            )
        else:
            self._read(self.rfile.read(int(length)))

    def _read(self, image: bytes) -> None:
        try:
            page = self.server.read(image)
        except BadImage as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
        except OcrError as error:
            self._refuse(HTTPStatus.BAD_GATEWAY, str(error))
        else:
            self._answer_json(HTTPStatus.OK, page.to_dict())

    def _refuse(self, status: HTTPStatus, sentence: str) -> None:
        self._answer_json(status, {"error": sentence})

    def _answer_json(self, status: HTTPStatus, fields: dict[str, Any]) -> None:
        self._answer(status, "application/json", json.dumps(fields).encode())

    def _answer(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it so
        """Log nothing: the page shows what happens."""
