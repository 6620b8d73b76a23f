"""The lines of a page as rows from top to bottom, each from left to right; a page that lies askew is levelled."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from ocr_client.results import Line

# Lines are of one row if their middles are nearer than this, in heights of the lower one.
SAME_ROW = 0.5


@dataclass(frozen=True, slots=True)
class Cell:
    """A line, and where it stands on the level page.

    Attributes:
        line: What was read.
        left: Of its box, pixels.
        right: Likewise.
        middle: Half-way between its top and bottom.
        height: Of its box, across the line.
    """

    line: Line
    left: float
    right: float
    middle: float
    height: float


def cells(lines: Sequence[Line]) -> list[Cell]:
    """The lines on the level page, in the same order."""
    angle = median(map(_angle, lines)) if lines else 0.0
    return [_cell(line, angle) for line in lines]


def rows(found: Iterable[Cell]) -> list[list[Cell]]:
    """The rows that cells stand in."""
    together: list[list[Cell]] = []
    for cell in sorted(found, key=lambda one: one.middle):
        first = together[-1][0] if together else None
        if first and cell.middle - first.middle < SAME_ROW * min(cell.height, first.height):
            together[-1].append(cell)
        else:
            together.append([cell])
    return [sorted(row, key=lambda one: one.left) for row in together]


def _angle(line: Line) -> float:
    (x1, y1), (x2, y2), *_ = line.quad
    return math.atan2(y2 - y1, x2 - x1)


def _cell(line: Line, angle: float) -> Cell:
    cos, sin = math.cos(angle), math.sin(angle)
    xs = [x * cos + y * sin for x, y in line.quad]
    ys = [y * cos - x * sin for x, y in line.quad]
    height = max(math.dist(line.quad[0], line.quad[3]), math.dist(line.quad[1], line.quad[2]))
    return Cell(line, min(xs), max(xs), sum(ys) / 4, height)
