"""The supervisor with a small program in the place of tritonserver: it answers as that does, and can be made to die."""

import dataclasses
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psutil
import pytest

from ocr_launch import attempts, lookout, run_state, supervisor
from ocr_launch.errors import StartError
from ocr_launch.faults import Fault
from ocr_launch.http_api import ApiError, HttpApi
from ocr_launch.processes import Process
from ocr_launch.supervisor import Supervisor
from ocr_launch.tritonserver import Plan

TIMEOUT_S = 20
ASLEEP = (sys.executable, "-c", "import time; time.sleep(60)")
# Crashes while there is a file of this name, which it removes; else it answers everything with a configuration.
SERVER = """
import os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"backend": "python", "instance_group": []}')
    def log_message(self, *_):
        pass

crash, port = sys.argv[1:]
if os.path.exists(crash):
    os.remove(crash)
    os.abort()
ThreadingHTTPServer.request_queue_size = 128  # with 5, connections are dropped that come close together
ThreadingHTTPServer(("127.0.0.1", int(port)), Handler).serve_forever()
"""


@pytest.fixture
def said() -> list[str]:
    """What the supervisor says."""
    return []


@pytest.fixture
def make(tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], Supervisor]:
    """A supervisor that looks often; `crash` in the temporary folder makes the server's next start crash."""
    monkeypatch.setattr(supervisor, "LOOK_S", 0.02)
    monkeypatch.setattr(lookout, "ASK_S", 0.02)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    plan = Plan(
        command=[sys.executable, "-c", SERVER, str(tmp_path / "crash"), str(port)],
        environment=dict(os.environ),
        api=HttpApi("127.0.0.1", port),
        shared_memory=f"ocr-test-{os.getpid()}-",
        log=tmp_path / "log",
        start_timeout_s=TIMEOUT_S,
        stop_timeout_s=5,
    )
    return lambda: Supervisor(plan, tmp_path / "state.json", said.append)


@pytest.fixture
def running(make: Callable[[], Supervisor]) -> Iterator[Supervisor]:
    with make() as started:
        yield started


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def harm(running: Supervisor, number: signal.Signals) -> None:
    """Send the server a signal, and wait until another one runs."""
    restarts = running.state.restarts
    os.kill(running.pid, number)
    wait_until(lambda: running.state.restarts > restarts or running.state.state == run_state.GAVE_UP)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_server_that_dies_or_is_stopped_is_started_anew(
    running: Supervisor, said: list[str], tmp_path: Path, number: signal.Signals
) -> None:
    before = running.pid
    harm(running, number)
    assert running.pid != before
    (line,) = said
    what = "died" if number == signal.SIGKILL else "was stopped"
    assert line.startswith(f"tritonserver (process {before}) {what}; started the server anew (")
    state = run_state.read(tmp_path / "state.json")
    assert state
    assert (state.state, state.restarts, state.faults) == (run_state.SERVING, 1, (line,))
    assert (state.server_restarts, state.process_restarts) == (1, {})
    assert state.is_fresh


def test_a_reload_that_takes_longer_than_a_start_is_given_up(
    running: Supervisor,
) -> None:
    given: list[float] = []

    class TooSlow(HttpApi):
        def reload(self, _model: str, timeout_s: float) -> None:
            given.append(timeout_s)
            raise ApiError("timed out")

    running._plan = dataclasses.replace(running._plan, api=TooSlow("127.0.0.1", running._plan.api.port))
    fault = Fault("decoding_0_0 died", frozenset({"decoding"}))
    for start_s, at_most_s in ((1, 10), (25, 25), (1800, 60)):
        running._start_s = start_s
        assert not running._reload(fault)
        assert at_most_s - 1 < given[-1] <= at_most_s


