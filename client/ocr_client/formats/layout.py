"""Plain text as it stands on the page: what is in a row is on a line, with spaces where the page is empty."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median
from typing import BinaryIO
from unicodedata import east_asian_width

from ocr_client.documents import ReadPage
from ocr_client.formats.rows import Cell, cells, rows
from ocr_client.formats.writer import encoded
from ocr_client.results import Line

# A terminal's lines may wrap, but no page needs more columns than this.
MAX_COLUMNS = 400
# Between texts of a row at least.
MIN_SPACES = 2
# Boxes in a column begin at places that differ by this share of a letter.
JITTER = 0.25
# Rows further apart than this, in distances of neighbouring rows, have an empty line between them.
GAP = 1.6


def write(results: Iterable[ReadPage], stream: BinaryIO) -> None:
    """Write the rows in UTF-8, and a form feed between pages."""
    for index, result in enumerate(results):
        text = "".join(f"{row}\n" for row in laid_out(result.page.lines))
        stream.write(encoded("\f" * bool(index) + text))


def laid_out(lines: Sequence[Line]) -> list[str]:
    """The rows of a page as texts, in a grid of the width of a typical letter."""
    found = cells(lines)
    if not found:
        return []
    together = rows(found)
    letter = max(median((cell.right - cell.left) / max(columns(cell.line.text), 1) for cell in found), 1e-6)
    left, right = min(cell.left for cell in found), max(cell.right for cell in found)
    letter = max(letter, (right - left) / MAX_COLUMNS)
    middles = [median(cell.middle for cell in row) for row in together]
    steps = [below - above for above, below in pairwise(middles)]
    usual = median(steps) if steps else 0.0
    texts = [_text(together[0], left, letter)]
    for row, step in zip(together[1:], steps, strict=True):
        texts += [""] * (step > GAP * usual) + [_text(row, left, letter)]
    return texts


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: Chinese and Japanese letters take two.

    >>> columns("東京 2026")
    9
    """
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _text(row: Sequence[Cell], left: float, letter: float) -> str:
    text = ""
    for cell in row:
        place = round((cell.left - left) / letter - JITTER)
        spaces = max(place - columns(text), MIN_SPACES) if text else place
        text += " " * spaces + cell.line.text
    return text
