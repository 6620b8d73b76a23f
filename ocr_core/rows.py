"""Rows of boxes, (N, 4) float32 of left, top, right, bottom in pixels of a level page."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_core.quads import FloatArray

Indices = NDArray[np.intp]

# A gutter is at least this wide, in heights of a typical line; what is nearer in a row belongs to one line.
MIN_GUTTER = 0.75
# Boxes belong to one row if their centres are nearer than this, in heights of the lower box.
SAME_ROW = 0.5


def quantile(values: NDArray[np.floating[Any]], share: float = 0.5) -> float:
    """The median of some values, (N,), or another quantile. For so few, NumPy's functions take ten times as long."""
    ordered = np.sort(values)
    place = share * (len(ordered) - 1)
    low, high = ordered[int(place)], ordered[min(int(place) + 1, len(ordered) - 1)]
    return float(low + (high - low) * (place - int(place)))


def weighted_median(values: FloatArray, weights: FloatArray) -> float:
    """The value up to which half of the weight lies.

    Args:
        values: (N,) float32, at least one.
        weights: (N,) float32.
    """
    order = np.argsort(values)
    cumulated = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(cumulated, cumulated[-1] / 2)]])


def typical_height(boxes: FloatArray) -> float:
    """The median; never quite 0, so that others may be divided by it."""
    return max(quantile(boxes[:, 3] - boxes[:, 1]), 1e-3)


def rows(boxes: FloatArray) -> tuple[Indices, Indices]:
    """The rows that boxes stand in.

    Returns:
        (N,) indices into `boxes`, row by row from the top, in each from left to right; and the number of the row of
        each of these.
    """
    middle, height = (boxes[:, 1] + boxes[:, 3]) / 2, boxes[:, 3] - boxes[:, 1]
    order = np.argsort(middle, kind="stable")
    middle, height = middle[order], height[order]
    ends = np.searchsorted(middle, middle + SAME_ROW * height)
    row_of = np.full(len(order), -1)
    count = 0
    for first in range(len(order)):
        if row_of[first] < 0:
            row_of[first] = count
            end = ends[first]
            if end > first + 1:
                near = middle[first:end] - middle[first] < SAME_ROW * np.minimum(height[first:end], height[first])
                row_of[first:end][near & (row_of[first:end] < 0)] = count
            count += 1
    by_row = np.lexsort((boxes[order, 0], row_of))
    return order[by_row], row_of[by_row]


def joined(boxes: FloatArray, row_of: Indices, min_gap: float) -> tuple[FloatArray, Indices]:
    """Join the boxes of a row that are no further apart than `min_gap` pixels.

    Args:
        boxes: (N, 4) float32.
        row_of: (N,), the number of each box's row.
        min_gap: Pixels.

    Returns:
        (M, 4) float64, what is joined, row by row from left to right; and (M,) the number of the row of each.
    """
    order = np.lexsort((boxes[:, 0], row_of))
    left, top, right, bottom = boxes[order].T.astype(np.float64)
    row_of = row_of[order]
    # Row after row along one axis, further apart than boxes of a row can be.
    along = row_of * (np.ptp(boxes[:, ::2].astype(np.float64)) + min_gap + 1)
    reach = np.maximum.accumulate(right + along)
    starts = np.append(0, np.flatnonzero((left + along)[1:] - reach[:-1] > min_gap) + 1)
    least, most = np.minimum.reduceat, np.maximum.reduceat
    parts = [least(left, starts), least(top, starts), most(right, starts), most(bottom, starts)]
    return np.stack(parts, axis=1), row_of[starts]


def lines(boxes: FloatArray) -> FloatArray:
    """Lines of text, (M, 4) float64: a detector may find words instead."""
    order, row_of = rows(boxes)
    return joined(boxes[order], row_of, MIN_GUTTER * typical_height(boxes))[0]