def test_a_process_that_a_reload_has_left_does_not_stand_in_for_one_that_dies(
    running: Supervisor, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Triton keeps a model's old processes for as long as requests are in them."""
    with ExitStack() as stack:

        def start(name: str) -> Process:
            child = stack.enter_context(subprocess.Popen(ASLEEP, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))  # noqa: S603 - our own
            stack.callback(child.kill)
            return Process(psutil.Process(child.pid), "decoding", name)

        server = Process(psutil.Process(running.pid), "", "tritonserver")
        found = [server, start("d_0_0"), start("old_0_1")]

        class Reloading(HttpApi):
            def configs(self, _timeout_s: float) -> dict[str, dict[str, object]]:
                return {"decoding": {"backend": "python", "instance_group": [{"count": 2}]}}

            def versions(self, _models: Iterable[str], _timeout_s: float) -> dict[str, tuple[str, ...]]:
                return {"decoding": ("1",)}

            def reload(self, _model: str, _timeout_s: float) -> None:
                found.extend([start("new_0_0"), start("new_0_1")])

        running._plan = dataclasses.replace(running._plan, api=Reloading("127.0.0.1", running._plan.api.port))
        # Of this server, not of the class: others may be supervised in the process of the tests.
        monkeypatch.setattr(running._server, "processes", lambda: list(found))
        wait_until(lambda: len(running._lookout.watch.processes) == len(found))
        for restarts, victim in ((1, "d_0_0"), (2, "new_0_1")):
            next(process for process in found if process.name == victim).kill()
            wait_until(lambda: running.state.restarts == restarts)  # noqa: B023 - called at once
        running.stop()  # it would bring back those that end now
    assert [line.split()[0] for line in said[:2]] == ["d_0_0", "new_0_1"]
    assert (running.state.server_restarts, running.state.process_restarts) == (0, {"decoding": 2})


def test_it_gives_up_after_five_restarts_in_a_minute(running: Supervisor, said: list[str]) -> None:
    for _ in range(attempts.MOST + 1):
        harm(running, signal.SIGKILL)
    running.wait()
    assert said[-1].endswith("died; the server was restarted 5 times in a minute: giving up")
    assert (running.state.state, running.state.restarts, running.exit_status) == (run_state.GAVE_UP, 5, 1)


def test_restarts_long_ago_do_not_count(running: Supervisor, said: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "WINDOW_S", 0)
    for _ in range(attempts.MOST + 1):
        harm(running, signal.SIGKILL)
    assert running.state.restarts == len(said) == attempts.MOST + 1


def test_a_start_that_crashes_is_tried_once_more(
    make: Callable[[], Supervisor], said: list[str], tmp_path: Path
) -> None:
    (tmp_path / "crash").touch()
    with make() as running:
        assert running.state.state == run_state.SERVING
    assert said == ["the server was ended by SIGABRT while starting; it is started once more"]


def test_a_start_that_fails_says_how(make: Callable[[], Supervisor], tmp_path: Path) -> None:
    (tmp_path / "crash").mkdir()  # which it cannot remove
    with pytest.raises(StartError, match="the server ended with status 1 while starting"):
        make().__enter__()


def test_a_restart_that_crashes_is_tried_again(running: Supervisor, said: list[str], tmp_path: Path) -> None:
    (tmp_path / "crash").touch()
    harm(running, signal.SIGKILL)
    wait_until(lambda: running.state.restarts == 2)
    assert "but the server was ended by SIGABRT while starting" in said[0]
    assert said[1].startswith("the new server failed; started the server anew (")


def test_nothing_is_left_after_the_end(make: Callable[[], Supervisor], tmp_path: Path) -> None:
    with make() as running:
        pid = running.pid
        leftover = Path("/dev/shm", f"ocr-test-{os.getpid()}-region")  # noqa: S108 - where Linux has it
        leftover.touch()
    assert not Path(f"/proc/{pid}").exists()
    assert not leftover.exists()
    assert running.exit_status == -signal.SIGTERM
    state = run_state.read(tmp_path / "state.json")
    assert state
    assert state.state == run_state.STOPPING


def test_a_folder_that_cannot_be_written_is_named(make: Callable[[], Supervisor], tmp_path: Path) -> None:
    (tmp_path / "state.part").mkdir()
    with pytest.raises(StartError, match=r"cannot write .*state\.json \(Is a directory\)"):
        make().__enter__()
