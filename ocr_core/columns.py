"""Whether strips of a page side by side are columns, each read to its end, or a table's, read row by row.

Lines of prose are long and fill their column; lines of verse and lists stand close together; cells are short, or
begin in step with those beside them.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ocr_core.quads import FloatArray
from ocr_core.rows import SAME_ROW, Indices, lines, quantile, rows, typical_height
from ocr_core.section import Section

# Prose: the typical line fills this share of its column …
FULL = 0.75
# … or this, where lines are as close together as verse is, from middle to middle in heights of a line …
RAGGED, CLOSE = 0.5, 1.88
# … and is this many times as wide as high: about ten letters.
WIDE = 6.5
# Lines as long as each other tell of prose where they are so many.
MIN_JUSTIFIED = 8
# Cells of a row stand as high as each other but for so much, in heights of a line; of lines in columns, so many do by
# chance, if they are not fewer than this.
STEP, IN_STEP, MIN_STEPS = 0.3, 0.6, 8
# A number of a line is no wider, in heights of a line.
MAX_MARK = 2.5
# Words, not numbers, where a list might be a table's column.
WORDY = 3.6
MIN_COLUMN_LINES = 3
# So much is a line at least set in, in heights of a line, and so much at most.
MIN_INDENT, MAX_INDENT = 0.4, 2.5
# What is added to the distance of lines within a cell from one row of cells to the next, in heights of a line.
LEADING = 0.25
# What is added to the distance of lines between paragraphs or tables, in heights of a line; and the logarithm by
# which heights of headings differ.
PARAGRAPH, TABLE, OTHER_SIZE = 0.35, 0.7, 0.3
# A longer paragraph is no cell.
MAX_CELL_LINES = 8
# Of rows of cells, so many have what is said of all; a page may have a gap here and there.
MOST = 0.6


def is_prose(boxes: FloatArray, members: Indices) -> bool:
    """Whether lines without a gutter are long, and fill their column or stand close together."""
    found = lines(boxes[members])
    width, height = quantile(found[:, 2] - found[:, 0]), typical_height(found)
    fill = width / max(np.ptp(found[:, ::2]), 1e-6)
    return width >= WIDE * height and bool(fill >= FULL or (fill >= RAGGED and _pitch(found) < CLOSE * height))


def are_justified(boxes: FloatArray, members: Indices) -> bool:
    """Whether most rows begin and end where the others do: prose in a narrow column, however wide its spaces are."""
    order, row_of = rows(boxes[members])
    found, starts = boxes[members[order]], _starts(row_of)
    left, right = np.minimum.reduceat(found[:, 0], starts), np.maximum.reduceat(found[:, 2], starts)
    height = typical_height(found)
    most = MIN_INDENT * height
    flush = (left - left.min() < most) & (right.max() - right < most)
    wide = np.ptp(found[:, ::2]) >= WIDE * height
    return len(starts) >= MIN_JUSTIFIED and wide and bool(flush.mean() > MOST and _pitch(lines(found)) < CLOSE * height)


def are_out_of_step(boxes: FloatArray, strips: Sequence[Indices]) -> bool:
    """Whether lines of strips side by side stand at heights of their own, as no cells do."""
    middles = [np.sort(found[:, 1] + found[:, 3]) / 2 for found in (lines(boxes[strip]) for strip in strips)]
    most = STEP * typical_height(boxes[np.concatenate(strips)])
    shares = []
    for pair in pairwise(middles):
        fewer, others = sorted(pair, key=len)
        shares.append(np.mean(np.abs(fewer[:, None] - others).min(axis=1) < most))
    return min(map(len, middles)) >= MIN_STEPS and max(shares) < IN_STEP


def are_marks(boxes: FloatArray, strip: Indices, beside: Indices) -> bool:
    """Whether a strip numbers some lines of the one beside it: short, and beside few of them."""
    widths, others = np.ptp(boxes[strip][:, ::2], axis=1), lines(boxes[beside])
    return 2 * len(widths) < len(others) and bool(np.all(widths < MAX_MARK * typical_height(others)))


def may_be_columns(boxes: FloatArray, strips: Sequence[Indices]) -> bool:
    """Whether one has lines enough, and each stands beside its neighbour for half of its height at least."""
    tops = np.array([boxes[strip, 1].min() for strip in strips])
    bottoms = np.array([boxes[strip, 3].max() for strip in strips])
    heights = bottoms - tops
    shared = np.minimum(bottoms[1:], bottoms[:-1]) - np.maximum(tops[1:], tops[:-1])
    beside = np.all(2 * shared > np.minimum(heights[1:], heights[:-1]))
    return max(map(len, strips)) >= MIN_COLUMN_LINES and bool(beside)


def are_lists(boxes: FloatArray, strips: Sequence[Indices]) -> bool:
    """Whether these are lists of words, side by side.

    They begin at one height, flush left and with lines close together; and they end at different heights, or each has
    lines that are set in.
    """
    lists = []
    for strip in strips:
        lists.append(lines(boxes[strip]))
        if not _is_list(lists[-1]):
            return False
    height = typical_height(np.concatenate(lists))
    begins, ends = [found[:, 1].min() for found in lists], [found[:, 3].max() for found in lists]
    set_in = [np.mean(found[:, 0] - found[:, 0].min() > MIN_INDENT * height) for found in lists]
    return bool(np.ptp(begins) < height and (np.ptp(ends) > 1.5 * height or min(set_in) > 0.1))


def are_cells(boxes: FloatArray, section: Section) -> bool:
    """Whether paragraphs side by side begin at the same heights, again and again, and end at different ones."""
    group_of = _groups(boxes, section)
    count = int(group_of[-1]) + 1
    if not MIN_COLUMN_LINES <= count <= len(section.bands) / 1.5:
        return False
    place = group_of[section.bands_of()], section.strips_of(boxes)
    size = np.zeros((count, len(section.strips)), int)
    np.add.at(size, place, 1)
    begins = np.full(size.shape, np.inf)
    np.minimum.at(begins, place, boxes[section.members][:, 1::2].mean(axis=1))
    whole, uneven = (size > 0).all(axis=1), size.max(axis=1) != size.min(axis=1)
    if size.max() > MAX_CELL_LINES or whole.mean() <= MOST or not MIN_COLUMN_LINES <= uneven.sum() > count / 2:
        return False
    in_step = np.ptp(begins[whole], axis=1) < SAME_ROW * typical_height(boxes[section.members])
    return bool(in_step.mean() > MOST)


def by_rows(boxes: FloatArray, section: Section) -> list[Indices]:
    """A table's cells row by row, those of several lines one after the other.

    Rows that stand apart from others are blocks of their own.
    """
    members, strip_of = section.members, section.strips_of(boxes)
    order, row_of = rows(boxes[members])
    group_of = _groups(boxes, section)
    if not _are_whole(section, group_of, strip_of):
        _, middle, height = _row_places(boxes[members[order]], row_of)
        return np.split(members[order], _starts(row_of)[1:][_stands_apart(middle, height, TABLE)])
    group_of = group_of[section.bands_of()]
    return [members[order[np.lexsort((row_of, strip_of[order], group_of[order]))]]]


def paragraphs(boxes: FloatArray, members: Indices) -> list[Indices]:
    """Lines without a gutter, paragraph by paragraph: of like height, evenly spaced, only the first one set in."""
    order, row_of = rows(boxes[members])
    left, middle, height = _row_places(boxes[members[order]], row_of)
    set_in = left - left.min() > MIN_INDENT * quantile(height)
    flush = np.append(~set_in, False)
    begins = set_in[1:] & flush[:-2] & flush[2:]
    return np.split(members[order], _starts(row_of)[1:][begins | _stands_apart(middle, height, PARAGRAPH)])


def _starts(row_of: Indices) -> Indices:
    """Where rows begin."""
    return np.flatnonzero(np.append(True, np.diff(row_of) > 0))


def _row_places(boxes: FloatArray, row_of: Indices) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Left ends, middles and heights of rows whose boxes follow each other."""
    starts = _starts(row_of)
    left, top, _, bottom = boxes.T
    least, most = np.minimum.reduceat, np.maximum.reduceat
    return least(left, starts), most(top + bottom, starts) / 2, most(bottom - top, starts)


