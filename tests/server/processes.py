"""Processes of this machine, as /proc tells."""

import time
from collections.abc import Callable
from pathlib import Path

TIMEOUT_S = 30
POLL_S = 0.02


def naming(folder: Path) -> set[int]:
    """The processes that have a path in this folder in their command line; one that has ended has none."""
    return {
        int(file.parent.name) for file in Path("/proc").glob("[0-9]*/cmdline") if f"{folder}/".encode() in _read(file)
    }


def wait_until(condition: Callable[[], object], timeout_s: float = TIMEOUT_S) -> None:
    """Wait until something holds.

    Raises:
        TimeoutError: It did not in that time.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not come true in time")
        time.sleep(POLL_S)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
