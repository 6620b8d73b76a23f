"""A stuck server is told from a busy one, and from an idle one."""

from typing import Any

import pytest

from ocr_launch.http_api import ApiError, HttpApi
from ocr_launch.names import ENSEMBLE
from ocr_launch.pulse import QUIET_S, Pulse
from ocr_launch.starvation import CoreTime


class Server(HttpApi):
    """Answers without a network: `done` tells what each model has read, `is_reading` whether it reads a small image."""

    done: dict[str, int]
    is_reading: bool
    status: int
    probes: int
    lines_a_probe: int

    def __init__(self) -> None:
        super().__init__("127.0.0.1", 1)
        for name, value in {
            "done": {ENSEMBLE: 1, "recognition": 5},
            "is_reading": True,
            "status": 0,
            "probes": 0,
            "lines_a_probe": 0,
        }.items():
            object.__setattr__(self, name, value)

    def configs(self, timeout_s: float) -> dict[str, dict[str, Any]]:
        """One step that calls a recognizer."""
        assert timeout_s
        return {ENSEMBLE: {}, "decoding": {"parameters": {"recognizer": {"string_value": "recognition"}}}}

    def successes(self, model: str, timeout_s: float) -> int:
        """What a model has read."""
        assert timeout_s
        return self.done[model]

    def infer(self, *_: Any) -> dict[str, Any]:
        """Read a small image, or fail."""
        object.__setattr__(self, "probes", self.probes + 1)
        self.done["recognition"] += self.lines_a_probe
        if not self.is_reading:
            raise ApiError("not read", self.status)
        self.done[ENSEMBLE] += 1
        return {}


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def now_s() -> list[float]:
    return [100.0]


@pytest.fixture
def had() -> list[CoreTime]:
    """What the server's threads have had when a small image goes in, and when it should have come out."""
    return [CoreTime(0, 0, 0), CoreTime(20, 39, 100)]


@pytest.fixture
def pulse(server: Server, had: list[CoreTime], now_s: list[float]) -> Pulse:
    made = Pulse(server, lambda: had.pop(0), 2, lambda: now_s[0])
    made.feel()
    return made


def test_a_server_that_reads_is_asked_for_nothing(server: Server, pulse: Pulse, now_s: list[float]) -> None:
    for model in (ENSEMBLE, "recognition", ENSEMBLE):
        now_s[0] += QUIET_S + 1
        server.done[model] += 1
        pulse.feel()
    assert (server.probes, pulse.is_stuck) == (0, False)


def test_an_idle_server_reads_a_small_image_now_and_then(server: Server, pulse: Pulse, now_s: list[float]) -> None:
    for _ in range(4):
        now_s[0] += QUIET_S * 0.6
        pulse.feel()
    assert (server.probes, pulse.is_stuck) == (1, False)


@pytest.mark.parametrize(
    ("status", "is_stuck"),
    [
        pytest.param(0, True, id="no-answer"),
        pytest.param(503, True, id="full-of-pages-that-do-not-move"),
        pytest.param(400, False, id="an-error-is-an-answer"),
    ],
)
def test_a_server_that_reads_nothing_any_more_is_stuck(
    server: Server, pulse: Pulse, now_s: list[float], status: int, is_stuck: bool
) -> None:
    object.__setattr__(server, "is_reading", False)
    object.__setattr__(server, "status", status)
    now_s[0] += QUIET_S + 1
    pulse.feel()
    assert pulse.is_stuck is is_stuck


def test_a_server_that_reads_a_long_page_meanwhile_is_only_busy(
    server: Server, pulse: Pulse, now_s: list[float]
) -> None:
    object.__setattr__(server, "is_reading", False)
    object.__setattr__(server, "lines_a_probe", 1)
    now_s[0] += QUIET_S + 1
    pulse.feel()
    assert (server.probes, pulse.is_stuck) == (1, False)


def test_a_server_that_others_keep_from_the_cores_is_slow_and_not_stuck(
    server: Server, pulse: Pulse, had: list[CoreTime], now_s: list[float]
) -> None:
    object.__setattr__(server, "is_reading", False)
    had[1] = CoreTime(20, 0.5, 60)
    now_s[0] += QUIET_S + 1
    pulse.feel()
    assert (server.probes, pulse.is_stuck) == (1, False)
