"""Where the words of a line are, estimated from the usual widths of letters: the server gives boxes of lines only."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from PIL import ImageFont

from ocr_client.results import Line, Quad


class Word(NamedTuple):
    """A word of a line.

    Attributes:
        text: What it says.
        quad: Its four corners in pixels, ordered as the line's.
    """

    text: str
    quad: Quad


def words(line: Line) -> list[Word]:
    """Cut a line at its spaces, and its quad in proportion to the letters' usual widths.

    >>> line = Line(text="of it", confidence=1, score=1, quad=((0, 0), (100, 0), (100, 9), (0, 9)))
    >>> [word.text for word in words(line)]
    ['of', 'it']
    """
    ends = np.cumsum([0.0, *map(width_em, line.text)])
    parts = ends / max(ends[-1], 1e-9)
    return [
        Word(match[0], _part(line.quad, parts[match.start()], parts[match.end()]))
        for match in re.finditer(r"\S+", line.text)
    ]


@lru_cache(maxsize=4096)
def width_em(letter: str) -> float:
    """How far a letter of a common sans-serif font advances, in parts of the font's size."""
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    # The font has no accents; with one, a letter is as wide as without.
    return _font().getlength(unicodedata.normalize("NFD", letter)[0]) / _font().size


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(100)  # type: ignore[return-value]  # with a size it is never the bitmap font


def _part(quad: Quad, start: float, end: float) -> Quad:
    """Cut a quad across the reading direction, from and to these parts of its length."""
    top_left, top_right, bottom_right, bottom_left = np.array(quad)
    top, bottom = top_right - top_left, bottom_right - bottom_left
    corners = (top_left + start * top, top_left + end * top, bottom_left + end * bottom, bottom_left + start * bottom)
    (x1, y1), (x2, y2), (x3, y3), (x4, y4) = np.round(corners, 2).tolist()
    return (x1, y1), (x2, y2), (x3, y3), (x4, y4)
