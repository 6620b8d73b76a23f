"""What the process of a step is at: a number in a small file in shared memory, one for each process.

A process that is stuck lives, and looks well from outside. So each one notes what it begins, ends and waits for; the
supervisor reads the notes, and looks closer where one stays the same.
"""

import enum
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from ocr_core.server_files import BEAT, files_of, server_file

BYTES = 8


class State(enum.IntEnum):
    """What a process is at."""

    IDLE = 0
    WORKING = 1
    WAITING = 2


@dataclass(frozen=True)
class Beat:
    """What a process has noted last.

    Attributes:
        number: Of the note; the next one has another.
        state: What it is at.
    """

    number: int = 0
    state: State = State.IDLE


class Heartbeat:
    """The notes of this process.

    Args:
        file: Where they are.
    """

    def __init__(self, file: Path) -> None:
        self._numbers = count(1)
        self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self._note(State.IDLE)

    @classmethod
    def of_this_process(cls) -> "Heartbeat":
        """That of this child of a tritonserver."""
        own = server_file(BEAT, os.getppid())
        return cls(own.with_name(f"{own.name}-{os.getpid()}"))

    @contextmanager
    def working(self) -> Iterator[None]:
        """The block computes: it takes a core's time, and only so much of it."""
        self._note(State.WORKING)
        try:
            yield
        finally:
            self._note(State.IDLE)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Within `working`: the block waits for another model."""
        self._note(State.WAITING)
        try:
            yield
        finally:
            self._note(State.WORKING)

    def moved(self) -> None:
        """Within `waiting`: something that was waited for has come."""
        self._note(State.WAITING)

    def _note(self, state: State) -> None:
        number = next(self._numbers) * len(State) + state
        with suppress(OSError):  # of no use to the caller, whose request goes on
            os.pwrite(self._descriptor, number.to_bytes(BYTES, "little"), 0)


def beats(server_pid: int) -> dict[int, Beat]:
    """What each process of a tritonserver has noted last, by its number; those of dead ones, too."""
    try:
        own = server_file(BEAT, server_pid)
    except FileNotFoundError:  # the server has ended
        return {}
    return {_pid(file): _read(file) for file in own.parent.glob(f"{own.name}-*")}


def forget_beats(server_pid: int, living: Collection[int] = ()) -> None:
    """Remove what the processes of a tritonserver, which may have ended, have noted, but for those that live."""
    for file in files_of(BEAT, server_pid):
        if _pid(file) not in living:
            file.unlink(missing_ok=True)


def _pid(file: Path) -> int:
    return int(file.name.rpartition("-")[2])


def _read(file: Path) -> Beat:
    try:
        number = int.from_bytes(file.read_bytes()[:BYTES], "little")
    except FileNotFoundError:
        return Beat()
    return Beat(number, State(number % len(State)))
