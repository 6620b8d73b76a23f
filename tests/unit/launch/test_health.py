"""The image's health checks against a server that says what Triton says, and a supervisor that says what ours does."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ocr_core.admission import Crowd
from ocr_launch import health, run_state
from ocr_launch.http_api import HttpApi
from ocr_launch.names import ENSEMBLE
from ocr_launch.run_state import RunState

CONFIGS: dict[str, dict[str, object]] = {
    ENSEMBLE: {"backend": "", "ensemble_scheduling": {"step": [{"model_name": "first"}, {"model_name": "dewarping"}]}},
    "first": {"backend": "python", "instance_group": [{"count": 2, "gpus": []}]},
    "dewarping": {"backend": "python", "instance_group": [{"count": 3, "gpus": []}]},
}


class Server(ThreadingHTTPServer):
    """Answers as Triton; the n-th image gets the n-th of `answers`, and the last one again and again."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[tuple[int, dict[str, object]]] = [(200, read(1))]
        self.images: list[bytes] = []
        self.asked: list[str] = []


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        """A model's configuration, or that all is well."""
        self.server.asked.append(self.path)
        self._answer(200, CONFIGS[self.path.split("/")[-2]] if self.path.endswith("/config") else {})

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
def server() -> Iterator[Server]:
    with Server() as started:
        thread = threading.Thread(target=started.serve_forever, daemon=True)
        thread.start()
        yield started
        started.shutdown()
        thread.join()


@pytest.fixture
def state_file(server: Server, tmp_path: Path) -> Path:
    """What the supervisor of a server that is well has written."""
    return written(tmp_path, run_state.SERVING, server.server_address[1])


def written(folder: Path, state: str, port: int) -> Path:
    file = folder / "state.json"
    RunState(state, "127.0.0.1", port).with_fault("ctc_decoding_0_1 died").write(file)
    return file


def test_every_process_of_every_step_gets_an_image(server: Server, state_file: Path) -> None:
    assert health.diagnose("deep", state_file) is None
    assert len(server.images) == 2 * 3
    assert server.images[0].startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        pytest.param([(200, read(1)), (500, {"error": "Stub died"})], "status 500: .*Stub died", id="dead-process"),
        pytest.param([(200, read(0))], "no text is found in an image with text", id="no-text"),
        pytest.param([(200, {})], "no text is found", id="another-answer"),
    ],
)
def test_what_is_wrong_is_told(
    server: Server, state_file: Path, answers: list[tuple[int, dict[str, object]]], told: str
) -> None:
    server.answers = answers
    said = health.diagnose("deep", state_file)
    assert said
    assert re.search(told, said)


@pytest.mark.parametrize("question", ["live", "ready"])
def test_the_cheap_questions_send_no_image(server: Server, state_file: Path, question: str) -> None:
    """They never wait behind the images of others."""
    assert health.diagnose(question, state_file) is None
    assert server.images == []
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("state", "live", "ready"),
    [
        (run_state.STARTING, "the server is starting", "the server is starting; ctc_decoding_0_1 died"),
        (
            run_state.RESTARTING,
            None,
            "a process has failed and is being brought back; ctc_decoding_0_1 died",
        ),
        (
            run_state.GAVE_UP,
            "the server could not be kept running",
            "the server could not be kept running; ctc_decoding_0_1 died",
        ),
    ],
)
def test_a_server_that_is_being_mended_is_live_and_not_ready(
    server: Server, tmp_path: Path, state: str, live: str | None, ready: str
) -> None:
    file = written(tmp_path, state, server.server_address[1])
    assert (health.diagnose("live", file), health.diagnose("ready", file)) == (live, ready)


@pytest.mark.parametrize(
    ("question", "is_alone", "told"),
    [
        ("live", False, None),
        ("ready", False, "the server is overloaded: it has been refusing images for half a minute, 70 in all"),
        ("ready", True, None),
        ("deep", False, None),
    ],
)
def test_a_server_that_is_overloaded_for_long_sends_clients_to_others_if_there_are_any(
    server: Server, tmp_path: Path, question: str, is_alone: bool, told: str | None
) -> None:
    file = tmp_path / "state.json"
    crowded = Crowd(pages=8, places=8, refused=70)
    RunState(run_state.SERVING, "127.0.0.1", server.server_address[1]).with_crowd(crowded, is_overloaded=True).write(
        file
    )
    assert health.diagnose(question, file, is_alone=is_alone) == told


def test_what_is_being_mended_is_told(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    RunState(run_state.RESTARTING, "127.0.0.1", 1, trouble="text_cropping_0_1 stands still").write(file)
    told = "a process has failed and is being brought back; text_cropping_0_1 stands still"
    assert health.diagnose("ready", file) == told


@pytest.mark.parametrize("question", ["live", "ready", "deep"])
def test_a_supervisor_that_is_not_heard_of_is_told(
    state_file: Path, monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    assert health.diagnose(question, Path("no-such-file")) == "no server was started here with ocr-serve"
    monkeypatch.setattr(run_state, "STALE_S", 0)
    assert health.diagnose(question, state_file) == "ocr-serve no longer watches its server"


@pytest.mark.parametrize(
    ("question", "told"),
    [("live", "tritonserver does not answer"), ("ready", "ocr_ensemble is not ready"), ("deep", "is not ready")],
)
def test_a_server_that_is_not_there_is_told(tmp_path: Path, question: str, told: str) -> None:
    assert told in str(health.diagnose(question, written(tmp_path, run_state.SERVING, 1)))


def test_a_server_that_is_only_busy_is_told_from_one_that_does_not_read(server: Server) -> None:
    with pytest.raises(health.Unhealthy, match="0 of 6 small images were read in time: the server is busy"):
        health.check_deep(HttpApi("127.0.0.1", server.server_address[1]), timeout_s=0)
