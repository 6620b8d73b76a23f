"""Which line of text comes first, on a page that may be askew.

The page is turned level, what converges on a photo is straightened, boxes are shortened to their text, and
`page_layout.py` divides it into blocks.
"""

import numpy as np
from numpy.typing import NDArray

from ocr_core import metrics, orientation
from ocr_core.page_layout import blocks_in_order
from ocr_core.perspective import level_boxes
from ocr_core.quads import FloatArray, edge_lengths, line_ends
from ocr_core.rows import SAME_ROW, Indices, typical_height, weighted_median

# A page is turned if half of its text runs within this angle of one direction.
MAX_SKEW_SPREAD_RAD = np.deg2rad(2)
# So many boxes, the uppermost, tell a page's angle: each is compared with each.
MAX_SKEW_BOXES = 1000
# A line across the page, up or down, comes behind all others if it is beside so many heights of these, and one of a
# few, a share of all lines. In its place it would come between lines of a paragraph.
MIN_BESIDE, MAX_ACROSS_SHARE = 3.0, 0.2
# Boxes of a row that are nearer than this, in heights of the first one, belong to one line.
SAME_LINE = 1.0


def reading_order(quads: FloatArray, overhang: float = 0.0, *, right_to_left: bool = False) -> Indices:
    """Put the quads of a page into reading order: `order_and_blocks` without the blocks."""
    return order_and_blocks(quads, overhang, right_to_left=right_to_left)[0]


@metrics.timed(metrics.READING_ORDER)
def order_and_blocks(
    quads: FloatArray, overhang: float = 0.0, *, right_to_left: bool = False
) -> tuple[Indices, NDArray[np.int32]]:
    """Put the quads of a page into reading order, and tell which belong together.

    Args:
        quads: (N, 4, 2) float32, pixels, clockwise from the top-left corner in reading direction.
        overhang: By how much each reaches beyond both ends of its text, in heights of the quad.
        right_to_left: Whether the page's text is: then its right column comes first, and a row begins on the right.

    Returns:
        (N,) indices into `quads`, the first to be read first; and for each of these the number of its block, a
        paragraph, a heading or a table: (N,) int32 from 0, none less than the one before.
    """
    if len(quads) == 0:
        return np.zeros(0, np.intp), np.zeros(0, np.int32)
    if right_to_left:
        quads = _mirrored(quads)
    skew_rad, lines = _skew(quads)
    quads = _turn(quads, -skew_rad)
    boxes = level_boxes(quads, lines)
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    ends, sides = np.minimum(overhang * height, 0.4 * width), 0.3 * overhang * height
    boxes += np.stack([ends, sides, -ends, -sides], axis=1)
    across = _across(quads, boxes)
    level = np.setdiff1d(np.arange(len(quads)), across)
    blocks = [level[block] for block in blocks_in_order(boxes[level])] + list(across[:, None])
    return np.concatenate(blocks), np.repeat(np.arange(len(blocks), dtype=np.int32), [len(block) for block in blocks])


def _across(quads: FloatArray, boxes: FloatArray) -> Indices:
    """The few lines that run up or down beside others, from left to right: (n,) indices, none where they are many.

    Args:
        quads: (N, 4, 2) float32, on the level page, pixels, clockwise from the top-left corner in reading direction.
        boxes: (N, 4) float32, left, top, right, bottom of their text.
    """
    runs_across, beside = orientation.is_across(quads, 0), np.abs(quads[:, 1, 1] - quads[:, 0, 1])
    if not 0 < runs_across.sum() <= MAX_ACROSS_SHARE * len(quads):
        return np.zeros(0, np.intp)
    across = np.flatnonzero(runs_across & (beside >= MIN_BESIDE * typical_height(boxes[~runs_across])))
    return across[np.argsort(quads[across, :, 0].min(axis=1), kind="stable")]


def _mirrored(quads: FloatArray) -> FloatArray:
    """As a mirror shows them, clockwise from the corner that is then the top-left one."""
    return (quads * np.array([-1, 1], np.float32))[:, [1, 0, 3, 2]]


def _skew(quads: FloatArray) -> tuple[float, FloatArray]:
    """Angle by which the page as a whole is turned, radians, and where its lines begin and end once it is turned back.

    0 and no lines where boxes do not agree, as the signs of a street; else (L, 2, 2) float32.
    """
    quads = quads[np.argsort(quads[:, 0, 1])[:MAX_SKEW_BOXES]]
    angles, lengths = _directions(quads[:, 0], quads[:, 1])
    skew = weighted_median(angles, lengths)
    if weighted_median(np.abs(angles - skew), lengths) >= MAX_SKEW_SPREAD_RAD:
        return 0.0, np.zeros((0, 2, 2), np.float32)
    # A box round a short word knows its angle to a few degrees at best, a whole line knows better.
    lines = np.stack(_ends_of_lines(_turn(quads, -skew)), axis=1)
    rest = weighted_median(*_directions(lines[:, 0], lines[:, 1]))
    return skew + rest, _turn(lines, -rest)


def _directions(starts: FloatArray, ends: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Clockwise angles from the x axis, radians, and lengths of the ways from `starts` to `ends`: (N,) float32 each."""
    x, y = (ends - starts).T
    return np.arctan2(y, x), np.hypot(x, y)


def _ends_of_lines(quads: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where each line begins and where it ends, half-way up: (L, 2) float32 each. Words form lines on a level page."""
    starts, ends = np.moveaxis(line_ends(quads), 1, 0)
    heights = edge_lengths(quads)[1]
    gaps, offsets = (starts[None, :, axis] - ends[:, None, axis] for axis in (0, 1))
    near = (starts[None, :, 0] > starts[:, None, 0]) & (gaps < SAME_LINE * heights[:, None])
    same_row = np.abs(offsets) < SAME_ROW * np.minimum(heights[:, None], heights)
    boxes, others = np.nonzero(near & same_row)
    farthest_first = np.lexsort((-others, -np.abs(gaps[boxes, others])))
    following = np.full(len(quads), -1)
    following[boxes[farthest_first]] = others[farthest_first]  # the last one counts
    last = np.arange(len(quads))
    while np.any(following[last] >= 0):
        last = np.where(following[last] >= 0, following[last], last)
    first = np.setdiff1d(np.arange(len(quads)), following)
    return starts[first], ends[last[first]]


def _turn(quads: FloatArray, angle_rad: float) -> FloatArray:
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    return np.asarray(quads @ np.array([[cos, sin], [-sin, cos]], np.float32), np.float32)
