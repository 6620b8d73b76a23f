"""Markdown: headings by their height, paragraphs put together again, lists, and tables where rows leave no doubt."""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from statistics import median
from typing import BinaryIO

from ocr_client.documents import ReadPage
from ocr_client.formats.rows import Cell, cells, rows
from ocr_client.formats.writer import encoded
from ocr_client.results import Page

# Heights of headings of the first and the second level, in those of the page's typical letters.
FIRST, SECOND = 1.7, 1.3
MAX_HEADING_LINES = 3
MIN_TABLE_ROWS = 3
# Columns of a table begin, end or have their middles within this many heights of a line.
ALIGNED = 1.2
# A word that is so many times as wide as we think still has room.
ROOM = 1.3
_BULLET = re.compile(r"^[•◦▪‣·●○*–—-]\s*(?=\S)")
_NUMBER = re.compile(r"^(\d{1,3})[.)]\s+")
_SPECIAL = re.compile(r"([\\`*_\[\]<>|])")
_AT_START = re.compile(r"^(#{1,6}(?=\s)|[-+](?=\s)|>|\d+(?=[.)]\s))")


def write(results: Iterable[ReadPage], stream: BinaryIO) -> None:
    """Write the pages in UTF-8, with a rule between them."""
    for index, result in enumerate(results):
        text = "".join(f"{part}\n" for part in "\n\n".join(parts(result.page)).splitlines())
        stream.write(encoded("\n---\n\n" * bool(index) + text))


def parts(page: Page) -> list[str]:
    """Headings, paragraphs, lists and tables in reading order; a page without blocks has a paragraph a line."""
    found = cells(page.lines)
    if not found:
        return []
    # Each height counts as often as it has letters.
    usual = median(cell.height for cell in found for _ in cell.line.text)
    blocks = groupby(enumerate(found), key=_block)
    return [_part([cell for _, cell in block], usual) for _, block in blocks]


def _block(numbered: tuple[int, Cell]) -> tuple[bool, int]:
    number, cell = numbered
    return (False, number) if cell.line.block is None else (True, cell.line.block)


def _part(block: Sequence[Cell], usual: float) -> str:
    together = rows(block)
    texts = [" ".join(cell.line.text for cell in row) for row in together]
    if any(map(_marker, texts)):
        return _list(texts)
    if any(len(row) > 1 for row in together):
        return _table(together) or "\\\n".join(_AT_START.sub(r"\\\1", _escaped(text)) for text in texts)
    if level := _level(block, usual):
        return f"{'#' * level} {_paragraph(texts)}"
    return "\\\n".join(_AT_START.sub(r"\\\1", _paragraph(lines)) for lines in _filled(together))


def _filled(together: Sequence[Sequence[Cell]]) -> list[list[str]]:
    """Lines that go on: one ends on purpose, as in verse and addresses, if the next word had had room in it."""
    found = [row[0] for row in together]
    widest = max(cell.right - cell.left for cell in found)
    lines = [[found[0].line.text]]
    for above, cell in pairwise(found):
        text = cell.line.text
        word = (cell.right - cell.left) * len(text.split(" ")[0]) / max(len(text), 1)
        if widest - (above.right - above.left) > ROOM * word + cell.height:
            lines.append([])
        lines[-1].append(text)
    return lines


def _level(block: Sequence[Cell], usual: float) -> int:
    """Of a heading; 0 for other text."""
    height = median(cell.height for cell in block) / max(usual, 1e-6)
    if len(block) > MAX_HEADING_LINES or height < SECOND:
        return 0
    return 1 if height >= FIRST else 2


def _paragraph(lines: Sequence[str]) -> str:
    """The lines as one; a word that was divided at a line's end is whole again."""
    text = ""
    for line in lines:
        if text.endswith("-") and text[-2:-1].isalpha() and line[:1].islower():
            text = text[:-1] + line
        else:
            text += " " * bool(text and not _without_spaces(text[-1], line[:1])) + line
    return _escaped(text)


def _without_spaces(before: str, after: str) -> bool:
    """Whether both are letters of Chinese or Japanese, which have no spaces."""
    return all("\u2e80" <= letter <= "\u9fff" or "\uff00" <= letter <= "\uffef" for letter in (before, after))


def _marker(text: str) -> str:
    """What an entry of a list begins with in Markdown; empty for other lines."""
    if _BULLET.match(text):
        return "- "
    number = _NUMBER.match(text)
    return f"{number[1]}. " if number else ""


def _list(lines: Sequence[str]) -> str:
    """Entries; lines without a mark go on with the entry above."""
    entries: list[list[str]] = []
    for line in lines:
        if not entries or _marker(line):
            entries.append([])
        entries[-1].append(line)
    return "\n".join(_entry(entry) for entry in entries)


def _entry(lines: Sequence[str]) -> str:
    first, *others = lines
    text = _NUMBER.sub("", _BULLET.sub("", first))
    return _marker(first) + _paragraph([text, *others])


def _table(together: Sequence[Sequence[Cell]]) -> str:
    """Rows whose cells stand below each other, most of them whole; empty if there is a doubt."""
    width = max(map(len, together))
    whole = [row for row in together if len(row) == width]
    if width < 2 or len(whole) < max(MIN_TABLE_ROWS, len(together) / 2):
        return ""
    columns = list(zip(*whole, strict=True))
    spans = [(min(cell.left for cell in column), max(cell.right for cell in column)) for column in columns]
    placed = [_placed(row, spans) for row in together]
    if not all(map(_aligned, columns)) or not all(placed):
        return ""
    first, *others = [f"| {' | '.join(map(_escaped, row))} |" for row in placed]
    return "\n".join([first, "|" + " --- |" * width, *others])


def _placed(row: Sequence[Cell], spans: Sequence[tuple[float, float]]) -> list[str]:
    """The text in each column; nothing if two are in one, or one is in two."""
    texts = [""] * len(spans)
    for cell in row:
        middle = (cell.left + cell.right) / 2
        over = [number for number, (left, right) in enumerate(spans) if left <= middle <= right]
        if len(over) != 1 or texts[over[0]]:
            return []
        texts[over[0]] = cell.line.text
    return texts


def _aligned(column: Sequence[Cell]) -> bool:
    height = ALIGNED * median(cell.height for cell in column)
    edges = [[cell.left for cell in column], [cell.right for cell in column]]
    middles = [(left + right) / 2 for left, right in zip(*edges, strict=True)]
    return any(max(places) - min(places) < height for places in (*edges, middles))


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
