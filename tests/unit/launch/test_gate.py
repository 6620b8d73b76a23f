"""A gate's process: it is waited for until it listens, and its port stays its own while it is started anew."""

import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ocr_launch.errors import StartError
from ocr_launch.gate import Gate, GatePlan
from server import requirements

TIMEOUT_S = 30
LISTENS = """
import socket, sys
with socket.socket() as door:
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    door.bind(("127.0.0.1", int(sys.argv[1])))
    door.listen()
    while True:
        door.accept()[0].close()
"""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[str], tuple[Gate, int]]]:
    """A gate that runs this program, and its port."""
    gates: list[Gate] = []

    def start(program: str) -> tuple[Gate, int]:
        reserved = requirements.reserve("127.0.0.1", 0, "grpc")
        port = reserved.getsockname()[1]
        command = [sys.executable, "-c", program, str(port)]
        gates.append(Gate(GatePlan(command, [], reserved, tmp_path, tmp_path / "log")))
        gates[-1].start()
        return gates[-1], port

    yield start
    for gate in gates:
        gate.close()


def test_it_is_open_once_it_listens_also_after_it_was_started_anew(make: Callable[[str], tuple[Gate, int]]) -> None:
    gate, port = make(LISTENS)
    for _ in range(2):
        gate.wait_until_open(TIMEOUT_S, lambda: False)
        socket.create_connection(("127.0.0.1", port)).close()
        gate.start()


@pytest.mark.parametrize(("program", "timeout_s"), [("pass", TIMEOUT_S), ("import time; time.sleep(60)", 0.2)])
def test_one_that_ends_or_never_listens_is_not_waited_for(
    make: Callable[[str], tuple[Gate, int]], program: str, timeout_s: float
) -> None:
    gate, _ = make(program)
    with pytest.raises(StartError, match="the gate in front of the server did not start"):
        gate.wait_until_open(timeout_s, lambda: False)


def test_nobody_waits_any_more_when_it_is_to_stop(make: Callable[[str], tuple[Gate, int]]) -> None:
    gate, _ = make("import time; time.sleep(60)")
    gate.wait_until_open(TIMEOUT_S, lambda: True)
