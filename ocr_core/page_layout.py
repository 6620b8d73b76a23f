"""How a level page is laid out: sections from top to bottom, columns or a table in each, blocks of lines in those.

A recursive X-Y cut (Nagy and Seth 1984) whose cuts are chosen by what they mean. Empty bands divide a part of the page
into rows; rows that share a gutter, which is a band of white from top to bottom (Breuel 2002), form a section. The
strips between the gutters of a section are columns, each read to its end, if they look like columns of prose, verse or
lists; else they are a table's, and it is read row by row. What they look like is all that there is: lines of prose
are long and fill their column, lines of verse and lists stand close together, cells of a table in step.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocr_core.quads import FloatArray

Indices = NDArray[np.intp]
Span = tuple[float, float]

# A gutter is at least this wide, in heights of a typical line; what is nearer in a row belongs to one line.
MIN_GUTTER = 0.75
# Boxes belong to one row if their centres are nearer than this, in heights of the lower box.
SAME_ROW = 0.5
# Share of its height by which a box is lowered at the top and raised at the bottom: rows of prose nearly touch.
TRIM = 0.16
# A band so high, in heights of a line, divides columns: a picture was there.
PICTURE = 6.0
# A band so high stands out from those between lines.
SPACE = 1.3
# Prose: the typical line fills this share of its column …
FULL = 0.75
# … or this, where lines are as close together as verse is, from middle to middle in heights of a line …
RAGGED, CLOSE = 0.5, 1.88
# … and is this many times as wide as high: about ten letters.
WIDE = 6.5
# Words, not numbers, where a list might be a table's column.
WORDY = 3.6
# What is added to the distance of lines within a cell from one row of cells to the next, in heights of a line.
LEADING = 0.25
MIN_COLUMN_LINES = 3
# A longer paragraph is no cell.
MAX_CELL_LINES = 8
# Cuts within cuts; no page has more, and no page made to overthrow this may have.
MAX_DEPTH = 16


@dataclass(frozen=True)
class Part:
    """A part of a page that is read as one.

    Attributes:
        blocks: Indices of its boxes, block by block in reading order.
        columns_height: Height of what is prose in it, or laid out in columns; pixels.
        height: Of all of it.
    """

    blocks: list[Indices]
    columns_height: float
    height: float

    @property
    def is_column(self) -> bool:
        """Whether this is mostly prose."""
        return 2 * self.columns_height > self.height


@dataclass(frozen=True)
class Section:
    """Rows that share their gutters: indices of the rows' boxes, and from where to where the strips between reach."""

    bands: list[Indices]
    strips: list[Span]

    @property
    def members(self) -> Indices:
        return np.concatenate(self.bands)


def blocks_in_order(boxes: FloatArray) -> list[Indices]:
    """Divide a level page into blocks, and put these and their lines into reading order.

    Args:
        boxes: (N, 4) float32, left, top, right, bottom of the ink of each line of text, or word, pixels.

    Returns:
        Indices into `boxes` for each block: together each exactly once.
    """
    if len(boxes) == 0:
        return []
    return _read(boxes, np.arange(len(boxes)), 0).blocks


def _read(boxes: FloatArray, members: Indices, depth: int) -> Part:
    parts = [_section(boxes, section, depth) for section in _sections(boxes, members)]
    return Part(
        [block for part in parts for block in part.blocks],
        sum(part.columns_height for part in parts),
        sum(part.height for part in parts),
    )


def _section(boxes: FloatArray, section: Section, depth: int) -> Part:
    members = section.members
    height = _height(boxes, members)
    if len(section.strips) == 1 or depth == MAX_DEPTH:
        return Part(_paragraphs(boxes, members), height * _is_prose(boxes, members), height)
    starts = [left for left, _ in section.strips]
    strip_of = np.searchsorted(starts, boxes[members, 0], side="right") - 1
    strips = [members[strip_of == number] for number in range(len(starts))]
    parts = [_read(boxes, strip, depth + 1) for strip in strips]
    if _are_columns(boxes, section, strips, parts):
        return Part([block for part in parts for block in part.blocks], height, height)
    return Part([_table(boxes, section, strips)], 0, height)


