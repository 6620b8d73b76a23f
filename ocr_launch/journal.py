"""What the supervisor knows of its server: said to people, written for `ocr-health`, counted for Prometheus."""

import dataclasses
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from ocr_core.admission import Crowd
from ocr_launch import run_state
from ocr_launch.errors import StartError
from ocr_launch.run_state import RunState

BEAT_S = 1.0


class Journal:
    """The state of a server, written whenever it changes, and every now and then.

    Args:
        state: What is known at first.
        file: Where `ocr-health` finds it.
        say: Takes one sentence a fault.

    Attributes:
        state: What is known now.
    """

    def __init__(self, state: RunState, file: Path, say: Callable[[str], None]) -> None:
        self.state = state
        self._file, self._say = file, say
        self._beat_s = 0.0

    def begin(self) -> None:
        """Write for the first time.

        Raises:
            StartError: The file cannot be written.
        """
        try:
            self._write()
        except OSError as error:
            raise StartError(f"cannot write {self._file} ({error.strerror})") from error

    def note(self, state: str, trouble: str = "") -> None:
        """Note what the supervisor is at.

        Args:
            state: One of the words of `run_state`.
            trouble: What is being mended; what was noted before stays as long as it is being mended.
        """
        kept = trouble or self.state.trouble if state == run_state.RESTARTING else ""
        self.state = dataclasses.replace(self.state, state=state, trouble=kept)
        with suppress(OSError):  # a full disk must not end the supervision
            self._write()

    def know(self, names: Iterable[str]) -> None:
        """Count from 0 what these are started anew: a count that begins with 1 shows no increase.

        Args:
            names: Models with processes, and `gate`.
        """
        counts = {**dict.fromkeys(names, 0), **self.state.process_restarts}
        self.state = dataclasses.replace(self.state, process_restarts=counts)

    def note_crowd(self, crowd: Crowd, *, is_overloaded: bool) -> None:
        """Note how many pages come; that is written with the next beat."""
        self.state = self.state.with_crowd(crowd, is_overloaded=is_overloaded)

    def report(self, sentence: str) -> None:
        """Tell people what has happened."""
        self._say(sentence)
        self.state = self.state.with_fault(sentence)
        self.note(self.state.state)

    def count(self, sentence: str, began_s: float, *mended: str) -> None:
        """Tell people that something was started anew, and count it.

        Args:
            sentence: What has happened.
            began_s: When that began, by `time.monotonic`.
            mended: The models whose processes were, or `gate`; nothing if it was the whole server.
        """
        self.state = self.state.with_restart(mended)
        self.report(f"{sentence} ({time.monotonic() - began_s:.1f} s)")

    @property
    def is_due(self) -> bool:
        """Nothing was written for long enough."""
        return time.monotonic() - self._beat_s > BEAT_S

    def _write(self) -> None:
        self._beat_s = time.monotonic()
        self.state.write(self._file)
