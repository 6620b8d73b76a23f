"""What to read and where to write the results, decided before anything is read."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from ocr_client.cli.inputs import Input
from ocr_client.cli.outputs import refuse_inputs, targets
from ocr_client.formats import LAYOUT, WRITERS, Writer

SUFFIX_FORMATS = {writer.suffix: name for name, writer in WRITERS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One run of `ocr read`.

    Attributes:
        inputs: What is to be read.
        skipped: How many inputs are not read, because their files exist.
        writer: The format; None to print for people.
        file: The one file to write; None for standard output or a folder.
        folder: The folder to write into; None for standard output or one file.
        files: In it, the file for each input.
        pictures: The overlay for each input; empty for none.
    """

    inputs: Sequence[Input]
    skipped: int
    writer: Writer | None
    file: Path | None
    folder: Path | None
    files: Mapping[Input, Path]
    pictures: Mapping[Input, Path]

    @property
    def needs_blocks(self) -> bool:
        """Whether lines must know their blocks."""
        return self.writer is not None and self.writer.needs_blocks

    @property
    def needs_images(self) -> bool:
        """Whether the images are needed after they are read."""
        return bool(self.pictures) or (self.writer is not None and self.writer.needs_image)

    @property
    def needs_words(self) -> bool:
        """Whether the words are needed, too."""
        return self.writer is not None and self.writer.needs_words

    @property
    def to_pdf(self) -> bool:
        """Whether a PDF is written, in which PDFs keep their pages."""
        return self.writer is WRITERS["pdf"]


def make_plan(
    inputs: Sequence[Input],
    format_name: str | None,
    output: str | None,
    overlay: Path | None,
    *,
    skip_existing: bool,
    layout: bool = False,
) -> Plan:
    """Decide what goes where.

    Raises:
        click.UsageError: The options do not go together, or a file would be written twice or over an input.
    """
    folder = Path(output) if output and _is_folder(output) else None
    file = Path(output) if output and not folder else None
    if skip_existing and not folder:
        raise click.UsageError("--skip-existing needs --output with a folder")
    if file:
        refuse_inputs(inputs, [file])
    writer = _writer("text" if layout and not format_name and not output else format_name, output, file)
    if layout:
        if writer is not WRITERS["text"]:
            raise click.UsageError("--layout is for --format text: other formats say where lines stand")
        writer = LAYOUT
    files = targets(inputs, folder, writer.suffix, verb="written") if folder and writer else {}
    waiting = [each for each in inputs if not (skip_existing and files[each].exists())]
    return Plan(
        inputs=waiting,
        skipped=len(inputs) - len(waiting),
        writer=writer,
        file=file,
        folder=folder,
        files=files,
        pictures=targets(inputs, overlay, ".png", verb="drawn") if overlay else {},
    )


def _is_folder(output: str) -> bool:
    path = Path(output)
    return path.is_dir() or output.endswith(os.sep) or not (path.suffix or path.exists())


def _writer(format_name: str | None, output: str | None, file: Path | None) -> Writer | None:
    """The format asked for, or that of the file's suffix; text for folders and without one, none for the terminal."""
    if output and not format_name:
        format_name = _format_of(file) if file and file.suffix else "text"
    writer = WRITERS[format_name] if format_name else None
    named = SUFFIX_FORMATS.get(file.suffix.lower()) if file else None
    if writer and named and writer.binary != WRITERS[named].binary:
        raise click.UsageError(f"{file}: its suffix says {named} and --format says {format_name}: change one of them")
    if writer and writer.binary and not output and sys.stdout.isatty():
        raise click.UsageError(f"{format_name} cannot be shown in a terminal: write it with --output, or into a pipe")
    return writer


def _format_of(file: Path) -> str:
    if name := SUFFIX_FORMATS.get(file.suffix.lower()):
        return name
    known = ", ".join(f"{suffix} ({name})" for suffix, name in SUFFIX_FORMATS.items())
    raise click.UsageError(f"{file}: cannot write {file.suffix}; known are {known}; --format NAME goes with any suffix")
