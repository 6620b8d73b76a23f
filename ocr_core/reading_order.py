"""Which line of text comes first: columns left to right, rows top to bottom, words left to right.

An X-Y cut (Nagy and Seth 1984) over the boxes: the page is split at gutters into columns and else at its widest
gap into an upper and a lower part, until what is left is read row by row. A gutter between the cells of a table or
between the names and prices of a receipt looks the same as one between two columns of prose; the difference is
that lines of prose are long and fill their column.
"""

import numpy as np
from numpy.typing import NDArray

from ocr_core.quads import FloatArray, edge_lengths

Indices = NDArray[np.intp]

# A page is turned if half of its text runs within this angle of one direction.
MAX_SKEW_SPREAD_RAD = np.deg2rad(2)
# So many boxes, the uppermost, tell a page's angle: each is compared with each.
MAX_SKEW_BOXES = 1000
# Both sides of a gutter need this many lines to be columns of prose …
MIN_COLUMN_LINES = 3
# … the typical line must fill this share of its column's width …
MIN_COLUMN_FILL = 0.7
# … and be this many times as wide as high: about 16 letters.
MIN_COLUMN_ASPECT = 8
# A gutter is at least this wide, in heights of a typical line; what is nearer in a row belongs to one line.
MIN_GUTTER = 1.0
# Boxes belong to one row if their centres are nearer than this, in heights of the lower box.
SAME_ROW = 0.5


def reading_order(quads: FloatArray) -> Indices:
    """Put the quads of a page into reading order.

    Args:
        quads: (N, 4, 2) float32, pixels, clockwise from the top-left corner in reading direction.

    Returns:
        (N,) indices into `quads`, the first to be read first.
    """
    if len(quads) == 0:
        return np.zeros(0, np.intp)
    level = _turn(quads, -_skew_rad(quads))
    boxes = np.concatenate([level.min(axis=1), level.max(axis=1)], axis=1)
    ordered, parts = [], [np.arange(len(boxes))]
    while parts:
        part = parts.pop()
        smaller = _columns(boxes, part) or _upper_and_lower(boxes, part)
        if smaller:
            parts.extend(reversed(smaller))
        else:
            ordered.extend(_rows(boxes, part))
    return np.concatenate(ordered)


def _skew_rad(quads: FloatArray) -> float:
    """Angle by which the page as a whole is turned; 0 where its lines do not agree, as the signs of a street."""
    quads = quads[np.argsort(quads[:, 0, 1])[:MAX_SKEW_BOXES]]
    angles, lengths = _directions(quads[:, 0], quads[:, 1])
    skew = _weighted_median(angles, lengths)
    if _weighted_median(np.abs(angles - skew), lengths) >= MAX_SKEW_SPREAD_RAD:
        return 0.0
    # A box round a short word knows its angle to a few degrees at best, a whole line knows better.
    return skew + _weighted_median(*_directions(*_ends_of_lines(_turn(quads, -skew))))


def _directions(starts: FloatArray, ends: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Clockwise angles from the x axis, radians, and lengths of the ways from `starts` to `ends`: (N,) float32 each."""
    x, y = (ends - starts).T
    return np.arctan2(y, x), np.hypot(x, y)


def _ends_of_lines(quads: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where each line begins and where it ends, half-way up: (L, 2) float32 each. Words form lines on a level page."""
    starts, ends = quads[:, [0, 3]].mean(axis=1), quads[:, 1:3].mean(axis=1)
    heights = edge_lengths(quads)[1]
    gaps, offsets = np.moveaxis(starts[None] - ends[:, None], 2, 0)
    same_row = np.abs(offsets) < SAME_ROW * np.minimum(heights[:, None], heights)
    near = (starts[None, :, 0] > starts[:, None, 0]) & (gaps < MIN_GUTTER * heights[:, None])
    distances = np.where(same_row & near, np.abs(gaps), np.inf)
    following = np.where(np.isfinite(distances).any(axis=1), distances.argmin(axis=1), -1)
    last = np.arange(len(quads))
    while np.any(following[last] >= 0):
        last = np.where(following[last] >= 0, following[last], last)
    first = np.setdiff1d(np.arange(len(quads)), following)
    return starts[first], ends[last[first]]


def _weighted_median(values: FloatArray, weights: FloatArray) -> float:
    order = np.argsort(values)
    cumulated = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(cumulated, cumulated[-1] / 2)]])


