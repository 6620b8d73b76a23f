"""How a level page is laid out: sections from top to bottom, columns or a table in each, blocks of lines in those.

A recursive X-Y cut (Nagy and Seth 1984) whose cuts are chosen by what they mean. Empty bands divide a part of the page
into rows; rows that share a gutter, white from top to bottom (as the covers of Breuel 2002), form a section. The strips
between a section's gutters are columns, each read to its end, if they look like prose, verse or lists; else they are a
table's, which is read row by row. What they look like is what `ocr_core/columns.py` says of their lines.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np

from ocr_core import columns
from ocr_core.quads import FloatArray
from ocr_core.rows import MIN_GUTTER, Indices, joined, quantile, typical_height
from ocr_core.section import Part, Section, Span

# Share of its height by which a box is lowered at the top and raised at the bottom: rows of prose nearly touch.
TRIM = 0.16
# A band so high, in heights of a line, divides columns: a picture was there.
PICTURE = 6.0
# A band so high stands out from those between lines …
SPACE = 1.3
# … and letters so much higher than the rest are a title.
TITLE = 1.15
# Cells are shorter than this, in heights of a line; columns of prose are wider.
MAX_CELL = 6.5
# So many rows tell whether they have a gutter that a heading above them lies across.
AHEAD = 5
# Cuts within cuts; no page has more, and no page made to overthrow this may have.
MAX_DEPTH = 16


def blocks_in_order(boxes: FloatArray) -> list[Indices]:
    """Divide a level page into blocks, and put these and their lines into reading order.

    Args:
        boxes: (N, 4) float32, left, top, right, bottom of the ink of each line of text, or word, pixels.

    Returns:
        Indices into `boxes` for each block: together each exactly once.
    """
    return _read(boxes, np.arange(len(boxes)), 0).blocks() if len(boxes) else []


def _read(boxes: FloatArray, members: Indices, depth: int) -> Part:
    parts = [_section(boxes, section, depth) for section in _sections(boxes, members)]
    return Part(
        partial(_blocks, parts),
        sum(part.columns_height for part in parts),
        sum(part.height for part in parts),
    )


def _section(boxes: FloatArray, section: Section, depth: int) -> Part:
    members = section.members
    height = float(boxes[members, 3].max() - boxes[members, 1].min())
    if len(section.strips) == 1 or depth == MAX_DEPTH:
        prose_height = height * columns.is_prose(boxes, members)
        return Part(partial(columns.paragraphs, boxes, members), prose_height, height)
    parts = _columns(boxes, section, depth)
    if parts:
        return Part(partial(_blocks, parts), height, height)
    return Part(partial(columns.by_rows, boxes, section), 0, height)


def _blocks(parts: Sequence[Part]) -> list[Indices]:
    return [block for part in parts for block in part.blocks()]


def _columns(boxes: FloatArray, section: Section, depth: int) -> list[Part]:
    """The section's columns; none if it has none."""
    strips = section.split(boxes)
    if not columns.may_be_columns(boxes, strips):
        return []
    parts = []
    are_lists, are_out_of_step = columns.are_lists(boxes, strips), partial(columns.are_out_of_step, boxes, strips)
    for number, strip in enumerate(strips):
        part = _read(boxes, strip, depth + 1)
        if not (are_lists or part.is_column or (part.columns_height and are_out_of_step())):
            are_marks = 0 < number < len(strips) - 1 and columns.are_marks(boxes, strip, strips[number - 1])
            if not (are_marks or columns.are_justified(boxes, strip)):
                return []
            part = Part(partial(columns.paragraphs, boxes, strip), part.height, part.height)
        parts.append(part)
    return parts if are_lists or not columns.are_cells(boxes, section) or are_out_of_step() else []


