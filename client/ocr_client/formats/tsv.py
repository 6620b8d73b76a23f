"""Tab-separated values: one row for each line of text, to be cut and sorted without a parser.

If words were asked for, each line's row is followed by those of its words, which have a number from 1 in the column
`word` and the line's score; a line has 0 there. There is no quoting: tabs and line breaks in the text become spaces.
"""

import re
from collections.abc import Iterable
from itertools import chain
from typing import BinaryIO

from ocr_client.documents import ReadPage
from ocr_client.formats.writer import encoded

CORNERS = ("x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4")
COLUMNS = ("source", "page", "line", "word", "confidence", "score", *CORNERS, "text")


def write(results: Iterable[ReadPage], stream: BinaryIO) -> None:
    """Write the names of the columns, then the lines of text; corners are those of `Line.quad` and `Word.quad`."""
    stream.write(_row(COLUMNS))
    for result in results:
        for number, line in enumerate(result.page.lines, 1):
            place = result.source, result.number, number
            stream.write(_row((*place, 0, line.confidence, line.score, *chain(*line.quad), line.text)))
            for word_number, word in enumerate(line.words or (), 1):
                stream.write(_row((*place, word_number, word.confidence, line.score, *chain(*word.quad), word.text)))


def _row(cells: Iterable[object]) -> bytes:
    return encoded("\t".join(re.sub(r"[\t\r\n]", " ", str(cell)) for cell in cells) + "\n")
