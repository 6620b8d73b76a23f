"""The order of drawn pages: as good as `distances.csv` says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.reading_order.__main__ import LAYOUTS, distance_by_geometry, kept, means
from benchmarks.reading_order.distance import levenshtein
from benchmarks.reading_order.layout import Layout, page
from benchmarks.reading_order.sheet import boxes, draw

KEPT = {row.layout: row for row in kept()}
# The file has means of several pages, and another version of a font has other widths.
TOLERANCE = 0.02
# What the service was good at before it knew columns, and must stay good at.
READ_BY_ROWS = (
    "table of numbers",
    "table of names",
    "receipt",
    "form",
    "form with two pairs a row",
    "timetable with gaps",
)


def test_the_table_has_every_layout() -> None:
    assert [row.layout for row in kept()] == [layout.name for layout in LAYOUTS]


def test_the_mean_distance_is_within_the_aim() -> None:
    _, development, held_out = means(kept())
    assert max(development, held_out) <= 0.05


@pytest.mark.parametrize("name", READ_BY_ROWS)
def test_rows_are_read_by_rows(name: str) -> None:
    assert KEPT[name][1:] == (0, 0)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_a_layout_is_read_no_worse_than_it_was(layout: Layout) -> None:
    """A page whose distance is far above the mean of its layout is one of those that a layout has now and then."""
    if KEPT[layout.name].development == 0:
        assert distance_by_geometry(page(layout, 0)) == 0
    else:
        distances = [distance_by_geometry(page(layout, seed)) for seed in range(4)]
        assert np.mean(distances) <= KEPT[layout.name].development + TOLERANCE


def test_boxes_lie_round_the_ink() -> None:
    sheet = page(LAYOUTS[1], 0)
    ink = np.asarray(draw(sheet)) < 128
    inside = np.zeros_like(ink)
    for (left, top), _, (right, bottom), _ in boxes(sheet, np.random.default_rng(0)).astype(int):
        inside[top : bottom + 1, left : right + 1] = True
    assert ink.any()
    assert (ink & ~inside).sum() < ink.sum() / 1000


def _by_the_matrix(first: list[int], second: list[int]) -> int:
    row = list(range(len(second) + 1))
    for number, one in enumerate(first, 1):
        above, row = row, [number]
        for place, other in enumerate(second):
            row.append(min(above[place + 1] + 1, row[-1] + 1, above[place] + (one != other)))
    return row[-1]


@given(*[st.lists(st.integers(0, 3), max_size=9)] * 2)
def test_the_distance_is_levenshteins(first: list[int], second: list[int]) -> None:
    assert levenshtein(first, second) == _by_the_matrix(first, second)
