"""A process that is stuck is told from one that is slow, one that waits, and one that was halted with all others."""

import dataclasses
from collections.abc import Mapping
from typing import Any, cast

import pytest

from ocr_core.heartbeat import Beat, State
from ocr_launch.faults import Watch
from ocr_launch.wedges import BUSY_S, STILL_LOOKS, WAITING_LOOKS

WORKING, WAITING = Beat(1, State.WORKING), Beat(2, State.WAITING)


@dataclasses.dataclass
class Handle:
    """Of a process."""

    pid: int


@dataclasses.dataclass
class Worker:
    """A process that has had so much of a core's time as a test says."""

    model: str
    handle: Handle
    used_s: float = 7.0
    is_at_disk: bool = False
    is_killed: bool = False

    def cpu_s(self) -> float:
        """As of a `Process`."""
        return self.used_s

    def kill(self) -> None:
        """Note it."""
        self.is_killed = True

    def __str__(self) -> str:
        return f"{self.model}_0_0"


@pytest.fixture
def cropping() -> Worker:
    return Worker("cropping", Handle(11))


@pytest.fixture
def decoding() -> Worker:
    return Worker("decoding", Handle(12))


@pytest.fixture
def watch(cropping: Worker, decoding: Worker) -> Watch:
    return Watch(cast("Any", [cropping, decoding]))


def look(watch: Watch, beats: Mapping[int, Beat], looks: int) -> list[Any]:
    return [fault for _ in range(looks) if (fault := watch.look_closer(beats))]


def test_one_that_stands_still_at_its_work_is_killed(watch: Watch, cropping: Worker, decoding: Worker) -> None:
    beats = {11: WORKING}
    assert look(watch, beats, 1 + STILL_LOOKS) == []
    (fault,) = look(watch, beats, 1)
    assert (fault.sentence, fault.models) == ("cropping_0_0 stands still", {"cropping"})
    assert (cropping.is_killed, decoding.is_killed) == (True, False)


def test_one_that_computes_for_ever_is_killed(watch: Watch, cropping: Worker) -> None:
    look(watch, {11: WORKING}, 1)
    faults: list[Any] = []
    while not faults:
        cropping.used_s += 0.5
        faults = look(watch, {11: WORKING}, 1)
    assert faults[0].sentence == "cropping_0_0 has been at one request for 20 s of a core"
    assert cropping.used_s > 7 + BUSY_S


def test_one_that_gets_little_of_a_crowded_machine_is_only_slow(watch: Watch, cropping: Worker) -> None:
    for _ in range(1000):
        cropping.used_s += 0.01
        assert look(watch, {11: WORKING}, STILL_LOOKS - 1) == []


def test_work_upon_work_is_no_fault(watch: Watch, cropping: Worker) -> None:
    for number in range(100):
        cropping.used_s += BUSY_S / 2
        assert look(watch, {11: Beat(number, State.WORKING)}, 2) == []


@pytest.mark.parametrize("beats", [{}, {11: Beat(3, State.IDLE)}])
def test_one_that_has_nothing_to_do_may_stand_still(watch: Watch, beats: dict[int, Beat]) -> None:
    assert look(watch, beats, 10 * STILL_LOOKS) == []


def test_one_that_waits_for_a_disk_is_not_stuck(watch: Watch, cropping: Worker) -> None:
    cropping.is_at_disk = True
    assert look(watch, {11: WORKING}, 10 * STILL_LOOKS) == []


def test_one_that_waits_for_another_model_for_ever_ends_the_server(watch: Watch, decoding: Worker) -> None:
    assert look(watch, {12: WAITING}, WAITING_LOOKS) == []
    (fault,) = look(watch, {12: WAITING}, 1)
    assert (fault.sentence, fault.models) == ("decoding_0_0 waits for another model that does not answer", frozenset())
    assert not decoding.is_killed