# Sections


def _sections(boxes: FloatArray, members: Indices) -> list[Section]:
    """Rows that share a gutter, or have none, together."""
    typical = float(np.median(boxes[members, 3] - boxes[members, 1]))
    bands, gaps = _bands(boxes, members)
    alone = _alone(boxes, bands, gaps, typical)
    spans = [_spans(boxes[band], MIN_GUTTER * typical) for band in bands]
    sections: list[Section] = []
    run, shared = [bands[0]], spans[0]
    rows = zip(spans[:-1], spans[1:], gaps, bands[1:], strict=True)
    for number, (before, after, gap, band) in enumerate(rows):
        together = _merged(shared, after, MIN_GUTTER * typical)
        if number in alone or _is_border(shared, before, after, together, gap / typical, typical):
            sections.append(Section(run, shared))
            run, shared = [band], after
        else:
            run, shared = [*run, band], together
    return [*sections, Section(run, shared)]


def _alone(boxes: FloatArray, bands: list[Indices], gaps: list[float], typical: float) -> set[int]:
    """Numbers of the gaps that set a head or a foot of one row off from the rest: they are wider than all others.

    What is larger than the rest is a title, and may be that of a column.
    """
    if len(gaps) < 3:
        return set()
    ends = {0: (bands[0], gaps[1:]), len(gaps) - 1: (bands[-1], gaps[:-1])}
    return {
        place
        for place, (band, others) in ends.items()
        if gaps[place] > SPACE * max(typical, *others) and np.max(boxes[band] @ (0, -1, 0, 1)) < 1.15 * typical
    }


def _is_border(
    shared: list[Span], before: list[Span], after: list[Span], together: list[Span], gap: float, typical: float
) -> bool:
    """Whether a new section begins between two rows, `gap` heights of a line apart."""
    most = max(len(shared), len(after))
    if len(together) == 1 and most > 1:
        return True
    if gap > PICTURE and most > 1:
        return True
    if gap > SPACE and len(together) < max(len(before), len(after)) > 2:
        richer = max(before, after, key=len)
        return bool(np.median([right - left for left, right in richer]) < WIDE * typical)
    return False


def _bands(boxes: FloatArray, members: Indices) -> tuple[list[Indices], list[float]]:
    """What empty bands across the part divide, from top to bottom, and how high these are: pixels."""
    trim = TRIM * (boxes[members, 3] - boxes[members, 1])
    top, bottom = boxes[members, 1] + trim, boxes[members, 3] - trim
    order = np.argsort(top, kind="stable")
    gaps = top[order][1:] - np.maximum.accumulate(bottom[order])[:-1]
    cuts = np.flatnonzero(gaps > 0)
    return np.split(members[order], cuts + 1), gaps[cuts].tolist()


def _spans(boxes: FloatArray, min_gap: float) -> list[Span]:
    """From where to where boxes reach, left to right; gaps below the least gutter are none."""
    order = np.argsort(boxes[:, 0])
    left, reach = boxes[order, 0], np.maximum.accumulate(boxes[order, 2])
    cuts = np.flatnonzero(left[1:] - reach[:-1] > min_gap)
    starts, ends = left[np.append(0, cuts + 1)], reach[np.append(cuts, -1)]
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _merged(first: list[Span], second: list[Span], min_gap: float) -> list[Span]:
    merged: list[Span] = []
    for left, right in sorted([*first, *second]):
        if merged and left - merged[-1][1] <= min_gap:
            merged[-1] = merged[-1][0], max(right, merged[-1][1])
        else:
            merged.append((left, right))
    return merged


# Columns or a table


def _are_columns(boxes: FloatArray, section: Section, strips: Sequence[Indices], parts: Sequence[Part]) -> bool:
    if not _side_by_side(boxes, strips):
        return False
    if all(part.is_column for part in parts):
        return max(map(len, strips)) >= MIN_COLUMN_LINES and not _are_cells(boxes, section, strips)
    return _are_lists(boxes, strips)


