"""Whether lines look as if they stood on their heads, by the outlines of their letters, before anything is read.

Small letters stand on one line, and many rise above the others (b, d, k, capitals, digits) while few hang below them
(g, p, y): their tops differ more than their bottoms. On its head it is the other way round. Lines of capitals or
digits tell nothing; letters of other scripts may mislead (Hebrew hangs from its line), so this is a reason for another
look at a page, and no proof.
"""

import numpy as np

from ocr_core.crops import IntArray, split
from ocr_core.ink import Columns, find_ink
from ocr_core.pixels import RgbArray
from ocr_core.quads import FloatArray

# The widest lines are asked, of pages that have so many. Most stand upright, and the first few lines agree on that.
MIN_LINES, FIRST_LINES, ALL_LINES = 6, 3, 8
# What is looked at of a line, pixels of its crop, and how many letters there must be in it. Ink that is not half as
# high as a line's letters is none: full stops, hyphens, accents that stand by themselves.
GLIMPSE_PX, MIN_LETTERS, MIN_HEIGHT = 300, 6, 0.5
# Lines agree that they stand on their heads if what they tell is, on average, less than 0 by so many standard errors;
# `NOISE`, in heights of a crop, is added to the error, as few lines may agree by chance.
MIN_ERRORS, NOISE = 2.0, 0.003


def seem_upside_down(strip: RgbArray, widths: IntArray) -> bool:
    """Tell whether a page's lines look as if they stood on their heads.

    Args:
        strip: (height, sum of widths, 3) uint8, the crops side by side.
        widths: (N,) int32, pixels.
    """
    if len(widths) < MIN_LINES:
        return False
    crops, widest = split(strip, widths), np.argsort(-widths, kind="stable")[:ALL_LINES]
    first = [_uprightness(crops[line]) for line in widest[:FIRST_LINES]]
    if np.nansum(first) > 0:
        return False
    told = np.array([*first, *(_uprightness(crops[line]) for line in widest[FIRST_LINES:])])
    told = told[~np.isnan(told)]
    if len(told) < FIRST_LINES:
        return False
    return bool(told.mean() < -MIN_ERRORS * (told.std() / np.sqrt(len(told)) + NOISE))


def _uprightness(crop: RgbArray) -> float:
    """By how much more the tops of a line's letters differ than their bottoms, in heights of the crop.

    NaN for a line of few letters.
    """
    columns = Columns.of(find_ink(crop[:, :GLIMPSE_PX]))
    spans = np.flatnonzero(np.diff(columns.counts > 0, prepend=False, append=False)).reshape(-1, 2)
    if len(spans) < MIN_LETTERS:
        return np.nan
    _, tops, _, bottoms = columns.boxes(spans).T
    heights = bottoms - tops
    is_letter = heights > MIN_HEIGHT * np.median(heights)
    return (_spread(tops[is_letter]) - _spread(bottoms[is_letter])) / columns.height


def _spread(rows: FloatArray) -> float:
    return float(np.abs(rows - np.median(rows)).mean())