def _stands_apart(middle: FloatArray, height: FloatArray, more: float) -> NDArray[np.bool_]:
    """For each row but the first, whether it is further below than others, by `more` heights, or of another size."""
    pitches = np.diff(middle)
    usual = quantile(pitches, 0.4) if len(pitches) else 0
    sizes = np.log(np.maximum(height, 1e-3))
    return np.asarray((pitches > usual + more * quantile(height)) | (np.abs(np.diff(sizes)) > OTHER_SIZE))


def _pitch(found: FloatArray) -> float:
    """From the middle of a line to the next one's."""
    return quantile(np.diff(np.sort(found[:, 1] + found[:, 3]) / 2)) if len(found) > 1 else 0.0


def _is_list(found: FloatArray) -> bool:
    height = typical_height(found)
    widths, shifts = found[:, 2] - found[:, 0], found[:, 0] - found[:, 0].min()
    flush = np.mean(shifts < MIN_INDENT * height) > 0.4 and np.mean(shifts < MAX_INDENT * height) > 0.9
    wordy = quantile(widths) > WORDY * height
    return bool(len(found) >= MIN_COLUMN_LINES and flush and wordy and _pitch(found) < CLOSE * height)


def _groups(boxes: FloatArray, section: Section) -> Indices:
    """For each band, the number of the group of those that stand closer to each other than to others."""
    found, band_of = boxes[section.members], section.bands_of()
    count = np.bincount(band_of)
    middles = np.bincount(band_of, found[:, 1] + found[:, 3]) / (2 * count)
    pitches = np.diff(middles)
    if len(pitches) == 0:
        return np.zeros(1, np.intp)
    apart = pitches > quantile(pitches, 0.25) + LEADING * typical_height(found)
    return np.append(0, np.cumsum(apart))


def _are_whole(section: Section, group_of: Indices, strip_of: Indices) -> bool:
    """Whether groups of rows are rows of cells: the rows that follow the first one of a group lack cells."""
    if not 0 < group_of[-1] < len(section.bands) - 1:
        return False
    width = len(section.strips)
    cells = np.bincount(np.unique(section.bands_of() * width + strip_of) // width)
    first = np.append(True, np.diff(group_of) > 0)
    return bool(np.mean(cells[~first] < width) > MOST and np.mean(cells[first] == width) > MOST)