def _side_by_side(boxes: FloatArray, strips: Sequence[Indices]) -> bool:
    """Whether each strip stands beside its neighbour for half of its height at least."""
    tops = np.array([boxes[strip, 1].min() for strip in strips])
    bottoms = np.array([boxes[strip, 3].max() for strip in strips])
    heights = bottoms - tops
    shared = np.minimum(bottoms[1:], bottoms[:-1]) - np.maximum(tops[1:], tops[:-1])
    return bool(np.all(2 * shared > np.minimum(heights[1:], heights[:-1])))


def _is_prose(boxes: FloatArray, members: Indices) -> bool:
    """Whether lines without a gutter are long, and fill their column or stand close together."""
    lines = _lines(boxes, members)
    heights = lines[:, 3] - lines[:, 1]
    width, height = np.median(lines[:, 2] - lines[:, 0]), np.median(heights)
    fill = width / max(lines[:, 2].max() - lines[:, 0].min(), 1e-6)
    return bool(width >= WIDE * height and (fill >= FULL or (fill >= RAGGED and _pitch(lines) < CLOSE * height)))


def _pitch(lines: FloatArray) -> float:
    """From the middle of a line to the next one's."""
    if len(lines) < 2:
        return 0.0
    return float(np.median(np.diff(np.sort(lines[:, 1] + lines[:, 3]) / 2)))


def _are_lists(boxes: FloatArray, strips: Sequence[Indices]) -> bool:
    """Whether these are lists of words, side by side.

    They begin at one height, flush left and with lines close together; and they end at different heights, or each has
    lines that are set in.
    """
    lists = [_lines(boxes, strip) for strip in strips]
    height = float(np.median(np.concatenate(lists) @ (0, -1, 0, 1)))
    begins, ends = (np.array([value(lines) for lines in lists]) for value in (_top, _bottom))
    set_in = [lines[:, 0] - lines[:, 0].min() > 0.4 * height for lines in lists]
    if np.ptp(begins) > height or not all(_is_list(lines, height) for lines in lists):
        return False
    return bool(np.ptp(ends) > 1.5 * height or all(lines.mean() > 0.1 for lines in set_in))


def _is_list(lines: FloatArray, height: float) -> bool:
    widths, shifts = lines[:, 2] - lines[:, 0], lines[:, 0] - lines[:, 0].min()
    flush = np.mean(shifts < 0.4 * height) > 0.4 and np.mean(shifts < 2.5 * height) > 0.9
    wordy = np.median(widths) > WORDY * height
    return bool(len(lines) >= MIN_COLUMN_LINES and flush and wordy and _pitch(lines) < CLOSE * height)


def _top(lines: FloatArray) -> float:
    return float(lines[:, 1].min())


def _bottom(lines: FloatArray) -> float:
    return float(lines[:, 3].max())


def _are_cells(boxes: FloatArray, section: Section, strips: Sequence[Indices]) -> bool:
    """Whether paragraphs side by side begin at the same heights, again and again, and end at different ones."""
    groups = _groups(boxes, section.bands)
    if not MIN_COLUMN_LINES <= len(groups) <= len(section.bands) / 1.5:
        return False
    counts = np.array([[np.isin(strip, group).sum() for strip in strips] for group in groups])
    if counts.max() > MAX_CELL_LINES:
        return False
    whole, uneven = (counts > 0).all(axis=1), counts.max(axis=1) != counts.min(axis=1)
    in_step = [_begin_together(boxes, group, strips) for group, every in zip(groups, whole, strict=True) if every]
    return bool(uneven.sum() >= 3 and uneven.mean() > 0.5 and whole.mean() > 0.7 and np.mean(in_step) > 0.7)


