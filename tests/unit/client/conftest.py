"""A real HTTP server that answers every request as a test tells it to."""

import json
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import numpy as np
import pytest


@dataclass
class FakeTriton:
    """What to answer with, and what was asked.

    Attributes:
        url: Its address, "host:port".
        status: The HTTP status to answer with; None closes the connection without an answer.
        body: The body to answer with.
        header_length: Length of the JSON before the tensors in the body; None if there are no tensors.
        asked: The JSON header and the tensors' bytes of every inference request.
    """

    url: str = ""
    status: int | None = 200
    body: bytes = b""
    header_length: int | None = None
    asked: list[tuple[dict[str, Any], bytes]] = field(default_factory=list)

    def answer_error(self, status: int, message: str) -> None:
        """Answer as Triton does when it refuses."""
        self.status, self.body = status, json.dumps({"error": message}).encode()

    def answer_page(self, texts: list[str], size_hw: tuple[int, int] = (48, 64)) -> None:
        """Answer with lines of confidence 0.98 and score 0.75, line i in the unit square at (i, 0)."""
        square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
        quads = square + np.arange(len(texts))[:, None, None] * [1, 0]
        encoded = [text.encode() for text in texts]
        tensors = {
            "texts": ("BYTES", [len(texts)], b"".join(struct.pack("<I", len(t)) + t for t in encoded)),
            "text_confidences": ("FP32", [len(texts)], np.full(len(texts), 0.98, np.float32).tobytes()),
            "quads": ("FP32", [len(texts), 4, 2], quads.astype(np.float32).tobytes()),
            "quad_scores": ("FP32", [len(texts)], np.full(len(texts), 0.75, np.float32).tobytes()),
            "image_size": ("INT32", [2], np.array(size_hw, np.int32).tobytes()),
        }
        outputs = [
            {"name": name, "datatype": kind, "shape": shape, "parameters": {"binary_data_size": len(raw)}}
            for name, (kind, shape, raw) in tensors.items()
        ]
        buffer = b"".join(raw for _, _, raw in tensors.values())
        header = json.dumps({"outputs": outputs}).encode()
        self.status, self.body, self.header_length = 200, header + buffer, len(header)


def _handler(triton: FakeTriton) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            length = int(self.headers["Inference-Header-Content-Length"])
            triton.asked.append((json.loads(content[:length]), content[length:]))
            self.do_GET()

        def do_GET(self) -> None:
            if triton.status is None:
                return
            self.send_response(triton.status)
            if triton.header_length is not None:
                self.send_header("Inference-Header-Content-Length", str(triton.header_length))
            self.send_header("Content-Length", str(len(triton.body)))
            self.end_headers()
            self.wfile.write(triton.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it so
            pass

    return Handler


@pytest.fixture
def triton() -> Iterator[FakeTriton]:
    fake = FakeTriton()
    with HTTPServer(("127.0.0.1", 0), _handler(fake)) as server:
        fake.url = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield fake
        server.shutdown()
        thread.join()


@pytest.fixture
def nobody() -> str:
    """The address of a port on which no one listens (any more)."""
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return f"127.0.0.1:{server.server_port}"
