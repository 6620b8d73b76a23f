"""Which line of text comes first, on pages laid out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_core.quads import FloatArray, from_rectangles, turn_to_reading_direction
from ocr_core.reading_order import order_and_blocks, reading_order

# Left, top, width, height of each line, in the order in which a person reads them.
Layout = list[tuple[float, float, float, float]]

COLUMN = [(0.0, 20.0 * row, 200.0, 12.0) for row in range(5)]
LAYOUTS: dict[str, Layout] = {
    "one line": [(10, 10, 100, 12)],
    "words of one line": [(0, 10, 40, 12), (50, 11, 60, 12), (120, 8, 30, 14)],
    "lines of a paragraph": COLUMN,
    "two columns of prose": [*COLUMN, *((left + 230, top, width, 12) for left, top, width, _ in COLUMN)],
    "two columns of prose, set off by half a line": [
        *COLUMN,
        *((left + 230, top + 10, width, 12) for left, top, width, _ in COLUMN),
    ],
    "three columns": [(left + shift, top, width, 12) for shift in (0, 230, 460) for left, top, width, _ in COLUMN],
    "two columns whose last lines are short": [
        *COLUMN,
        (0, 100, 40, 12),
        *((left + 230, top, width, 12) for left, top, width, _ in COLUMN),
        (230, 100, 90, 12),
    ],
    "a headline above two columns, a footer below": [
        (0, -50, 430, 30),
        *COLUMN,
        *((left + 230, top, width, 12) for left, top, width, _ in COLUMN),
        (100, 130, 200, 12),
    ],
    "a running head and a page number as far from two columns": [
        (0, -45, 120, 12),
        (330, -45, 100, 12),
        *COLUMN,
        *((left + 230, top, width, 12) for left, top, width, _ in COLUMN),
        (207, 125, 16, 15),
    ],
    "two columns found word by word": [
        (shift + left, 20.0 * row, 60, 12) for shift in (0, 240) for row in range(5) for left in (0.0, 68.0, 136.0)
    ],
    "two narrow justified columns found word by word": [
        (shift + left, 18.0 * row, width, 12)
        for shift in (0, 130)
        for row in range(10)
        for left, width in ([(0.0, 30.0 + row), (62.0 + row, 38.0 - row)] if row % 4 else [(0.0, 100.0)])
    ],
    "the cells of a table": [(left, 20.0 * row, 50, 12) for row in range(6) for left in (0.0, 120.0, 240.0)],
    "names and prices of a receipt": [
        (left, 20.0 * row, width, 12) for row in range(8) for left, width in ((0.0, 90 + 5.0 * row), (300.0, 40.0))
    ],
    "two rows of two long cells": [(left, 20.0 * row, 200, 12) for row in range(2) for left in (0.0, 230.0)],
    "long names and long amounts": [
        (left, 20.0 * row, width, 12)
        for row, name in enumerate([110.0, 120, 115, 110, 300])
        for left, width in ((0.0, name), (330.0, 110.0))
    ],
    "a small line, a large one, half its height lower": [(120, 5, 90, 12), (0, 0, 100, 60), (120, 45, 90, 12)],
    "two lines, and a stamp beside them that reaches lower": [(0, 5, 90, 12), (0, 25, 90, 12), (120, 0, 50, 100)],
    "signs here and there": [(300, 10, 50, 20), (20, 100, 80, 40), (200, 220, 60, 10), (0, 300, 30, 30)],
}


def quads_of(layout: Layout) -> FloatArray:
    corners = [[(x, y), (x + w, y), (x + w, y + h), (x, y + h)] for x, y, w, h in layout]
    return np.array(corners, np.float32).reshape(-1, 4, 2)


def turned(quads: FloatArray, angle_deg: float) -> FloatArray:
    """The page turned clockwise, every line still read in its own direction."""
    cos, sin = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    return np.asarray(quads @ np.array([[cos, sin], [-sin, cos]]), np.float32)


@settings(max_examples=8)
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
@given(data=st.data())
def test_a_layout_is_read_as_a_person_reads_it_in_whatever_order_it_was_found(
    layout: Layout, data: st.DataObject
) -> None:
    shuffled = np.array(data.draw(st.permutations(range(len(layout)))))
    order = reading_order(quads_of(layout)[shuffled])
    assert shuffled[order].tolist() == list(range(len(layout)))


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_a_page_from_right_to_left_is_read_as_its_mirror_image_from_left_to_right(layout: Layout) -> None:
    mirrored = quads_of([(1000 - left - width, top, width, height) for left, top, width, height in layout])
    assert reading_order(turned(mirrored, 3), right_to_left=True).tolist() == list(range(len(layout)))


@pytest.mark.parametrize("angle_deg", [-25, -3, 3, 12, 40])
@pytest.mark.parametrize("name", ["lines of a paragraph", "two columns of prose", "the cells of a table"])
def test_a_page_at_an_angle_is_read_along_its_lines(name: str, angle_deg: float) -> None:
    quads = turned(quads_of(LAYOUTS[name]), angle_deg)
    assert reading_order(quads[::-1]).tolist() == list(range(len(quads)))[::-1]


@pytest.mark.parametrize("lean_deg", [-3, 3])
def test_words_that_all_lean_a_little_do_not_turn_a_level_page(lean_deg: float) -> None:
    """As EAST's do; by that angle, one column of so long a page would lie above the other."""
    words = [(shift + left, 20.0 * row) for shift in (0, 240) for row in range(60) for left in (0.0, 68.0, 136.0)]
    centres = np.array(words, np.float32) + np.array([30, 6], np.float32)
    sizes, angles = np.full((len(words), 2), (60, 12), np.float32), np.full(len(words), np.deg2rad(lean_deg))
    quads = from_rectangles(centres, sizes, angles.astype(np.float32))
    assert reading_order(quads[::-1]).tolist() == list(range(len(words)))[::-1]


