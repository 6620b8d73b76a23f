"""Crops of like width go to the recognizer together."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np

from ocr_core.crops import IntArray, split
from ocr_core.pixels import PixelArray, RgbArray, as_rgb
from ocr_core.recognizer import Recognizer
from ocr_core.shapes import CALLS

# Starting a call costs about as much as reading so many pixels of width: a millisecond, most of it outside the network.
CALL_PX = 64
# At its end a page waits for its longest calls, while other cores may have nothing to do. So a page's only call counts
# as longer by this share, one of half a page by half of it: few crops are divided evenly, many into large calls.
WAITING = 0.25
# Mid grey: 0 once the recognizer has scaled it to -1 … 1.
PADDING = 127


@dataclass(frozen=True, slots=True)
class Limits:
    """What calls look like.

    Attributes:
        bucket_px: Crops are padded to a multiple of this, so that calls of different requests have equal shapes and can
            share a batch, while hardly any time goes into padding.
        shapes: Crops and width of the shapes that calls are filled up to by the recognizer; none, and they stay as they
            are.
        max_crops: Of a call; with shapes, what a shape holds.
        max_px: Width of a call's crops together, padding included. The recognizer needs 40 kB for each pixel of it, and
            keeps them. With shapes, what a shape holds.
    """

    bucket_px: int = 32
    shapes: tuple[tuple[int, int], ...] = ()
    max_crops: int = 16
    max_px: int = 1600

    def padded_px(self, width: int) -> int:
        """The width that a call's widest crop is padded to, pixels; a recognizer may take less.

        >>> [SMALL.padded_px(width) for width in (30, 500, 513)]
        [32, 512, 544]
        """
        return -(-width // self.bucket_px) * self.bucket_px

    def most_crops(self, width: int) -> int:
        """Of a call whose widest crop, with padding, is so wide, pixels; one at least.

        >>> SMALL.most_crops(320), FIXED.most_crops(320), FIXED.most_crops(10_000)
        (5, 32, 1)
        """
        if self.shapes:
            return max((crops for crops, width_px in self.shapes if width <= width_px), default=1)
        return min(self.max_crops, max(self.max_px // width, 1))


# Calls of 2,560 pixels take 3 % longer for a pixel where two run side by side, as they fit the caches less.
SMALL = Limits()
# A GPU computes whole shapes, whatever is in them.
FIXED = Limits(shapes=CALLS)
# By what the configuration calls them.
LIMITS = {"small": SMALL, "fixed": FIXED}


def plan(widths: IntArray, limits: Limits = SMALL) -> list[IntArray]:
    """Decide which crops share a call, so that all calls together cost least.

    Args:
        widths: (N,) int32, pixels.
        limits: Of a call; crops are padded to the widest one of their call.

    Returns:
        Index arrays, (n,) int32 with 1 ≤ n ≤ `limits.most_crops`, which together hold every crop once; the widest crops
        come first, so that no long call is left for the end.

    >>> [call.tolist() for call in plan(np.int32([30, 320, 20]))]
    [[1], [0, 2]]
    """
    padded = -(-widths // limits.bucket_px) * limits.bucket_px
    order = np.argsort(-padded, kind="stable").astype(np.int32)
    ends = list(accumulate(_sizes(padded[order].tolist(), limits)))
    return [order[start:end] for start, end in pairwise([0, *ends])]


def _sizes(widths_px: Sequence[int], limits: Limits) -> list[int]:
    """How many crops each call takes, if they come in order, the widest first."""
    most = [min(limits.most_crops(width), len(widths_px) - first) for first, width in enumerate(widths_px)]
    # In shapes each call costs as much as any other, however many crops it has.
    sizes = most if limits.shapes else _cheapest(widths_px, most)
    chosen, first = [], 0
    while first < len(sizes):
        chosen.append(sizes[first])
        first += sizes[first]
    return chosen


def _cheapest(widths_px: Sequence[int], most: Sequence[int]) -> list[int]:
    """Of how many crops a call that begins with each of them had best be, so many at most: by dynamic programming."""
    costs, sizes = [0.0] * (len(widths_px) + 1), [0] * len(widths_px)  # of the calls from each crop on
    waiting = WAITING / max(sum(widths_px), 1)
    for first, width in reversed(list(enumerate(widths_px))):
        costs[first], sizes[first] = min(
            (CALL_PX + n * width * (1 + waiting * n * width) + costs[first + n], n) for n in range(1, most[first] + 1)
        )
    return sizes


def pack(
    strip: PixelArray, widths: IntArray, recognizer: Recognizer, limits: Limits = SMALL
) -> tuple[list[IntArray], list[RgbArray]]:
    """Cut a strip into padded batches.

    Args:
        strip: (height, sum of widths, channels) uint8, RGB or grey, the crops side by side.
        widths: (N,) int32, pixels.
        recognizer: The crops that it takes.
        limits: Of a call.

    Returns:
        For each call the indices of its crops, (n,) int32, and the crops, (n, height, width, 3) uint8 RGB, padded
        on the right.
    """
    calls, crops = plan(widths, limits), split(strip, widths)
    return calls, [
        _pad([crops[line] for line in call.tolist()], recognizer, limits.padded_px(int(widths[call].max())))
        for call in calls
    ]


def _pad(crops: Sequence[PixelArray], recognizer: Recognizer, width: int) -> RgbArray:
    width = min(width, recognizer.max_width)
    batch = np.empty((len(crops), recognizer.height, width, 3), np.uint8)
    for padded, crop in zip(batch, crops, strict=True):
        as_rgb(crop, into=padded[:, : crop.shape[1]])
        padded[:, crop.shape[1] :] = crop[:, -1:] if recognizer.padding == "edge" else PADDING
    return batch
