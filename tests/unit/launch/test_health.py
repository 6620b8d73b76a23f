"""The image's health check against a server that says what Triton says."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ocr_launch import health
from ocr_launch.repository import ENSEMBLE

CONFIGS: dict[str, dict[str, object]] = {
    ENSEMBLE: {"ensemble_scheduling": {"step": [{"model_name": "first"}, {"model_name": "dewarping"}]}},
    "first": {"instance_group": [{"count": 2, "gpus": []}]},
    "dewarping": {"instance_group": [{"count": 3, "gpus": []}]},
}


class Server(ThreadingHTTPServer):
    """Answers as Triton; the n-th image gets the n-th of `answers`, and the last one again and again."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, dict[str, object]]] = [(200, read(1))]
        self.images: list[bytes] = []


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        """A model's configuration."""
        self._answer(200, CONFIGS[self.path.split("/")[-2]])

    def do_POST(self) -> None:
        """Read an image."""
        self.server.images.append(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(*self.server.answers[min(len(self.server.images), len(self.server.answers)) - 1])

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, status: int, content: dict[str, object]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def read(lines: int) -> dict[str, object]:
    return {"outputs": [{"name": "texts", "shape": [lines]}]}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server() as started:
        thread = threading.Thread(target=started.serve_forever)
        thread.start()
        monkeypatch.setattr(health, "ADDRESS", ("127.0.0.1", started.server_address[1]))
        yield started
        started.shutdown()
        thread.join()


def test_every_process_of_every_step_gets_an_image(server: Server) -> None:
    assert health.diagnose() is None
    assert len(server.images) == 2 * 3
    assert server.images[0].startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        pytest.param([(200, read(1)), (500, {"error": "Stub died"})], "does not read: .*Stub died", id="dead-process"),
        pytest.param([(200, read(0))], "does not read: no text is found in an image with text", id="no-text"),
        pytest.param([(200, {})], "does not answer as it should: KeyError", id="another-answer"),
    ],
)
def test_what_is_wrong_is_told(server: Server, answers: list[tuple[int, dict[str, object]]], told: str) -> None:
    server.answers = answers
    said = health.diagnose()
    assert said
    assert re.search(told, said)


def test_a_server_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "ADDRESS", ("127.0.0.1", 1))
    assert "the server does not answer as it should: ConnectionRefusedError" in str(health.diagnose())
