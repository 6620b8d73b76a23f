"""Crops drawn by hand: where a gutter runs through lines, they are taken apart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest

from ocr_core import crops, gutters
from ocr_core.crops import IntArray
from ocr_core.detection import Found
from ocr_core.orientation import turn
from ocr_core.pixels import RgbArray
from ocr_core.quads import FloatArray, from_rectangles
from tests.unit.asking import recognizer
from tests.unit.test_reading_order import turned

OVERHANG = 0.4
HEIGHT, PITCH, ROWS = 20.0, 28.0, 8
PAPER, INK = 230, 30
# From where to where the words of two columns reach.
LEFT = [(10.0 + 50 * word, 54.0 + 50 * word) for word in range(6)]
RIGHT = [(323.0 + 50 * word, 367.0 + 50 * word) for word in range(6)]
GUTTER = (LEFT[-1][1], RIGHT[0][0])


@dataclass(frozen=True)
class Line:
    """A box, and what is written in it and around it.

    Attributes:
        left: Where the box begins, pixels of the page.
        right: Where it ends.
        words: From where to where each word reaches.
        row: Counted from the top of the page.
        height: Of the box.
    """

    left: float
    right: float
    words: Sequence[tuple[float, float]]
    row: float
    height: float = HEIGHT

    @property
    def middle(self) -> float:
        """Of its height on the page."""
        return 20 + PITCH * self.row


def line(words: Sequence[tuple[float, float]], row: float) -> Line:
    """A line in a box that reaches a little beyond its words."""
    return Line(words[0][0] - OVERHANG * HEIGHT, words[-1][1] + OVERHANG * HEIGHT, words, row)


def joined(rows: int = ROWS) -> list[Line]:
    """Two columns, each row in one box."""
    return [line([*LEFT, *RIGHT], row) for row in range(rows)]


def quads_of(lines: Sequence[Line]) -> FloatArray:
    values = [((one.left + one.right) / 2, one.middle, one.right - one.left, one.height) for one in lines]
    values_of = np.array(values, np.float32).reshape(-1, 4)
    return from_rectangles(values_of[:, :2], values_of[:, 2:], np.zeros(len(lines), np.float32))


def cut(lines: Sequence[Line], paper: int = PAPER, ink: int = INK) -> tuple[RgbArray, IntArray]:
    """The crops of the lines as they are cut out of a page."""
    page = np.full((400, 800, 3), paper, np.uint8)
    for one in lines:
        top, bottom = int(one.middle - 0.3 * one.height), int(one.middle + 0.3 * one.height)
        for start, end in one.words:
            page[top:bottom, int(start) : int(end)] = ink
    return crops.cut(page, quads_of(lines), recognizer(max_width=3200))


def found_in(quads: FloatArray, angle: int = 0) -> Found:
    """Straight lines in these quads, all of one block."""
    count = len(quads)
    bends = np.zeros((count, 2), np.float32)
    return Found(quads, np.ones(count, np.float32), bends, np.zeros(count, np.int32), OVERHANG, angle)


def ends(parts: gutters.Parts | None, lines: Sequence[Line]) -> list[tuple[float, float, float]]:
    """Row, left and right end of each box that is left."""
    quads = quads_of(lines)
    left = quads if parts is None else parts.quads(quads)
    rows = [(quad[:, 1].mean() - 20) / PITCH for quad in left]
    return sorted(
        (float(np.round(row, 3)), float(quad[0, 0]), float(quad[1, 0])) for row, quad in zip(rows, left, strict=True)
    )


def find(lines: Sequence[Line]) -> list[tuple[float, float, float]]:
    return ends(gutters.find(quads_of(lines), *cut(lines), OVERHANG), lines)


def as_they_were(lines: Sequence[Line]) -> list[tuple[float, float, float]]:
    return ends(None, lines)


APART = [line(words, row) for row in range(ROWS) for words in (LEFT, RIGHT)]


@pytest.mark.parametrize(("paper", "ink"), [(230, 30), (30, 230), (255, 200)], ids=["dark", "light", "pale"])
def test_lines_across_a_gutter_are_taken_apart(paper: int, ink: int) -> None:
    lines = joined()
    parts = gutters.find(quads_of(lines), *cut(lines, paper, ink), OVERHANG)
    assert np.abs(np.array(ends(parts, lines)) - as_they_were(APART)).max() <= 1


def test_parts_meet_in_the_middle_of_a_narrow_gutter() -> None:
    right = [(start - 5, end - 5) for start, end in RIGHT]
    lines = [line([*LEFT, *right], row) for row in range(ROWS)]
    found = find(lines)
    middle = (GUTTER[0] + GUTTER[1] - 5) / 2
    assert [round(right) for _, _, right in found[::2]] == [round(left) for _, left, _ in found[1::2]]
    assert abs(found[0][2] - middle) <= 1


@pytest.mark.parametrize("angle_deg", [-9, 4])
def test_a_gutter_of_a_page_askew_is_found(angle_deg: float) -> None:
    lines = joined()
    parts = gutters.find(turned(quads_of(lines), angle_deg), *cut(lines), OVERHANG)
    assert parts
    assert len(parts.line) == 2 * ROWS


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_what_does_not_recur_often_enough_is_no_gutter(rows: int) -> None:
    assert find(joined(rows)) == as_they_were(joined(rows))


def test_wide_spaces_that_do_not_lie_below_each_other_are_no_gutter() -> None:
    words = [*LEFT, *RIGHT]
    lines = [line([word for word in words if word != words[2 + row]], row) for row in range(ROWS)]
    lines = [replace(one, words=[(max(start - 7, 10), end) for start, end in one.words]) for one in lines]
    assert find(lines) == as_they_were(lines)


def test_a_title_across_the_columns_is_left_whole() -> None:
    title = replace(line([(60.0, 290.0), (300.0, 560.0)], -0.3), height=HEIGHT)
    lines = [title, *joined()[1:]]
    assert len(find(lines)) == 2 * ROWS - 1


def test_a_title_with_a_wide_space_over_the_gutter_is_left_whole() -> None:
    right = [(start + 12, end + 12) for start, end in RIGHT]
    title = replace(line([(60.0, GUTTER[0]), (right[0][0], 560.0)], -0.4), height=1.5 * HEIGHT)
    lines = [title, *(line([*LEFT, *right], row) for row in range(1, ROWS))]
    assert len(find(lines)) == 2 * ROWS - 1


def test_gaps_between_boxes_tell_where_the_gutter_of_a_joined_line_is() -> None:
    lines = [one for one in APART if one.row != 3] + [joined()[3]]
    assert len(find(lines)) == 2 * ROWS


def test_the_last_word_of_a_paragraph_is_taken_from_the_line_beside_it() -> None:
    lines = joined()
    lines[4] = line([*LEFT, RIGHT[0]], 4)
    assert len(find(lines)) == 2 * ROWS


def test_rows_of_a_table_are_left_whole() -> None:
    """Names and numbers far apart, and a note below that has a wide space where the cells have theirs."""
    cells = [line(words, row) for row in range(ROWS - 1) for words in ([(10.0, 60.0)], [(323.0, 360.0)])]
    lines = [*cells, line([(10.0, 150.0), (170.0, 300.0)], ROWS - 1)]
    assert find(lines) == as_they_were(lines)


def test_what_only_lies_in_a_gutter_is_left_out() -> None:
    """The detector took the end of a line, the gutter and the beginning of the next line for a word."""
    between = Line(GUTTER[0] - 4, GUTTER[1] + 4, [], 3.1)
    lines = [one for one in APART if one.row != 6]
    assert len(find([*lines, between, joined()[6]])) == 2 * ROWS


def test_a_box_that_reaches_over_the_gutter_into_the_next_line_is_shortened() -> None:
    lines = [one for one in APART if one.row != 3 or one.words != LEFT]
    lines.append(Line(2, RIGHT[0][0] + 6, [*LEFT, (RIGHT[0][0], RIGHT[0][0] + 6)], 3))
    assert np.abs(np.array(find(lines)) - as_they_were(APART)).max() <= 1


def test_a_box_that_begins_with_the_last_stroke_of_the_line_beside_it_is_shortened() -> None:
    (stroke, end), row = (GUTTER[0] - 1, GUTTER[0]), 3
    lines = [one for one in APART if one.row != row]
    lines += [Line(2, stroke, LEFT, row), Line(stroke, RIGHT[-1][1] + 8, [(stroke, end), *RIGHT], row)]
    assert abs(find(lines)[2 * row + 1][1] - (RIGHT[0][0] - 8)) <= 1


def test_two_short_words_that_the_detector_joined_across_the_gutter_are_taken_apart() -> None:
    last, first, row = (GUTTER[0] - 30, GUTTER[0]), (GUTTER[1], GUTTER[1] + 30), 3
    lines = [one for one in APART if one.row != row]
    lines += [line(words, row) for words in (LEFT[:-1], [last, first], RIGHT[1:])]
    assert len(find(lines)) == 2 * ROWS + 2


@pytest.mark.parametrize("paper", [0, 255])
def test_a_box_without_any_ink_in_a_gutter_is_left_out(paper: int) -> None:
    lines = [*APART, Line(GUTTER[0] + 2, GUTTER[1] - 2, [], 3)]
    parts = gutters.find(quads_of(lines), *cut(lines, paper, 128), OVERHANG)
    assert np.abs(np.array(ends(parts, lines)) - as_they_were(APART)).max() <= 1


def test_a_box_without_ink_is_kept_outside_of_gutters() -> None:
    lines = [*joined(), Line(660, 700, [], 3)]
    assert len(find(lines)) == 2 * ROWS + 1


def test_a_line_that_runs_down_beside_the_columns_is_kept() -> None:
    upright = quads_of([*joined(), Line(660, 760, [(668, 752)], 3)])
    down = upright[-1:] - upright[-1].mean(axis=0)
    upright[-1:] = turned(down, 90) + upright[-1].mean(axis=0)
    parts = gutters.find(upright, *cut([*joined(), Line(660, 760, [(668, 752)], 3)]), OVERHANG)
    assert parts
    assert np.bincount(parts.line).tolist() == [2] * ROWS + [1]


def test_a_page_without_text_stays_so() -> None:
    found = found_in(np.zeros((0, 4, 2), np.float32))
    strip, widths = np.zeros((48, 0, 3), np.uint8), np.zeros(0, np.int32)
    assert gutters.take_apart(found, strip, widths) == (found, strip, widths)


def test_a_page_without_gutters_is_passed_on() -> None:
    lines = [line(LEFT, row) for row in range(ROWS)]
    strip, widths = cut(lines)
    found = found_in(quads_of(lines))
    assert gutters.take_apart(found, strip, widths)[1] is strip


@pytest.mark.parametrize("angle", [0, 90])
def test_columns_taken_apart_are_read_one_after_the_other(angle: int) -> None:
    """Also on a page that lies on its side; each part has its score, its crop and the number of its column's block."""
    lines = joined()
    strip, widths = cut(lines)
    scores = np.linspace(0.6, 0.9, ROWS, dtype=np.float32)
    found = found_in(turn(quads_of(lines), -angle), angle)._replace(scores=scores)
    apart, strip, widths = gutters.take_apart(found, strip, widths)
    assert apart.scores.tolist() == [*scores.tolist(), *scores.tolist()]
    assert apart.blocks.tolist() == [0] * ROWS + [1] * ROWS
    assert np.abs(turn(apart.quads, angle)[:, 0, 0] - np.repeat([LEFT[0][0] - 8, RIGHT[0][0] - 8], ROWS)).max() <= 1
    assert strip.shape == (48, widths.sum(), 3)
    inked = (strip.min(axis=(0, 2)) < 130).astype(int)
    words = [np.sum(np.diff(crop) == 1) for crop in np.split(inked, np.cumsum(widths)[:-1])]
    assert words == [6] * 2 * ROWS
