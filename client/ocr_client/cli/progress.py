"""How far a run of `ocr read` is and what failed, told on stderr."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

import click

from ocr_client.cli.outcomes import Outcome

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar  # click gives it no public name


class Progress:
    """Counts what is done, shows how far it is, and says what fails.

    Args:
        files: How many are to be read.
        bar: Whether to show a bar with the rate and the time left.

    Attributes:
        failed: How many failures were told.
        finished: How many files the caller has done, whether they could be read or not.
    """

    def __init__(self, files: int, *, bar: bool) -> None:
        self.failed = 0
        self.finished = 0
        self._kept = 0
        self._start_s = time.monotonic()
        self._bar: ProgressBar[int] = click.progressbar(
            length=files,
            label="Reading",
            hidden=not bar,
            show_pos=True,
            item_show_func=lambda _: self._rate(),
            file=sys.stderr,
        )

    def __enter__(self) -> "Progress":
        self._bar.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._bar.__exit__(kind, error, traceback)

    def advance(self, outcome: Outcome) -> None:
        """Move the bar by a page; by a file's first, tell it of the pages behind."""
        if outcome.number == 1 and self._bar.length:
            self._bar.length += outcome.count - 1
        self._bar.update(1)
        self._count_kept(outcome)

    def fail(self, name: str, error: object) -> None:
        """Say what failed."""
        self.failed += 1
        self.say(f"{name}: {error}")

    def say(self, message: str) -> None:
        """Print a line, above the bar where there is one."""
        if not self._bar.hidden:
            click.echo("\r\033[K", err=True, nl=False)
        click.echo(message, err=True)
        self._bar.render_progress()

    def _count_kept(self, outcome: Outcome) -> None:
        """After a file's last page, say how many have text and were left as they are."""
        self._kept = outcome.kept + (self._kept if outcome.number > 1 else 0)
        if self._kept and outcome.number == outcome.count:
            if outcome.count == 1:
                self.say(f"{outcome.file.name}: the page has text already and stays as before; --force reads it, too")
                return
            self.say(
                f"{outcome.file.name}: {self._kept} of {outcome.count} pages have text already and stay as before; "
                "--force reads them, too"
            )

    def _rate(self) -> str:
        elapsed_s = time.monotonic() - self._start_s
        return f"{self._bar.pos / max(elapsed_s, 1e-9):.1f}/s"
