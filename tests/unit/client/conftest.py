"""A real HTTP server that answers every request as a test tells it to, and who asks it."""

import json
import struct
import threading
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.blocking import CLIENTS, Client
from tests.unit.client.command import add


@dataclass
class FakeTriton:
    """What to answer with, and what was asked.

    Attributes:
        url: Its address, "host:port".
        status: The HTTP status to answer with; None closes the connection without an answer.
        body: The body to answer with.
        header_length: Length of the JSON before the tensors in the body; None if there are no tensors.
        echoing: Whether to answer an inference with a page that says what the image's bytes say instead. An image
            that begins with "bad" is refused; "slow" is answered only when `released` is set; "last" ends the server.
        released: See above.
        routes: JSON for some paths, before all the above.
        failures: HTTP statuses for the first inferences, before all the above; each is used up.
        dead_turns: Which inferences, from 0, fail as those of a dead process do, before all the above.
        on_turns: Before which inferences, from 0, to call `on_inference`.
        on_inference: See above.
        asked: The JSON header and the tensors' bytes of every inference request.
        headers: The HTTP headers of every request, their names in lower case.
    """

    url: str = ""
    status: int | None = 200
    body: bytes = b""
    header_length: int | None = None
    echoing: bool = False
    released: threading.Event = field(default_factory=threading.Event)
    routes: dict[str, Any] = field(default_factory=dict)
    failures: list[int] = field(default_factory=list)
    dead_turns: Container[int] = ()
    on_turns: Container[int] = ()
    on_inference: Callable[[], object] = lambda: None
    turns: Iterator[int] = field(default_factory=count)
    asked: list[tuple[dict[str, Any], bytes]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def answer_error(self, status: int, message: str) -> None:
        """Answer as Triton does when it refuses."""
        self.status, self.body, self.header_length = status, _error(message), None

    def answer_page(self, texts: list[str], size_hw: tuple[int, int] = (48, 64), unread: Sequence[str] = ()) -> None:
        """Answer with lines of confidence 0.98 and score 0.75, line i in the unit square at (i, 0).

        Args:
            texts: Of the lines.
            size_hw: Of the image.
            unread: Why each box is unread that is; without any, as a server that does not tell.
        """
        self.status = 200
        self.body, self.header_length = _page(texts, size_hw, unread)

    def answer(self, path: str, content: bytes | None) -> tuple[int | None, bytes, int | None]:
        """Status, body and the length of the JSON in it, for an image or another request."""
        if path in self.routes:
            return 200, json.dumps(self.routes[path]).encode(), None
        if content is not None:
            turn = next(self.turns)
            if turn in self.on_turns:
                self.on_inference()
            if turn in self.dead_turns:
                return 500, _error("Stub process 'ctc_decoding_0_11' is not healthy."), None
        if content is not None and self.failures:
            return self.failures.pop(0), _error("not now"), None
        if content is None or not self.echoing:
            return self.status, self.body, self.header_length
        if content.startswith(b"bad"):
            return 400, _error(f"bad_image: these {len(content)} bytes are no image"), None
        if content.startswith(b"last"):
            self.status, self.echoing = None, False
            return None, b"", None
        if content.startswith(b"slow"):
            self.released.wait()
        return 200, *_page([content.decode()], (48, 64))


def _error(message: str) -> bytes:
    return json.dumps({"error": message}).encode()


def _strings(texts: Sequence[str]) -> tuple[str, list[int], bytes]:
    encoded = [text.encode() for text in texts]
    return "BYTES", [len(texts)], b"".join(struct.pack("<I", len(t)) + t for t in encoded)


def _page(texts: list[str], size_hw: tuple[int, int], unread: Sequence[str] = ()) -> tuple[bytes, int]:
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    quads = square + np.arange(len(texts))[:, None, None] * [1, 0]
    tensors = {
        "texts": _strings(texts),
        "text_confidences": ("FP32", [len(texts)], np.full(len(texts), 0.98, np.float32).tobytes()),
        "quads": ("FP32", [len(texts), 4, 2], quads.astype(np.float32).tobytes()),
        "quad_scores": ("FP32", [len(texts)], np.full(len(texts), 0.75, np.float32).tobytes()),
        "image_size": ("INT32", [2], np.array(size_hw, np.int32).tobytes()),
        # Each line is one word.
        "word_texts": _strings(texts),
        "word_confidences": ("FP32", [len(texts)], np.full(len(texts), 0.98, np.float32).tobytes()),
        "word_quads": ("FP32", [len(texts), 4, 2], quads.astype(np.float32).tobytes()),
        "word_lines": ("INT32", [len(texts)], np.arange(len(texts), dtype=np.int32).tobytes()),
    }
    if unread:
        boxes = np.zeros((len(unread), 4, 2), np.float32)
        tensors |= {
            "unread_quads": ("FP32", list(boxes.shape), boxes.tobytes()),
            "unread_reasons": _strings(unread),
        }
    outputs = [
        {"name": name, "datatype": kind, "shape": shape, "parameters": {"binary_data_size": len(raw)}}
        for name, (kind, shape, raw) in tensors.items()
    ]
    header = json.dumps({"outputs": outputs}).encode()
    return header + b"".join(raw for _, _, raw in tensors.values()), len(header)


def _handler(triton: FakeTriton) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.endswith("/infer"):
                # An image in shared memory leaves nothing behind the JSON.
                length = int(self.headers["Inference-Header-Content-Length"] or len(content))
                triton.asked.append((json.loads(content[:length]), content[length:]))
                self._answer(content[length:])
            else:
                self._answer(None)

        def do_GET(self) -> None:
            self._answer(None)

        def _answer(self, content: bytes | None) -> None:
            triton.headers.append({name.lower(): value for name, value in self.headers.items()})
            status, body, header_length = triton.answer(self.path, content)
            if status is None:
                return
            self.send_response(status)
            if header_length is not None:
                self.send_header("Inference-Header-Content-Length", str(header_length))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it so
            pass

    return Handler


@contextmanager
def serving() -> Iterator[FakeTriton]:
    """A server of its own."""
    fake = FakeTriton()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(fake)) as server:
        fake.url = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield fake
        fake.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def triton() -> Iterator[FakeTriton]:
    with serving() as fake:
        yield fake


@pytest.fixture
def tritons() -> Iterator[list[FakeTriton]]:
    """Three servers, which answer with what the images say."""
    with serving() as first, serving() as second, serving() as third:
        fakes = [first, second, third]
        for fake in fakes:
            fake.echoing = True
        yield fakes


@pytest.fixture
def nobody() -> str:
    """The address of a port on which no one listens (any more)."""
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return f"127.0.0.1:{server.server_port}"


@pytest.fixture(params=CLIENTS)
def kind(request: pytest.FixtureRequest) -> type[Client]:
    """Each of both clients."""
    return CLIENTS[request.param]


@pytest.fixture
def client(triton: FakeTriton, kind: type[Client]) -> Iterator[Client]:
    """Each of both clients, which tries everything once."""
    with kind(triton.url, retries=0) as connected:
        yield connected


@pytest.fixture
def scans(triton: FakeTriton, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with images that say their names, in which the test stands; `ocr` reads them."""
    triton.echoing = True
    monkeypatch.setenv("OCR_URL", triton.url)
    monkeypatch.chdir(tmp_path)
    add("scans/a.png", "scans/b.png", "scans/deep/c.png")
    return tmp_path / "scans"
