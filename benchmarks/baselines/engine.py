"""An engine in a process of its own, and our end of the pipe to it."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from downloads.environment import PROJECT
from ocr_client import Line, Page


class EngineFailed(RuntimeError):
    """An engine's process ended early; the message has the last line that it printed."""


class Engine:
    """A running engine, as a context manager.

    Args:
        name: What to call it.
        command: Starts its process, in the project's folder.
    """

    def __init__(self, name: str, command: Sequence[str | Path]) -> None:
        self.name = name
        self._command = command

    def __enter__(self) -> "Engine":
        """Start it, and wait until it has loaded its models.

        Raises:
            EngineFailed: It cannot.
        """
        self._messages = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(  # noqa: S603 - our own command
            self._command,
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            text=True,
            encoding="utf-8",
        )
        try:
            self._answer()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End it."""
        self._process.kill()  # it has nothing to tidy up
        self._process.communicate()
        self._messages.close()

    def read(self, path: Path) -> tuple[Page, float]:
        """What it reads in an image (a page without size and confidences), and the seconds that took.

        Raises:
            EngineFailed: It ended instead.
        """
        if self._process.stdin:
            try:
                self._process.stdin.write(f"{path.absolute()}\n")
                self._process.stdin.flush()
            except BrokenPipeError:
                raise self._failure() from None
        return parse_answer(self._answer())

    def _answer(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise self._failure()
        return line

    def _failure(self) -> EngineFailed:
        self._process.wait()
        self._messages.seek(0)
        lines = [line.strip() for line in self._messages if line.strip()]
        return EngineFailed(f"{self.name} ended: {lines[-1] if lines else 'without a message'}")


def parse_answer(answer: str) -> tuple[Page, float]:
    """Understand a line that `benchmarks.baselines.engines.pipe` wrote."""
    fields = json.loads(answer)
    lines = tuple(
        Line.from_dict({"text": text, "confidence": 1, "quad": quad, "score": 1})
        for text, quad in zip(fields["texts"], fields["quads"], strict=True)
    )
    return Page(width=0, height=0, lines=lines), float(fields["seconds"])
