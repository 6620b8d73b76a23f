"""Layouts of pages that are read from right to left: others as a mirror shows them.

Their words stay as they are, for the order only knows where lines are. What is written in which script only a
recognizer tells, and the default one knows none that is written from right to left.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from benchmarks.reading_order.columns import COLUMNS, LEFT
from benchmarks.reading_order.layout import Layout
from benchmarks.reading_order.lists import LISTS
from benchmarks.reading_order.sheet import Sheet, Style
from benchmarks.reading_order.tables import ASKEW, TABLES

MIRRORED = (
    "two columns, gutter 1.2 em",
    "three columns, gutter 1.2 em",
    "four narrow columns of a newspaper",
    "title over two of three columns",
    "articles side by side",
    "picture in a column",
    "sidebar",
    "short lists side by side",
    "verse in two columns",
    "dialogue with names beside it",
    "table of names",
    "cells of several lines, rows apart",
    "table in a column",
    "form with two pairs a row",
    "receipt",
    ASKEW[0].name,
)


def mirrored(sheet: Sheet) -> Sheet:
    """A page whose left is right."""
    width = max(line.left_px + line.width_px for line in sheet.lines) + LEFT
    return replace(
        sheet,
        lines=tuple(replace(line, left_px=width - line.left_px - line.width_px) for line in sheet.lines),
        pictures=_mirrored(sheet.pictures, width),
        rules=_mirrored(sheet.rules, width),
        right_to_left=True,
    )


def _mirrored(
    areas: Iterable[tuple[float, float, float, float]], width: float
) -> tuple[tuple[float, float, float, float], ...]:
    return tuple((width - right, top, width - left, bottom) for left, top, right, bottom in areas)


def of(layout: Layout) -> Layout:
    """The layout from right to left."""

    def set_mirrored(random: np.random.Generator, style: Style) -> Sheet:
        return mirrored(layout.set(random, style))

    return Layout(f"{layout.name}, from right to left", set_mirrored)


RIGHT_TO_LEFT = tuple(of(layout) for layout in (*COLUMNS, *LISTS, *TABLES, *ASKEW) if layout.name in MIRRORED)
