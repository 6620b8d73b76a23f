"""A section of a page, rows that share their gutters; and what was read in it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from ocr_core.quads import FloatArray
from ocr_core.rows import Indices

Span: TypeAlias = tuple[float, float]

MIN_PROSE = 0.4


@dataclass(frozen=True)
class Section:
    """Rows that share their gutters.

    Attributes:
        bands: Indices of the boxes of each row, top to bottom.
        strips: From where to where what lies between the gutters reaches, left to right, pixels.
    """

    bands: list[Indices]
    strips: list[Span]

    @property
    def members(self) -> Indices:
        """Its boxes, row by row."""
        return np.concatenate(self.bands)

    def bands_of(self) -> Indices:
        """For each of `members`, the number of its row."""
        return np.repeat(np.arange(len(self.bands)), [len(band) for band in self.bands])

    def strips_of(self, boxes: FloatArray) -> Indices:
        """For each of `members`, the number of its strip."""
        starts = [left for left, _ in self.strips]
        return np.asarray(np.searchsorted(starts, boxes[self.members, 0].astype(np.float64), side="right") - 1, np.intp)

    def split(self, boxes: FloatArray) -> list[Indices]:
        """The boxes of each strip."""
        strip_of = self.strips_of(boxes)
        order = np.argsort(strip_of, kind="stable")
        return np.split(self.members[order], np.searchsorted(strip_of[order], np.arange(1, len(self.strips))))


@dataclass(frozen=True)
class Part:
    """A part of a page that is read as one.

    Attributes:
        blocks: Gives the indices of its boxes, block by block in reading order. A part that turns out to be of a
            table is never asked.
        columns_height: Height of what is prose in it, or laid out in columns; pixels.
        height: Of all of it.
    """

    blocks: Callable[[], list[Indices]]
    columns_height: float
    height: float

    @property
    def is_column(self) -> bool:
        """Whether much of it is prose: between questions to tick, there are their answers, side by side."""
        return self.columns_height > MIN_PROSE * self.height