def _begin_together(boxes: FloatArray, group: Indices, strips: Sequence[Indices]) -> bool:
    firsts = [min(map(tuple, boxes[group[np.isin(group, strip)]][:, [1, 3]].tolist())) for strip in strips]
    middles = np.array(firsts).mean(axis=1)
    return bool(np.ptp(middles) < SAME_ROW * np.median(np.ptp(firsts, axis=1)))


def _groups(boxes: FloatArray, bands: Sequence[Indices]) -> list[Indices]:
    """Rows that stand closer to each other than to others; all of them where none do."""
    middles = np.array([np.median(boxes[band, 1] + boxes[band, 3]) / 2 for band in bands])
    height = np.median([np.median(boxes[band, 3] - boxes[band, 1]) for band in bands])
    pitches = np.diff(middles)
    if len(pitches) == 0:
        return list(bands)
    cuts = np.flatnonzero(pitches > np.quantile(pitches, 0.25) + LEADING * height) + 1
    edges = [0, *cuts.tolist(), len(bands)]
    return [np.concatenate(bands[start:end]) for start, end in zip(edges[:-1], edges[1:], strict=True)]


def _table(boxes: FloatArray, section: Section, strips: Sequence[Indices]) -> Indices:
    """Row by row; cells of several lines cell by cell."""
    groups = _groups(boxes, section.bands)
    if not _are_whole_rows(boxes, section, groups, strips):
        return np.concatenate(_rows(boxes, section.members))
    cells = (group[np.isin(group, strip)] for group in groups for strip in strips)
    return np.concatenate([row for cell in cells for row in _rows(boxes, cell)])


def _are_whole_rows(boxes: FloatArray, section: Section, groups: list[Indices], strips: Sequence[Indices]) -> bool:
    """Whether the rows of groups after their first ones lack cells: they go on with those above."""
    if not 1 < len(groups) < len(section.bands):
        return False
    strip_of = np.zeros(len(boxes), int)
    for number, strip in enumerate(strips):
        strip_of[strip] = number
    cells = {int(band[0]): len(set(strip_of[band].tolist())) for band in section.bands}
    later = [
        cells[int(band[0])] < len(strips) for band in section.bands if not any(band[0] == group[0] for group in groups)
    ]
    first = [cells[int(group[0])] for group in groups]
    return bool(np.mean(later) > 0.6 and np.mean(np.array(first) == len(strips)) > 0.6)


# Lines


def _height(boxes: FloatArray, members: Indices) -> float:
    return float(boxes[members, 3].max() - boxes[members, 1].min())


def _paragraphs(boxes: FloatArray, members: Indices) -> list[Indices]:
    return [np.concatenate(_rows(boxes, members))]


def _lines(boxes: FloatArray, members: Indices) -> FloatArray:
    """Join the boxes of a row that are nearer than a gutter: a detector may find words instead of lines."""
    joined: list[list[float]] = []
    for row in _rows(boxes, members):
        left, top, right, bottom = boxes[row].T
        apart = left[1:] - np.maximum.accumulate(right)[:-1] > MIN_GUTTER * np.median(bottom - top)
        parts = np.split(boxes[row], np.flatnonzero(apart) + 1)
        joined.extend([*part[:, :2].min(axis=0), *part[:, 2:].max(axis=0)] for part in parts)
    return np.array(joined, np.float32)


def _rows(boxes: FloatArray, members: Indices) -> list[Indices]:
    """The rows that `members` stand in, top to bottom, each from left to right."""
    left, top, _, bottom = boxes[members].T
    order = np.argsort((top + bottom) / 2, kind="stable")
    middle, height = ((top + bottom) / 2)[order], (bottom - top)[order]
    ends = np.searchsorted(middle, middle + SAME_ROW * height)
    free = np.ones(len(order), bool)
    rows = []
    for first, end in enumerate(ends.tolist()):
        if free[first]:
            near = middle[first:end] - middle[first] < SAME_ROW * np.minimum(height[first:end], height[first])
            row = np.union1d(first, first + np.flatnonzero(near & free[first:end]))
            free[row] = False
            row = order[row]
            rows.append(members[row[np.argsort(left[row], kind="stable")]])
    return rows
