"""Tab-separated values: one row for each line of text, to be cut and sorted without a parser.

There is no quoting: tabs and line breaks in the text become spaces.
"""

import re
from collections.abc import Iterable
from typing import BinaryIO

from ocr_client.documents import ReadPage
from ocr_client.formats.writer import encoded
from ocr_client.results import Line

COLUMNS = ("source", "page", "line", "confidence", "score", "x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4", "text")


def write(results: Iterable[ReadPage], stream: BinaryIO) -> None:
    """Write the names of the columns, then the lines of text; corners are those of `Line.quad`."""
    stream.write(_row(COLUMNS))
    for result in results:
        for number, line in enumerate(result.page.lines, 1):
            stream.write(_row((result.source, result.number, number, *_cells(line))))


def _cells(line: Line) -> tuple[object, ...]:
    return (line.confidence, line.score, *(number for corner in line.quad for number in corner), line.text)


def _row(cells: Iterable[object]) -> bytes:
    return encoded("\t".join(re.sub(r"[\t\r\n]", " ", str(cell)) for cell in cells) + "\n")
