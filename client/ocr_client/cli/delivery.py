"""Where results go: standard output, one file, or a folder with a file for each input."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ocr_client.cli.inputs import Input
from ocr_client.cli.outcomes import Outcome
from ocr_client.cli.outputs import complete_file
from ocr_client.cli.progress import Progress
from ocr_client.documents import ReadPage
from ocr_client.errors import ServerOverloaded, ServerUnreachable
from ocr_client.formats import Writer
from ocr_client.overlay import draw_overlay


class Stopped(Exception):
    """The server cannot be reached any more, so the run ends."""


class _Incomplete(Exception):
    """A page of a file has failed: no file is better than one that looks complete."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Takes the outcomes in their order and writes them.

    Attributes:
        progress: Told of every outcome.
        pictures: Where to draw overlays; empty for none.
    """

    progress: Progress
    pictures: Mapping[Input, Path]

    def to_people(self, outcomes: Iterator[Outcome], show: Callable[[Iterable[ReadPage]], None]) -> None:
        """Print for people.

        Raises:
            Stopped: The server cannot be reached any more.
        """
        show(self._results(outcomes))

    def to_stdout(self, outcomes: Iterator[Outcome], writer: Writer) -> None:
        """Write everything to standard output, each page as soon as it is read.

        Raises:
            Stopped: The server cannot be reached any more.
        """
        stdout = sys.stdout.buffer
        writer.write(self._flushed(outcomes, stdout), stdout)

    def to_file(self, outcomes: Iterator[Outcome], writer: Writer, file: Path) -> None:
        """Write everything into one file, which is complete or not there.

        Raises:
            Stopped: The server cannot be reached any more.
        """
        with complete_file(file) as stream:
            writer.write(self._results(outcomes), stream)

    def to_folder(self, outcomes: Iterator[Outcome], writer: Writer, files: Mapping[Input, Path]) -> None:
        """Write a file for each input as soon as all its pages are read; none if one of them fails.

        Raises:
            Stopped: The server cannot be reached any more.
        """
        for first in outcomes:
            pages = pages_of_file(first, outcomes)
            try:
                self._to_file_if_complete(pages, writer, files[first.file])
            except (OSError, ValueError) as error:
                if getattr(error, "errno", None):  # the disk's, not the image's
                    raise
                self.progress.fail(first.file.name, error)
                self._skip(pages)

    def _to_file_if_complete(self, pages: Iterator[Outcome], writer: Writer, file: Path) -> None:
        failed_before = self.progress.failed
        with suppress(_Incomplete), complete_file(file) as stream:
            writer.write(self._results(pages), stream)
            if self.progress.failed > failed_before:
                raise _Incomplete

    def _skip(self, pages: Iterator[Outcome]) -> None:
        """Skip the remaining pages of a file."""
        for outcome in pages:
            self.progress.advance(outcome)
        self.progress.finished += 1

    def _results(self, outcomes: Iterable[Outcome]) -> Iterator[ReadPage]:
        """What could be read; failures are told."""
        for outcome in outcomes:
            if isinstance(outcome.error, (ServerUnreachable, ServerOverloaded)):
                raise Stopped(str(outcome.error))
            self.progress.advance(outcome)
            if outcome.result is None:
                self.progress.fail(outcome.name, outcome.error)
            else:
                self._tell_unknown(outcome, outcome.result)
                self._draw(outcome, outcome.result)
                yield outcome.result
            self.progress.finished += outcome.number == outcome.count

    def _flushed(self, outcomes: Iterable[Outcome], stream: BinaryIO) -> Iterator[ReadPage]:
        for result in self._results(outcomes):
            yield result
            stream.flush()

    def _tell_unknown(self, outcome: Outcome, result: ReadPage) -> None:
        count = sum(unread.reason == "unknown_script" for unread in result.page.unread or ())
        if count:
            lines = "1 line is" if count == 1 else f"{count} lines are"
            self.progress.say(f"{outcome.name}: {lines} in a script that this recognizer does not know")

    def _draw(self, outcome: Outcome, result: ReadPage) -> None:
        picture = self.pictures.get(outcome.file)
        if picture is None or result.image is None:
            return
        if outcome.count > 1:
            picture = picture.with_stem(f"{picture.stem}.page{outcome.number}")
        try:
            with complete_file(picture) as stream:
                draw_overlay(result.image, result.page).save(stream, "PNG")
        except (OSError, ValueError) as error:
            self.progress.fail(outcome.name, error)
        else:
            self.progress.say(f"{outcome.name}: drawn into {picture}")


def pages_of_file(first: Outcome, others: Iterator[Outcome]) -> Iterator[Outcome]:
    """The outcomes of one file, without waiting for the next file's."""
    outcome = first
    yield outcome
    while outcome.number < outcome.count:
        outcome = next(others)
        yield outcome
