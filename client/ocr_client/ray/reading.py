"""What every task of an archive does: read the files of a part, and write its pages."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import pyarrow.parquet as pq

from ocr_client.cli.delivery import pages_of_file
from ocr_client.cli.inputs import Input
from ocr_client.cli.outcomes import Outcome, read_all
from ocr_client.client import OcrClient
from ocr_client.documents import ReadPage
from ocr_client.errors import ServerOverloaded, ServerUnreachable
from ocr_client.formats import WRITERS
from ocr_client.ray.columns import SCHEMA, row, table
from ocr_client.ray.parts import Part
from ocr_client.ray.storage import Place

if TYPE_CHECKING:
    from ocr_client.options import ReadOptions

PAGES = "pages"
# So many rows are in memory before they are written.
ROWS_AT_ONCE = 256


class Stopped(Exception):
    """The servers cannot be reached any more, so the run ends."""


class _Incomplete(Exception):
    """A page of a file has failed: no file is better than one that looks complete."""


@dataclass(slots=True)
class Tally:
    """What became of a part, or of several.

    Attributes:
        files: How many were read.
        pages: How many rows were written.
        failed: How many of them have an error.
        problems: What else could not be done, in sentences.
        stopped: Why the run ends before its time, in a sentence; empty if it does not.
    """

    files: int = 0
    pages: int = 0
    failed: int = 0
    problems: list[str] = field(default_factory=list)
    stopped: str = ""

    def add(self, other: "Tally") -> None:
        """Count what became of another part, too."""
        self.files += other.files
        self.pages += other.pages
        self.failed += other.failed
        self.problems += other.problems
        self.stopped = self.stopped or other.stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How every part is read, as a function for Ray Data.

    Attributes:
        connect: Makes a client of all servers.
        output: The folder of the archive.
        format_name: What is written for each file beside Parquet; None for nothing.
        concurrency: How many requests a task has under way.
        dpi: Resolution for the pages of PDFs, and of images that state none; None for 200, as a guess.
        force: Whether pages of PDFs that have text are read, too, where PDFs are written.
        options: Go with every request.
    """

    connect: Callable[[], OcrClient]
    output: Place
    format_name: str | None
    concurrency: int
    dpi: float | None
    force: bool
    options: Mapping[str, Any]

    def __call__(self, packed: dict[str, Any]) -> dict[str, Any]:
        """Read a part; gives its tally as a row."""
        part, tally = Part.unpacked(packed), Tally()
        try:
            with self.connect() as client, closing(self._outcomes(client, part)) as outcomes:
                self._write(part, outcomes, tally)
        except (Stopped, OSError) as stopped:  # a file that cannot be read is a row; this cannot be written
            return asdict(Tally(stopped=str(stopped)))
        return asdict(tally)

    def _outcomes(self, client: OcrClient, part: Part) -> Any:
        writer = WRITERS[self.format_name] if self.format_name else None
        options: dict[str, Any] = {**self.options, "facts": True, "unread": True}
        if writer:
            options["blocks"] = options.get("blocks") or writer.needs_blocks
            options["words"] = options.get("words") or writer.needs_words
        return read_all(
            client,
            [Input(str(file.place), PurePosixPath(file.relative), file.place.read) for file in part.files],
            dpi=self.dpi,
            concurrency=self.concurrency,
            keep_images=writer is not None and writer.needs_image,
            to_pdf=self.format_name == "pdf",
            force=self.force,
            options=cast("ReadOptions", options),
        )

    def _write(self, part: Part, outcomes: Iterator[Outcome], tally: Tally) -> None:
        """Write the part's pages, and a file for each of its files."""
        with self.output.below(f"{PAGES}/{part.name}").written_whole() as stream, _Rows(stream, tally) as rows:
            for first in outcomes:
                results = _results(pages_of_file(first, outcomes), rows)
                if self.format_name:
                    self._write_file(first.file, results, tally)
                for _rest in results:
                    pass
                tally.files += 1

    def _write_file(self, file: Input, results: Iterator[ReadPage], tally: Tally) -> None:
        writer, failed_before = WRITERS[str(self.format_name)], tally.failed
        target = self.output.below(f"{self.format_name}/{file.relative}{writer.suffix}")
        try:
            with target.written_whole() as stream:
                writer.write(results, stream)
                if tally.failed > failed_before:
                    raise _Incomplete
        except _Incomplete:
            pass
        except (OSError, ValueError) as error:
            if getattr(error, "errno", None):  # the disk's, not the image's
                raise
            tally.problems.append(f"{file.name}: no {self.format_name} is written: {error}")


class _Rows:
    """The rows of a part, on their way into its file."""

    def __init__(self, stream: BinaryIO, tally: Tally) -> None:
        self._writer = pq.ParquetWriter(stream, SCHEMA, compression="zstd")
        self._tally = tally
        self._waiting: list[dict[str, Any]] = []

    def add(self, outcome: Outcome) -> None:
        """Write one more."""
        self._waiting.append(row(outcome))
        self._tally.pages += 1
        self._tally.failed += outcome.error is not None
        if len(self._waiting) == ROWS_AT_ONCE:
            self._flush()

    def __enter__(self) -> "_Rows":
        return self

    def __exit__(self, *_exception: object) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        self._writer.write_table(table(self._waiting))
        self._waiting.clear()


def _results(outcomes: Iterator[Outcome], rows: _Rows) -> Iterator[ReadPage]:
    """What could be read; all of it becomes rows."""
    for outcome in outcomes:
        if isinstance(outcome.error, (ServerUnreachable, ServerOverloaded)):
            raise Stopped(str(outcome.error))
        rows.add(outcome)
        if outcome.result is not None:
            yield outcome.result