def _turn(quads: FloatArray, angle_rad: float) -> FloatArray:
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    return np.asarray(quads @ np.array([[cos, sin], [-sin, cos]], np.float32), np.float32)


def _columns(boxes: FloatArray, members: Indices) -> list[Indices]:
    """The columns of prose that `members` fall into, left to right; none if they do not.

    Args:
        boxes: (N, 4) float32, left, top, right, bottom.
        members: (M,) indices into `boxes`.
    """
    if len(members) < 2 * MIN_COLUMN_LINES:
        return []
    order, gaps = _gaps(boxes, members, axis=0)
    height = np.median(boxes[members, 3] - boxes[members, 1])
    columns = np.split(order, np.flatnonzero(gaps > MIN_GUTTER * height) + 1)
    return columns if len(columns) > 1 and all(_is_column(boxes[column]) for column in columns) else []


def _is_column(boxes: FloatArray) -> bool:
    lines = _lines(boxes)
    widths, heights = (lines[:, 2:] - lines[:, :2]).T
    column_width = boxes[:, 2].max() - boxes[:, 0].min()
    line_width = np.median(widths)
    return (
        len(lines) >= MIN_COLUMN_LINES
        and bool(line_width >= MIN_COLUMN_FILL * column_width)
        and bool(line_width >= MIN_COLUMN_ASPECT * np.median(heights))
    )


def _lines(boxes: FloatArray) -> FloatArray:
    """Join the boxes of a row that are nearer than a gutter: a detector may find words instead of lines."""
    joined: list[list[np.float32]] = []
    for row in _rows(boxes, np.arange(len(boxes))):
        left, top, right, bottom = boxes[row].T
        apart = left[1:] - np.maximum.accumulate(right)[:-1] > MIN_GUTTER * np.median(bottom - top)
        parts = np.split(boxes[row], np.flatnonzero(apart) + 1)
        joined.extend([*part[:, :2].min(axis=0), *part[:, 2:].max(axis=0)] for part in parts)
    return np.array(joined, np.float32)


def _upper_and_lower(boxes: FloatArray, members: Indices) -> list[Indices]:
    """Two parts with the widest empty band between them; none if no such band crosses the page."""
    order, gaps = _gaps(boxes, members, axis=1)
    if len(gaps) == 0 or gaps.max() <= 0:
        return []
    cut = int(gaps.argmax()) + 1
    return [order[:cut], order[cut:]]


def _gaps(boxes: FloatArray, members: Indices, axis: int) -> tuple[Indices, FloatArray]:
    """`members` by their start on an axis (0: x, 1: y), and the free space before each but the first."""
    order = members[np.argsort(boxes[members, axis], kind="stable")]
    reach = np.maximum.accumulate(boxes[order, axis + 2])
    return order, boxes[order[1:], axis] - reach[:-1]


def _rows(boxes: FloatArray, members: Indices) -> list[Indices]:
    """The rows that `members` stand in, top to bottom, each from left to right."""
    left, top, _, bottom = boxes[members].T
    middle, height = (top + bottom) / 2, bottom - top
    rows = []
    remaining = np.argsort(middle, kind="stable")
    while len(remaining):
        first = remaining[0]
        distance = np.abs(middle[remaining] - middle[first])
        same = distance < SAME_ROW * np.minimum(height[remaining], height[first])
        same[0] = True
        row = remaining[same]
        rows.append(members[row[np.argsort(left[row], kind="stable")]])
        remaining = remaining[~same]
    return rows