def _sections(boxes: FloatArray, members: Indices) -> list[Section]:
    """Rows that share a gutter, or have none, together."""
    typical = typical_height(boxes[members])
    bands, gaps = _bands(boxes, members)
    alone = _alone(boxes, bands, gaps, typical)
    spans = _spans(boxes, bands, MIN_GUTTER * typical)
    sections: list[Section] = []
    run, shared = [bands[0]], spans[0]
    for number, gap in enumerate(gaps):
        after, *later = spans[number + 1 : number + 1 + AHEAD]
        below = _shared([after, *later], MIN_GUTTER * typical) if len(shared) == 1 else after
        together = _merged(shared, below, MIN_GUTTER * typical)
        if number in alone or _is_border(spans, number, shared, together, gap / typical, MAX_CELL * typical):
            sections.append(Section(run, shared))
            run, shared = [], after
        else:
            shared = _merged(shared, after, MIN_GUTTER * typical)
        run.append(bands[number + 1])
    return [*sections, Section(run, shared)]


def _is_border(
    spans: Sequence[list[Span]], number: int, shared: list[Span], together: list[Span], gap: float, max_cell: float
) -> bool:
    """Whether a new section begins behind a row, `gap` heights of a line above the next one."""
    before, after, last = spans[number], spans[number + 1], len(spans) - 1
    if max(len(shared), len(after)) > 1 and (len(together) == 1 or gap > PICTURE):
        return True
    # A table has several cells in a row, and several rows.
    first, second = (number, max(number - 1, 0)) if len(before) >= len(after) else (number + 1, min(number + 2, last))
    if gap > SPACE and len(together) < len(spans[first]) and min(len(spans[first]), len(spans[second])) > 2:
        return quantile(np.array([right - left for left, right in spans[first]])) < max_cell
    return False


def _alone(boxes: FloatArray, bands: Sequence[Indices], gaps: Sequence[float], typical: float) -> set[int]:
    """Numbers of the gaps that set a head or a foot of one row off from the rest: they are wider than all within it.

    A first row that is larger than the rest is a title, and may be that of a column.
    """
    if len(gaps) < 3:
        return set()
    last, least = len(gaps) - 1, SPACE * max(typical, *gaps[1:-1])
    is_title = typical_height(boxes[bands[0]]) >= TITLE * typical
    return {place for place in (0, last) if gaps[place] > least and not (place == 0 and is_title)}


def _bands(boxes: FloatArray, members: Indices) -> tuple[list[Indices], list[float]]:
    """What empty bands across the part divide, from top to bottom, and how high these are: pixels."""
    trim = TRIM * (boxes[members, 3] - boxes[members, 1])
    top, bottom = boxes[members, 1] + trim, boxes[members, 3] - trim
    order = np.argsort(top, kind="stable")
    gaps = top[order][1:] - np.maximum.accumulate(bottom[order])[:-1]
    cuts = np.flatnonzero(gaps > 0)
    return np.split(members[order], cuts + 1), gaps[cuts].tolist()


def _spans(boxes: FloatArray, bands: Sequence[Indices], min_gap: float) -> list[list[Span]]:
    """For each band, from where to where its boxes reach; gaps below the least gutter are none."""
    spans: list[list[Span]] = [[] for _ in bands]
    band_of = np.repeat(np.arange(len(bands)), [len(band) for band in bands])
    segments, band_of = joined(boxes[np.concatenate(bands)], band_of, min_gap)
    for number, left, right in zip(band_of.tolist(), *segments[:, ::2].T.tolist(), strict=True):
        spans[number].append((left, right))
    return spans


def _shared(rows: Sequence[list[Span]], min_gap: float) -> list[Span]:
    """What the first of these rows has in common with those that leave it a gutter."""
    shared, *others = rows
    for row in others:
        together = _merged(shared, row, min_gap)
        if len(together) == 1:
            break
        shared = together
    return shared


def _merged(first: list[Span], second: list[Span], min_gap: float) -> list[Span]:
    """Both together; what is nearer than the least gutter is one."""
    merged: list[Span] = []
    for left, right in sorted(first + second):
        if merged and left - merged[-1][1] <= min_gap:
            merged[-1] = merged[-1][0], max(right, merged[-1][1])
        else:
            merged.append((left, right))
    return merged
