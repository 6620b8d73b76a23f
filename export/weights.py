"""The files of a choice: from their sources, or the user's own in their place."""

from collections.abc import Iterable
from pathlib import Path

import click

from downloads import DownloadError, Source, fetch, identify
from export.choices import SOURCES, Choice
from export.contract import DetectorExport, RecognizerExport
from export.errors import ExportError

AnyChoice = Choice[DetectorExport] | Choice[RecognizerExport]


def parse(_context: click.Context, _parameter: click.Parameter, values: Iterable[str]) -> dict[str, Source]:
    """`NAME=FILE` options → the named sources out of these files.

    Raises:
        click.ClickException: No such name, or the file cannot be read.
    """
    given = {}
    for value in values:
        name, _, file = value.partition("=")
        if name not in SOURCES or not file:
            raise click.ClickException(f"--weights {value}: write NAME=FILE; NAME is one of {', '.join(SOURCES)}")
        try:
            given[name] = SOURCES[name].given(Path(file).absolute())
        except OSError as error:
            raise click.ClickException(f"cannot read {file}: {error.strerror}") from error
    return given


def find(choice: AnyChoice, given: dict[str, Source]) -> list[Source]:
    """Sources of a choice, all with their hashes; the hash that no table knows is told.

    Raises:
        DownloadError: A file is neither given nor within reach.
    """
    found = []
    for source in choice.sources:
        try:
            found.append(identified := given.get(source.name) or identify(source))
        except DownloadError as error:
            raise _with_way_out(error, source) from error
        if identified.file:
            click.echo(f"{source.name} is {identified.origin}, SHA-256 {identified.sha256}", err=True)
    return found


def check_needed(choices: Iterable[AnyChoice], given: dict[str, Source]) -> None:
    """All files that are given belong to what is exported.

    Raises:
        ExportError: One does not.
    """
    needed = [source.name for choice in choices for source in choice.sources]
    if superfluous := sorted(given.keys() - set(needed)):
        raise ExportError(f"--weights {superfluous[0]} is of no use here: what is exported needs {', '.join(needed)}")


def fetch_all(sources: Iterable[Source]) -> list[Path]:
    """Paths of files, in the cache or the user's own.

    Raises:
        DownloadError: One cannot be fetched; the sentence names it, and how to give it.
    """
    return [_fetch(source) for source in sources]


def _fetch(source: Source) -> Path:
    try:
        return fetch(source)
    except DownloadError as error:
        raise _with_way_out(error, source) from error


def _with_way_out(error: DownloadError, source: Source) -> DownloadError:
    return DownloadError(f"{error}; if you have the file, give it with --weights {source.name}=FILE")
