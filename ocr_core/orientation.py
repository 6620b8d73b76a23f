"""Which way a page's text runs, and by how much the page must be turned to stand upright.

Angles are degrees counter-clockwise by which the page *must be turned*, as `numpy.rot90(page, angle // 90)` and
Pillow's `image.rotate(angle, expand=True)` turn it: a page on which lines run downwards has the angle 90.

The boxes tell the axis (`of_boxes`). They do not tell the direction: upside down, lines lie where they lay. The
recognizer's confidence does (`reading.py`): text that stands on its head is read with less.
"""

import numpy as np
from numpy.typing import NDArray

from ocr_core.options import Options
from ocr_core.quads import FloatArray
from ocr_core.rows import weighted_median

QUARTER = 90
# A box this much longer than high, or higher than long, tells an axis.
LONG = 1.25
# A page is worth another look, turned, if its boxes tell so much of text that stands upright (one with a score of 0.6
# that is twice as high as long, for example), and at least half as much as of level text. Of a page on its side, large
# letters that stand one below the other look like level lines; an upright page hardly ever has so many upright boxes.
MIN_UPRIGHT, MIN_UPRIGHT_SHARE = 1.2, 0.5


def turn(quads: FloatArray, angle: int) -> FloatArray:
    """Where quads lie once their page is turned, about its top-left corner; as exact as they were.

    Args:
        quads: (N, 4, 2) float32, pixels.
        angle: Degrees counter-clockwise, a multiple of 90, of either sign.

    >>> turn(np.float32([[[1, 2]]]), 90).tolist()
    [[[2.0, -1.0]]]
    """
    x, y = quads[..., 0], quads[..., 1]
    turned = ((x, y), (y, -x), (-x, -y), (-y, x))[angle // QUARTER % 4]
    return np.stack(turned, axis=-1)


def turn_back(quads: FloatArray, angle: int, page_size: tuple[int, int]) -> FloatArray:
    """Where quads that were found on a turned page lie on the page as it was.

    Args:
        quads: (N, 4, 2) float32, pixels of the turned page.
        angle: By which it was turned, as `numpy.rot90(page, angle // 90)` does.
        page_size: (height, width) before that.

    >>> turn_back(np.float32([[[2, 9]]]), 90, (20, 10)).tolist()
    [[[1.0, 2.0]]]
    """
    height, width = page_size
    corner = ((0, 0), (0, width), (width, height), (height, 0))[angle // QUARTER]
    return turn(quads - np.array(corner, np.float32), -angle)


def is_sideways(angle: int) -> bool:
    """Whether a page of this angle lies on its side."""
    return angle % (2 * QUARTER) == QUARTER


def turn_text_by_half(quads: FloatArray) -> FloatArray:
    """The same boxes with the text read the other way: they begin at the opposite corner."""
    return np.roll(quads, 2, axis=1)


def of_boxes(quads: FloatArray, scores: FloatArray, options: Options) -> int:
    """Angle of a page as far as its boxes tell it: 0 for 0 or 180, 90 for 90 or 270; or what the request says it is.

    Args:
        quads: (N, 4, 2) float32, pixels, starting at any corner.
        scores: (N,) float32.
        options: `orientation` applies.
    """
    if options.orientation.isdigit():
        return int(options.orientation)
    level, upright = _evidence(quads, scores)
    return QUARTER if options.orientation == "auto" and upright > level else 0


def turns_to_try(quads: FloatArray, scores: FloatArray, options: Options) -> tuple[int, ...]:
    """Angles by which to turn a page that does not or may not stand upright, and look at it again; none if it does.

    Args:
        quads: As for `of_boxes`.
        scores: Likewise.
        options: Likewise.
    """
    if options.orientation != "auto":
        angle = of_boxes(quads, scores, options)
        return (angle,) if angle else ()
    level, upright = _evidence(quads, scores)
    may_be = upright >= MIN_UPRIGHT and upright > MIN_UPRIGHT_SHARE * level
    return (QUARTER, 3 * QUARTER) if may_be else ()


def of_text(quads: FloatArray) -> int:
    """Angle of a page: by that of most of its text, to the nearest quarter turn. 0 without text.

    Args:
        quads: (N, 4, 2) float32, pixels, clockwise from the top-left corner in reading direction.
    """
    slopes_deg, lengths = _slopes(quads)
    quarters = np.rint(slopes_deg / QUARTER).astype(int) % 4
    return int(np.bincount(quarters, lengths, minlength=4).argmax()) * QUARTER


def is_across(quads: FloatArray, angle: int) -> NDArray[np.bool_]:
    """Which lines run up or down once their page has been turned by `angle`: (N,) bool."""
    quarters = np.rint(_slopes(turn(quads, angle))[0] / QUARTER)
    return np.asarray(quarters % 2 == 1)


def skew(quads: FloatArray, angle: int) -> float:
    """Degrees by which a page that has been turned by `angle` must be turned further for its lines to be level.

    The median of its lines, by their lengths: -45 … 45.

    Args:
        quads: (N, 4, 2) float32, pixels, clockwise from the top-left corner in reading direction.
        angle: Of the page.
    """
    if len(quads) == 0:
        return 0.0
    slopes_deg, lengths = _slopes(turn(quads, angle))
    return float(np.clip(weighted_median(slopes_deg, lengths), -45, 45))


def _slopes(quads: FloatArray) -> tuple[FloatArray, FloatArray]:
    """How far each line falls, in degrees clockwise from level, and how long it is: (N,) float32 each."""
    x, y = (quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]).T / 2
    return np.degrees(np.arctan2(y, x)), np.hypot(x, y)


def _evidence(quads: FloatArray, scores: FloatArray) -> tuple[float, float]:
    """What boxes that are longer than high tell of level text, and those that are higher than long of upright text.

    Each counts by how many times it is so, and by its score: a long line tells more than a large picture of one.
    """
    edges = quads[:, 1:3] - quads[:, 0:2]  # two that meet
    lengths = np.linalg.norm(edges, axis=2)
    rows, longer = np.arange(len(quads)), lengths.argmax(axis=1)
    x, y = np.abs(edges[rows, longer]).T
    ratios = lengths.max(axis=1) / np.maximum(lengths.min(axis=1), 1)
    told = np.where(ratios >= LONG, ratios * scores, 0)
    return float(told[y <= x].sum()), float(told[y > x].sum())
