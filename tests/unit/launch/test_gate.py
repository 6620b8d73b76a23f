"""A gate's process: it is waited for until it listens, and its port stays its own while it is started anew."""

import math
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from unittest import mock

import pytest

from ocr_core.admission import Crowd
from ocr_launch.errors import StartError
from ocr_launch.gate import Gate, GatePlan, plan
from ocr_launch.ports import GRPC, HTTP, LOOPBACK, Address, open_doors, port_of
from tests.server.processes import wait_until

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

REFUSES = """
import sys, time
from ocr_gate.refusals import Refusals
Refusals(int(sys.argv[-1].partition("=")[2])).note()
time.sleep(60)
"""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[[str], tuple[Gate, int]]]:
    """A gate that runs this program, and its port."""
    with ExitStack() as stack:

        def start(program: str) -> tuple[Gate, int]:
            doors = open_doors(dict.fromkeys((HTTP, GRPC), Address(LOOPBACK)), stack).sockets
            port = port_of(doors[GRPC])
            command = [sys.executable, "-c", program, str(port)]
            gate = Gate(GatePlan(command, doors[HTTP], doors[GRPC], tmp_path / "log"))
            stack.callback(gate.kill)
            gate.start()
            return gate, port

        yield start


def test_it_is_open_once_it_listens_also_after_it_was_started_anew(make: Callable[[str], tuple[Gate, int]]) -> None:
    gate, port = make(LISTENS)
    for _ in range(2):
        gate.wait_until_open(TIMEOUT_S, lambda: False)
        socket.create_connection(("127.0.0.1", port)).close()
        gate.start()


def test_its_refusals_are_counted_on_after_it_was_started_anew(make: Callable[[str], tuple[Gate, int]]) -> None:
    gate, _ = make(REFUSES)
    at_first = gate.with_refused(Crowd(pages=3, refused=5, refused_s_ago=0.5))
    assert (at_first.pages, at_first.refused, at_first.refused_s_ago) in [(3, 0, math.inf), (3, 1, mock.ANY)]
    wait_until(lambda: gate.with_refused(Crowd()).refused == 1)
    gate.start()
    wait_until(lambda: gate.with_refused(Crowd()).refused == 2)
    assert 0 <= gate.with_refused(Crowd()).refused_s_ago < TIMEOUT_S


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


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_that_of_the_models_passes_requests_on_once_it_is_open(host: str, tmp_path: Path) -> None:
    """Nobody is behind it: it says so itself."""
    with ExitStack() as stack:
        doors = open_doors(dict.fromkeys((HTTP, GRPC), Address(host)), stack)
        gate = Gate(plan(doors, "ocr-triton-x", 1, tmp_path / "log"))
        stack.callback(gate.kill)
        gate.start()
        gate.wait_until_open(TIMEOUT_S, lambda: False)
        connection = stack.enter_context(closing(HTTPConnection(host, port_of(doors.sockets[HTTP]), timeout=TIMEOUT_S)))
        for path, status in {"/v2/health/live": 503, "/v2/models/text_detection/infer": 403}.items():
            connection.request("POST", path, b"{}")
            answer = connection.getresponse()
            assert (answer.status, answer.read() != b"") == (status, True)
