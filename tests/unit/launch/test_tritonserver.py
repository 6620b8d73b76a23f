"""How a server is ended: a small program in the place of tritonserver takes its time, as that does."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ocr_launch.http_api import HttpApi
from ocr_launch.tritonserver import Plan, Tritonserver
from tests.server.processes import wait_until

# Names itself once it is told to end, and does so after some seconds, with status 3.
SERVER = """
import pathlib, signal, sys, time

def end(*_):
    pathlib.Path(sys.argv[1], "told").touch()
    time.sleep(float(sys.argv[2]))
    sys.exit(3)

signal.signal(signal.SIGTERM, end)
pathlib.Path(sys.argv[1], "ready").touch()
time.sleep(60)
"""
TRACES = "--trace-config=mode=opentelemetry"


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., Tritonserver]:
    """Starts a server that takes so many seconds to end; more arguments are its flags."""

    def started(end_s: float, *flags: str) -> Tritonserver:
        plan = Plan(
            command=[sys.executable, "-c", SERVER, str(tmp_path), str(end_s), *flags],
            environment=dict(os.environ),
            api=HttpApi("127.0.0.1", 1),
            shared_memory=f"ocr-test-{os.getpid()}-",
            log=tmp_path / "log",
            start_timeout_s=20,
            stop_timeout_s=20,
        )
        server = Tritonserver(plan)
        wait_until((tmp_path / "ready").exists)
        return server

    return started


def test_it_is_not_waited_for_once_all_is_answered(start: Callable[..., Tritonserver], tmp_path: Path) -> None:
    server = start(60)
    assert server.stop((tmp_path / "told").exists) == 0
    assert server.status == -9


@pytest.mark.parametrize(("is_all_answered", "flags"), [(False, ()), (True, (TRACES,))], ids=["waited for", "traces"])
def test_it_ends_by_itself_while_somebody_waits_or_traces_are_handed_over(
    start: Callable[..., Tritonserver], is_all_answered: bool, flags: tuple[str, ...]
) -> None:
    assert start(0.5, *flags).stop(lambda: is_all_answered) == 3
