"""What every format is: it writes pages into a file, one after the other."""

from collections.abc import Callable, Iterable
from typing import BinaryIO, NamedTuple

from ocr_client.documents import ReadPage


class Writer(NamedTuple):
    """A format that results can be written in.

    Attributes:
        suffix: Of its files, with the dot.
        binary: Whether it must not be printed on a terminal.
        needs_image: Whether `ReadPage.image` must be there.
        write: Writes pages to a stream while they come; the stream stays open.
        needs_blocks: Whether lines must know their blocks.
        needs_words: Whether the lines must have their words.
    """

    suffix: str
    binary: bool
    needs_image: bool
    write: Callable[[Iterable[ReadPage], BinaryIO], None]
    needs_blocks: bool = False
    needs_words: bool = False


def encoded(text: str) -> bytes:
    """UTF-8; characters that it cannot hold (in odd names of files) become question marks."""
    return text.encode("utf-8", "replace")