def test_signs_that_lean_their_own_ways_leave_the_picture_level() -> None:
    """Half of the text leans by 15 degrees or more; were that the page's own angle, the second would be the first."""
    centres = np.array([[200, 100], [620, 170], [60, 240]], np.float32)
    sizes = np.array([[150, 20], [140, 20], [100, 20]], np.float32)
    signs = from_rectangles(centres, sizes, np.deg2rad(np.array([20, -20, 15], np.float32)))
    assert reading_order(signs).tolist() == [0, 1, 2]


def test_long_lines_tell_a_pages_angle_and_short_marks_do_not() -> None:
    """Four cells of a table that lies askew, and below it eight level marks."""
    cells = turned(quads_of([(left, 20.0 * row, 200, 12) for row in range(2) for left in (0.0, 400.0)]), 10)
    marks = quads_of([(0, 400.0 + 20 * row, 15, 12) for row in range(8)])
    assert reading_order(np.concatenate([cells, marks])).tolist() == list(range(12))


def upwards(left: float, top: float, width: float, height: float) -> FloatArray:
    """A line that runs up the page."""
    return np.roll(quads_of([(left, top, width, height)]), 1, axis=1)


PARAGRAPH = quads_of([(100, 20.0 * row, 300, 12) for row in range(12)])


@pytest.mark.parametrize("angle_deg", [0, 5, -20])
def test_lines_up_the_margins_come_behind_all_others_from_left_to_right(angle_deg: float) -> None:
    quads = np.concatenate([upwards(450, 40, 12, 120), upwards(20, 60, 12, 150), PARAGRAPH])
    order, blocks = order_and_blocks(turned(quads, angle_deg))
    assert order.tolist() == [*range(2, 14), 1, 0]
    assert blocks.tolist() == [0] * 12 + [1, 2]


@pytest.mark.parametrize(
    "others",
    [
        pytest.param([upwards(450, 40, 12, 30)], id="no higher than two lines"),
        pytest.param([upwards(450 + 20.0 * line, 40, 12, 120) for line in range(4)], id="many"),
    ],
)
def test_other_lines_up_the_page_are_read_where_they_stand(others: list[FloatArray]) -> None:
    order = reading_order(np.concatenate([PARAGRAPH, *others]))
    assert sorted(order.tolist()) == list(range(12 + len(others)))
    assert order[-1] == 11


