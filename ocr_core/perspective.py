"""A photographed page as if it had been scanned: its lines level, its margins upright.

Lines and margins of a page that is seen at an angle converge: each falls, or leans, by an amount that changes evenly
over the page. Lines tell by their own ends how they fall; the ends of lines below each other, how margins lean.
"""

import numpy as np
from numpy.typing import NDArray

from ocr_core.quads import FloatArray, edge_lengths, line_ends
from ocr_core.rows import quantile, typical_height

Values = NDArray[np.float64]

# So many lines, or pairs of ends below each other, tell anything.
MIN_LINES, MIN_PAIRS = 8, 24
# Pairs are so far from each other, in heights of a line; of the lines that follow one, so many are looked at.
NEAREST, FARTHEST, NEXT = 3.0, 14.0, 64
# Margins lean by no more than this, and are so straight; half-way up or down, a page is narrower by no more than this.
# What is tried, in the middle of the page and on its sides, on so many pairs.
MAX_LEAN, STRAIGHT, MAX_NARROWED, MOST_PAIRS = 0.2, 0.015, 0.3, 400
TRIED = np.linspace(-MAX_LEAN, MAX_LEAN, 41)
# Margins are upright if so many pairs say so; they lean if so many do, and so many times as many as say upright. (Drawn
# pages that lie straight, 2,128 of them, never do.)
UPRIGHT, AGREE, CLEARLY = 0.4, 0.35, 2.5
# What moves nothing by more than this, in heights of a line, is left as it is.
MIN_SHIFT = 0.25
# Where the middles of lines differ by less than about this part of the page, they do not tell how falls change over it.
SAME = 0.02


def level_boxes(quads: FloatArray, lines: FloatArray) -> FloatArray:
    """Boxes of a page as if it had been scanned.

    Args:
        quads: (N, 4, 2) float32, pixels of a page that is level as a whole, clockwise from the text's top-left corner.
        lines: (L, 2, 2) float32, where lines of these begin and end, half-way up.

    Returns:
        (N, 4) float32, left, top, right, bottom: those round the quads where nothing converges.
    """
    boxes = np.asarray(np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=1), np.float32)
    if len(lines) < MIN_LINES:
        return boxes
    height, middle = typical_height(boxes), (boxes[:, :2].min(axis=0) + boxes[:, 2:].max(axis=0)) / 2
    ends = line_ends(quads) - middle
    falls = _falls(lines - middle, height)
    x, y = ends[..., 0], ends[..., 1]
    y = y - x * (falls[0] + falls[1] * x / 2 + falls[2] * y)
    leans = _leans(x, y, height)
    if not (falls.any() or leans.any()):
        return boxes
    x = x - y * _lean(leans[0], leans[1], x, y)
    y, half = y.mean(axis=1), edge_lengths(quads)[1] / 2
    return np.asarray(np.stack([x.min(axis=1), y - half, x.max(axis=1), y + half], axis=1), np.float32)


def _falls(lines: FloatArray, height: float) -> Values:
    """How lines fall: in the middle, more with each pixel to the right, and downwards; 0 if they are nearly level."""
    (x, y), (width, drop) = lines.mean(axis=1).T, (lines[:, 1] - lines[:, 0]).T
    falls, long = np.zeros(3), width > 2 * height
    if long.sum() < MIN_LINES:
        return falls
    x, y, width, drop = x[long], y[long], width[long], drop[long]
    right, bottom = np.maximum(np.abs(lines).max(axis=(0, 1)), 1)
    told, factors, weights = drop / width, np.stack([np.ones_like(x), x / right, y / bottom], axis=1), width
    for _ in range(3):  # without the lines that most others contradict
        falls = np.linalg.lstsq(factors * weights[:, None], told * weights, rcond=SAME)[0]
        error = np.abs(told - factors @ falls)
        weights = width * (error <= 3 * quantile(error) + 1e-3)
    shift = right * np.abs(falls) @ np.array([1, 0.5, 1])
    falls = falls / np.array([1, right, bottom])
    return falls if shift > MIN_SHIFT * height else np.zeros(3)


def _leans(x: Values, y: Values, height: float) -> Values:
    """How margins lean: in the middle, and more with each pixel to the right; 0 if they are upright, or do not tell.

    Args:
        x: (N, 2), where lines begin and end.
        y: Likewise.
        height: Of a line.
    """
    pairs, right, bottom = _pairs(x, y, height), np.abs(x).max(), np.abs(y).max()
    upright = np.mean(np.abs(pairs[2]) < STRAIGHT) if pairs.shape[1] >= MIN_PAIRS else 1
    if upright >= UPRIGHT:
        return np.zeros(2)
    some = np.linspace(0, pairs.shape[1] - 1, min(pairs.shape[1], MOST_PAIRS)).astype(int)
    middle, more = TRIED[:, None, None], TRIED[:, None] * min(1 / right, MAX_NARROWED / MAX_LEAN / bottom)
    left_px, top_px, lean = pairs[:, some]
    agree = np.mean(np.abs(_lean(middle, more, left_px, top_px) - lean) < STRAIGHT, axis=2)
    if agree.max() < max(AGREE, CLEARLY * upright):
        return np.zeros(2)
    best, side = np.unravel_index(agree.argmax(), agree.shape)
    left_px, top_px, lean = pairs
    near = np.abs(_lean(TRIED[best], more[side], left_px, top_px) - lean) < STRAIGHT
    factors = np.stack([np.ones_like(lean), left_px - lean * top_px], axis=1)[near]
    leans = np.linalg.lstsq(factors, lean[near], rcond=None)[0]
    shift = (abs(leans[0]) + right * abs(leans[1])) * bottom
    return leans if shift > MIN_SHIFT * height and abs(leans[1]) * bottom < 2 * MAX_NARROWED else np.zeros(2)


def _lean(middle: Values, more: Values, x: Values, y: Values) -> Values:
    """How the margin through x and y leans: where it is at x0 half-way down, by `middle` and as often `more` as x0."""
    return np.asarray((middle + more * x) / (1 + more * y))


def _pairs(x: Values, y: Values, height: float) -> Values:
    """Of left and of right ends below each other: where the upper one is, and how the lower one is aside: (3, P)."""
    order = np.argsort(y.mean(axis=1))
    upper = np.arange(len(order))[:, None]
    lower = np.minimum(upper + np.arange(1, NEXT + 1), len(order) - 1)
    pairs = []
    for left, top in zip(x[order].T, y[order].T, strict=True):
        below = top[lower] - top[upper]
        lean = (left[lower] - left[upper]) / np.maximum(below, 1e-3)
        told = (below > NEAREST * height) & (below < FARTHEST * height) & (np.abs(lean) < MAX_LEAN)
        pairs.append([np.broadcast_to(values, lean.shape)[told] for values in (left[upper], top[upper], lean)])
    return np.concatenate(pairs, axis=1)
