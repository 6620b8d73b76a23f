"""Where in a crop there is ink: what differs from the paper, without ruled lines and without the lines next to it."""

import dataclasses
from collections.abc import Sequence
from functools import reduce

import numpy as np
from cv2.typing import MatLike
from numpy.typing import NDArray

from ocr_core.crops import IntArray
from ocr_core.opencv import cv2
from ocr_core.pixels import RgbArray
from ocr_core.quads import FloatArray

BoolArray = NDArray[np.bool_]

# Grey levels by which ink differs from paper at least; below it there is only noise.
MIN_CONTRAST = 12
# A ruled line, an underline or the edge of a frame is longer than any letter's stroke, and thinner than a letter is
# high: in parts of the crop's height. In a scan it may shift by this many pixels from one column to the next.
RULE_LENGTH, RULE_WIDTH, RULE_SHIFT_PX = 1.25, 0.2, 3
# What touches an edge of the crop and reaches no further into it than this, in parts of its height, belongs to the
# line above or below.
NEIGHBOUR = 0.3
# What is left of a rule, or is a rule too short to be taken for one: it lies so low, in parts of the crop's height, is
# no thicker than that, and is longer than thick by this factor. A full stop is not; an underscore goes with them.
LOW, FLAT, LONG = 0.75, 0.1, 1.5
# At an end of a line, how far from a character's middle its ink is looked for, and how wide a gap ends it, in parts
# of the distance between the line's characters.
REACH, GAP = 1.0, 0.5
# Where there is no ink, a box has this part of the crop's height: the detector's boxes are about that much too high.
CORE = 0.15, 0.85
# Least width of a gap that is not wholly without ink, in parts of the crop's height.
LEAST_GAP = 0.1
# Of two columns between touching characters, the one with more ink is taken if it is this much nearer to the middle
# for each pixel of ink, in pixels.
NEARNESS = 4.0


def find_ink(crop: RgbArray) -> BoolArray:
    """Tell ink from paper, whichever of them is the darker one.

    The paper's colour is the median of the crop; the threshold for the distance from it is Otsu's (1979).

    Args:
        crop: (height, width, 3) uint8, one line of text.

    Returns:
        (height, width) bool.
    """
    distance = reduce(cv2.max, map(_distances, cv2.split(crop)))
    otsu, _ = cv2.threshold(distance, 0, 1, cv2.THRESH_OTSU)
    _, ink = cv2.threshold(distance, max(otsu, MIN_CONTRAST), 1, cv2.THRESH_BINARY)
    return _without_crumbs(_without_rules(ink))


def _distances(channel: MatLike) -> MatLike:
    """How far each pixel of a channel is from the channel's median, by a table of its 256 values."""
    distances = np.abs(np.arange(256) - np.median(channel[::4, ::4]))
    return cv2.LUT(channel, distances.astype(np.uint8))


def _without_rules(ink: MatLike) -> MatLike:
    height = len(ink)
    shifted = cv2.dilate(ink, np.ones((RULE_SHIFT_PX, 1), np.uint8))
    long = _opened(shifted, (1, round(RULE_LENGTH * height)))
    rules = cv2.subtract(long, _opened(long, (round(RULE_WIDTH * height), 1)))
    return cv2.subtract(ink, cv2.max(rules, _opened(ink, (height, 1))))


def _opened(ink: MatLike, shape: tuple[int, int]) -> MatLike:
    """What of the ink this many rows and columns fit into."""
    return cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(shape, np.uint8))


def _without_crumbs(ink: MatLike) -> BoolArray:
    """Without what reaches in from the lines above and below, and without what is left of rules."""
    height = len(ink)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink)
    top, bottom = stats[:, cv2.CC_STAT_TOP], stats[:, cv2.CC_STAT_TOP] + stats[:, cv2.CC_STAT_HEIGHT]
    is_other = ((top == 0) & (bottom < NEIGHBOUR * height)) | ((bottom == height) & (top > (1 - NEIGHBOUR) * height))
    thickness, length = bottom - top, stats[:, cv2.CC_STAT_WIDTH]
    is_other |= (top > LOW * height) & (thickness <= FLAT * height) & (length >= LONG * thickness)
    is_other[0] = True  # the paper
    return np.asarray(~is_other[labels])