@given(
    rectangles=st.lists(
        st.tuples(
            st.integers(0, 500), st.integers(0, 500), st.integers(1, 300), st.integers(1, 60), st.integers(-180, 180)
        ),
        max_size=25,
    )
)
def test_every_line_is_read_exactly_once(rectangles: list[tuple[int, ...]]) -> None:
    values = np.array(rectangles, np.float32).reshape(-1, 5)
    quads = turn_to_reading_direction(from_rectangles(values[:, :2], values[:, 2:4], np.deg2rad(values[:, 4])))
    order = reading_order(quads)
    assert np.issubdtype(order.dtype, np.integer)
    assert sorted(order.tolist()) == list(range(len(quads)))


BLOCKS: dict[str, list[Layout]] = {
    "paragraphs that stand apart": [COLUMN, [(0, 130 + top, width, 12) for _, top, width, _ in COLUMN]],
    "paragraphs whose first lines are set in": [
        [(12 * (row % 4 == 0), 20.0 * row, 200 - 12 * (row % 4 == 0), 12) for row in range(start, start + 4)]
        for start in (0, 4, 8)
    ],
    "a heading and its text": [[(0, -40, 120, 24)], COLUMN],
    "two columns": [COLUMN, [(left + 230, top, width, 12) for left, top, width, _ in COLUMN]],
    "a table between paragraphs": [
        COLUMN,
        [(left, 140 + 20.0 * row, 40, 12) for row in range(4) for left in (0.0, 80.0, 160.0)],
        [(0, 260 + top, width, 12) for _, top, width, _ in COLUMN],
    ],
    "sums that stand apart from prices": [
        [
            (left, 20.0 * row, width, 12)
            for row in range(start, start + count)
            for left, width in ((0.0, 90), (300.0, 40))
        ]
        for start, count in ((0, 6), (8, 2))
    ],
    "nothing": [],
}


@pytest.mark.parametrize("blocks", BLOCKS.values(), ids=BLOCKS.keys())
def test_lines_that_belong_together_are_a_block(blocks: list[Layout]) -> None:
    quads = quads_of([line for block in blocks for line in block])
    order, numbers = order_and_blocks(quads[::-1])
    assert order.tolist() == list(range(len(quads)))[::-1]
    assert numbers.tolist() == [number for number, block in enumerate(blocks) for _ in block]
    assert numbers.dtype == np.int32


def columns_found_by_a_detector(gutter: float, overhang: float) -> Layout:
    """Two columns of lines 12 high, whose boxes reach beyond their text at both ends."""
    return [(shift - overhang, 20.0 * row, 200 + 2 * overhang, 12) for shift in (0, 200 + gutter) for row in range(8)]


def test_boxes_that_reach_beyond_their_text_do_not_close_a_gutter() -> None:
    """They touch, and without knowing by how much they reach too far they are read across."""
    quads = quads_of(columns_found_by_a_detector(10, 5))
    assert reading_order(quads, 5 / 12).tolist() == list(range(16))
    assert reading_order(quads).tolist() != list(range(16))


@pytest.mark.parametrize("shape", ["points", "stairs", "one place", "a grid of dots", "huge and tiny"])
def test_no_page_of_many_boxes_is_too_much(shape: str) -> None:
    """Cuts within cuts within cuts end."""
    steps = np.arange(2000, dtype=np.float32)
    places = {"stairs": (30 * steps, 30 * steps), "a grid of dots": (20 * (steps % 45), 20 * (steps // 45))}
    x, y = places.get(shape, (0 * steps, 0 * steps))
    size = {"points": 0 * steps, "huge and tiny": 1 + 1e5 * (steps % 2)}.get(shape, 0 * steps + 12)
    quads = quads_of(list(zip(x.tolist(), y.tolist(), size.tolist(), size.tolist(), strict=True)))
    assert sorted(reading_order(quads, 0.45).tolist()) == list(range(2000))
