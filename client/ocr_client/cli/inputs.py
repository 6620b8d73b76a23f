"""What the command line names: files, folders, patterns, URLs and standard input."""

import glob
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from urllib.parse import urlsplit

import click

from ocr_client.formats import WRITERS

SUFFIXES = {
    *(
        ".avif",
        ".bmp",
        ".gif",
        ".heic",
        ".heif",
        ".jp2",
        ".jpeg",
        ".jpg",
        ".pdf",
        ".pgm",
        ".png",
        ".ppm",
        ".tif",
        ".tiff",
    ),
    ".webp",
}
# What runs before may have left beside the images: not worth a word.
RESULTS = {writer.suffix for writer in WRITERS.values()} - SUFFIXES
# How many of a folder's other files are named.
MOST_NAMED = 10
# No readable file is larger. It keeps a wrong address from filling the memory.
MAX_DOWNLOAD_BYTES = 500_000_000
DOWNLOAD_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Input:
    """One file to read.

    Attributes:
        name: What the user calls it.
        relative: Where its result goes, relative to the output folder, still with the suffix of the input.
        fetch: Gives its content, or its path if the file is on this machine.
        path: Where it is, if it is a file here.
    """

    name: str
    relative: PurePath = field(compare=False)
    fetch: Callable[[], Path | bytes] = field(compare=False, repr=False)
    path: Path | None = field(compare=False, default=None)


def expand(arguments: Sequence[str], *, recursive: bool) -> list[Input]:
    """Find the files that the arguments name, each once, those of a folder or pattern by name.

    Args:
        arguments: A file, a folder for the images in it, a pattern with `*`, `?`, `[…]` or `**`, a URL, or `-` for
            standard input.
        recursive: Whether to look into the folders of a folder, too.

    Raises:
        click.UsageError: Nothing is there.
    """
    return list(dict.fromkeys(found for argument in arguments for found in _expand(argument, recursive)))


def _expand(argument: str, recursive: bool) -> Iterator[Input]:
    path = Path(argument)
    if argument == "-":
        yield Input("-", PurePath("stdin"), _read_stdin)
    elif re.match("https?://", argument):
        yield Input(argument, _url_name(argument), lambda: _download(argument))
    elif path.is_dir():
        yield from (_file(file, path) for file in _images(path, recursive))
    elif path.exists():
        yield _file(path, path.parent)
    elif glob.has_magic(argument):
        yield from (_file(file, _fixed_part(path)) for file in _matches(argument))
    else:
        raise click.UsageError(f"{argument} does not exist")


def _file(path: Path, folder: Path) -> Input:
    return Input(str(path), path.relative_to(folder), lambda: path, path)


def _images(folder: Path, recursive: bool) -> list[Path]:
    found = folder.rglob("*") if recursive else folder.iterdir()
    files = sorted(file for file in found if file.is_file())
    images = [file for file in files if file.suffix.lower() in SUFFIXES]
    _tell_others(folder, [file for file in files if file.suffix.lower() not in SUFFIXES | RESULTS])
    if not images:
        deeper = "" if recursive else "; --recursive looks into its folders, too"
        raise click.UsageError(f"no images in {folder} (looked for {', '.join(sorted(SUFFIXES))}{deeper})")
    return images


def _tell_others(folder: Path, others: list[Path]) -> None:
    """Say which files of a folder are not read, hidden ones aside."""
    if others := [file for file in others if not file.name.startswith(".")]:
        names = ", ".join(str(file.relative_to(folder)) for file in others[:MOST_NAMED])
        more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
        what = "1 file is" if len(others) == 1 else f"{len(others)} files are"
        click.echo(f"{folder}: {what} left out, by the suffix no images that can be read: {names}{more}", err=True)


def _matches(pattern: str) -> list[Path]:
    # Path.glob takes no absolute patterns.
    paths = map(Path, glob.iglob(pattern, recursive=True))  # noqa: PTH207
    files = sorted(path for path in paths if path.is_file())
    if not files:
        raise click.UsageError(f"no file matches {pattern}")
    return files


def _fixed_part(pattern: Path) -> Path:
    """The folder that all matches of a pattern are in."""
    return next(parent for parent in pattern.parents if not glob.has_magic(str(parent)))


def _read_stdin() -> bytes:
    return sys.stdin.buffer.read()


def _url_name(url: str) -> PurePath:
    parts = urlsplit(url)
    return PurePath(PurePath(parts.path).name or parts.netloc)


def _download(url: str) -> bytes:
    import urllib3  # takes a while

    try:
        response = urllib3.request("GET", url, timeout=DOWNLOAD_TIMEOUT_S, preload_content=False)
        with response:
            if response.status != 200:
                raise OSError(f"the address answers with HTTP {response.status} {response.reason or ''}".rstrip())
            content = response.read(MAX_DOWNLOAD_BYTES + 1)
    except urllib3.exceptions.HTTPError as error:
        raise OSError(f"cannot be downloaded: {_first_cause(error)}") from error
    if len(content) > MAX_DOWNLOAD_BYTES:
        raise OSError(f"is larger than {MAX_DOWNLOAD_BYTES} bytes: download and split it")
    return content


def _first_cause(error: BaseException) -> object:
    """The innermost error; the messages of urllib3's own name its objects."""
    while error.__cause__:
        error = error.__cause__
    return getattr(error, "strerror", None) or error
