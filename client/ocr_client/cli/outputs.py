"""Files for results: their names, and writing a complete file or none."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from ocr_client.cli.inputs import Input


def targets(inputs: Sequence[Input], folder: Path, suffix: str, *, verb: str) -> dict[Input, Path]:
    """Choose a file in a folder for each input. They must all differ, and none may be an input.

    Args:
        inputs: What is read.
        folder: Where the files go, in the folders that the inputs come from.
        suffix: Of the files, with the dot.
        verb: What is done to the files, for messages.

    Raises:
        click.UsageError: They are not all different.
    """
    chosen = {each: folder / each.relative.with_suffix(suffix) for each in inputs}
    target, count = Counter(chosen.values()).most_common(1)[0]
    if count > 1:
        raise click.UsageError(f"{count} images would be {verb} into {target}: read them one by one")
    refuse_inputs(inputs, chosen.values())
    return chosen


def refuse_inputs(inputs: Sequence[Input], files: Iterable[Path]) -> None:
    """Make sure that none of the files to be written is one of those that are read.

    Raises:
        click.UsageError: One is.
    """
    read = {each.path.resolve() for each in inputs if each.path}
    if clash := [file for file in files if file.resolve() in read]:
        raise click.UsageError(f"{clash[0]} would replace an image that is read: choose another place")


@contextmanager
def complete_file(target: Path) -> Iterator[BinaryIO]:
    """Open a file that gets its name when the block ends without an error; otherwise nothing is left.

    Raises:
        OSError: It cannot be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("wb") as stream:
            yield stream
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