@dataclasses.dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a crop.

    Attributes:
        height: Of the crop, pixels.
        counts: (W,), pixels of ink in each column.
        tops: (W,), first row with ink in it; the height where there is none.
        bottoms: (W,), row behind the last one with ink; 0 where there is none.
        before: (W,), the last column with ink up to this one; -1 where there is none.
        after: (W,), the first column with ink from this one on; W where there is none.
    """

    height: int
    counts: IntArray
    tops: IntArray
    bottoms: IntArray
    before: IntArray
    after: IntArray

    @classmethod
    def of(cls, ink: BoolArray) -> "Columns":
        """Those of a crop's ink, (height, width) bool."""
        height, width = ink.shape
        counts, numbers = ink.sum(axis=0), np.arange(width)
        is_inked = counts > 0
        return cls(
            height=height,
            counts=counts,
            tops=np.where(is_inked, ink.argmax(axis=0), height),
            bottoms=np.where(is_inked, height - ink[::-1].argmax(axis=0), 0),
            before=np.maximum.accumulate(np.where(is_inked, numbers, -1)),
            after=np.minimum.accumulate(np.where(is_inked, numbers, width)[::-1])[::-1],
        )

    def gap(self, left_px: float, right_px: float) -> tuple[int, int]:
        """The widest gap in the ink between the middles of two characters: where it starts, and where it ends.

        Where they touch, it has no width, and is where the stroke between them is thinnest.
        """
        last = len(self.counts) - 1
        low = min(max(int(left_px), 0), last)
        high = min(max(int(right_px), low), last) + 1
        starts = np.maximum(self.before[low:high] + 1, low)
        ends = np.minimum(self.after[low:high], high)
        widest = int((ends - starts).argmax())
        if ends[widest] > starts[widest]:
            return int(starts[widest]), int(ends[widest])
        # On a rule that was not recognized as one, or through noise, there is as little ink for a while.
        counts = self.counts[low:high]
        bounds = np.flatnonzero(np.diff(counts <= counts.min() + 1, prepend=False, append=False))
        starts, ends = bounds[::2], bounds[1::2]
        longest = int((ends - starts).argmax())
        if ends[longest] - starts[longest] >= LEAST_GAP * self.height:
            return low + int(starts[longest]), low + int(ends[longest])
        distances = np.abs(np.arange(low, high) + 0.5 - (left_px + right_px) / 2)
        thinnest = low + int((counts + distances / NEARNESS).argmin())
        return thinnest, thinnest

    def ends(self, centres: Sequence[float]) -> tuple[int, int]:
        """Where the ink of a line starts and ends, near the middles of its first and its last character.

        Args:
            centres: Of all its characters, pixels.
        """
        distance = float(np.median(np.diff(centres))) if len(centres) > 1 else self.height / 2
        last, limit = len(self.counts) - 1, max(1, int(REACH * distance))
        first_px, last_px = (min(max(int(centre), 0), last) for centre in (centres[0], centres[-1]))
        low, high = max(first_px - limit, 0), min(last_px + limit, last)
        widths, wide = self.after - self.before - 1, GAP * distance
        left = np.flatnonzero((widths[low : first_px + 1] > wide) & (self.after[low : first_px + 1] <= first_px))
        right = np.flatnonzero((widths[last_px : high + 1] > wide) & (self.before[last_px : high + 1] >= last_px))
        start = self.after[low + left[-1] if len(left) else low]
        end = self.before[last_px + right[0] if len(right) else high] + 1
        return min(int(start), first_px), max(int(end), last_px + 1)

    def boxes(self, spans: NDArray[np.intp]) -> FloatArray:
        """The boxes round the ink in spans of columns.

        Args:
            spans: (N, 2), the first column and the one behind the last one.

        Returns:
            (N, 4) float32: left, top, right, bottom.
        """
        last = len(self.counts) - 1
        starts = np.clip(spans[:, 0], 0, last)
        ends = np.clip(spans[:, 1], starts + 1, last + 1)
        lefts, rights = self.after[starts], self.before[ends - 1] + 1
        is_inked = lefts < rights
        lefts, rights = np.where(is_inked, lefts, starts), np.where(is_inked, rights, ends)
        between = np.stack([lefts, rights], axis=1).ravel()
        tops = np.minimum.reduceat(np.append(self.tops, self.height), between)[::2]
        bottoms = np.maximum.reduceat(np.append(self.bottoms, 0), between)[::2]
        low, high = CORE[0] * self.height, CORE[1] * self.height
        tops, bottoms = np.where(is_inked, tops, low), np.where(is_inked, bottoms, high)
        return np.asarray(np.stack([lefts, tops, rights, bottoms], axis=1), np.float32)
