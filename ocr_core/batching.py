"""Which crops go to the recognizer together: those of like width, and as many as are worth a call."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import numpy as np

from ocr_core.crops import IntArray, split
from ocr_core.pixels import PixelArray, RgbArray, as_rgb
from ocr_core.recognizer import Recognizer
from ocr_core.shapes import CALLS

# Mid grey: 0 once the recognizer has scaled it to -1 … 1.
PADDING = 127


@dataclass(frozen=True, slots=True)
class Limits:
    """What calls look like.

    Attributes:
        bucket_px: Crops are padded to a multiple of this, so that some are alike while hardly any time goes into
            padding.
        shapes: Crops and width of the shapes that calls are filled up to by the recognizer; none, and they stay as they
            are.
        max_crops: Of a call; with shapes, what a shape holds.
        max_px: Width of a call's crops together, padding included, but for a single crop that is wider. With shapes,
            what a shape holds.
        readers: So many calls are read at once, and they shall be done with a page at the same time.
        least_px: What is left of a page is shared by one reader for each so wide part of it, if not by all.
        is_grouped: Whether the recognizer reads each crop as wide as it is, whatever shares its call
            (export/groups.py).
    """

    bucket_px: int = 32
    shapes: tuple[tuple[int, int], ...] = ()
    max_crops: int = 16
    max_px: int = 1600
    readers: int = 1
    least_px: int = 320
    is_grouped: bool = False

    def padded_px(self, width: int) -> int:
        """The width that a crop is padded to, pixels; a recognizer may take less.

        >>> [SMALL.padded_px(width) for width in (30, 500, 513)]
        [32, 512, 544]
        """
        return -(-width // self.bucket_px) * self.bucket_px

    def most_crops(self, width: int) -> int:
        """Of a call whose widest crop, with padding, is so wide; one at least.

        >>> [limits.most_crops(320) for limits in (SMALL, FIXED, GROUPED)]
        [5, 32, 10]
        """
        if self.shapes:
            return max((crops for crops, width_px in self.shapes if width <= width_px), default=1)
        return min(self.max_crops, max(self.max_px // width, 1))


# For TensorRT, which sets memory aside for the largest call, and for recognizers that read in no groups.
SMALL = Limits()
# A GPU computes whole shapes, whatever is in them.
FIXED = Limits(shapes=CALLS)
# A call takes a core 50 ms at most with VNNI, 0.3 s without; its page may be given up in between, or others come first.
GROUPED = Limits(max_crops=64, max_px=3200, is_grouped=True)
# To see what a crop gives by itself.
ALONE = Limits(max_crops=1)
# By what the configuration calls them.
LIMITS = {"small": SMALL, "fixed": FIXED, "grouped": GROUPED}


def limits(calls: str, under_way: int, recognizer: Recognizer) -> Limits:
    """The limits of calls.

    Args:
        calls: What the configuration calls them.
        under_way: So many may be under way at once.
        recognizer: That they are for; where its graphs read in no groups, calls are small.
    """
    chosen = LIMITS[calls]
    return replace(chosen if recognizer.in_groups else SMALL, readers=under_way) if chosen.is_grouped else chosen


def plan(widths: IntArray, limits: Limits) -> list[IntArray]:
    """Decide which crops share a call.

    Reading takes time in proportion to pixels. So each call goes to the reader who is done first, and is its share of
    what is left, or as much as the limits allow: few calls, and the last ones of all readers end together.

    Args:
        widths: (N,) int32, pixels.
        limits: Of a call; crops are padded to the widest one of their call.

    Returns:
        Index arrays, (n,) int32 with 1 ≤ n ≤ `limits.most_crops`, which together hold every crop once; the widest crops
        come first.

    >>> [call.tolist() for call in plan(np.int32([30, 640, 20, 320, 290]), replace(GROUPED, readers=2))]
    [[1], [3, 4, 0, 2]]
    """
    padded = -(-widths // limits.bucket_px) * limits.bucket_px
    order = np.argsort(-padded, kind="stable").astype(np.int32)
    widths_px, calls, first = padded[order].tolist(), [], 0
    ends_px = [0, *accumulate(widths_px)]
    middles_px = [(begin + end) / 2 for begin, end in pairwise(ends_px)]
    # What readers have got; who has got the last call is no longer among them.
    read_px = [0] * limits.readers
    while first < len(order):
        read_px.sort()
        left_px = ends_px[-1] - ends_px[first]
        sharing = read_px[: math.ceil(left_px / limits.least_px)]
        lacking_px = (sum(sharing) + left_px) / len(sharing) - read_px[0]
        share = max(bisect_left(middles_px, ends_px[first] + lacking_px), first + 1)
        end = min(share, first + limits.most_crops(widths_px[first]))
        if end == share:
            del read_px[0]
        else:
            read_px[0] += ends_px[end] - ends_px[first]
        calls.append(order[first:end])
        first = end
    return calls


def pack(
    strip: PixelArray, widths: IntArray, recognizer: Recognizer, limits: Limits
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
    return calls, [_pad([crops[line] for line in call.tolist()], recognizer, limits) for call in calls]


def _pad(crops: Sequence[PixelArray], recognizer: Recognizer, limits: Limits) -> RgbArray:
    """The crops of a call, the widest first."""
    width = min(limits.padded_px(crops[0].shape[1]), recognizer.max_width)
    batch = np.empty((len(crops), recognizer.height, width, 3), np.uint8)
    for padded, crop in zip(batch, crops, strict=True):
        end = crop.shape[1]
        as_rgb(crop, into=padded[:, :end])
        padded[:, end:] = PADDING
        if recognizer.padding == "edge":
            padded[:, end : limits.padded_px(end) if limits.is_grouped else width] = crop[:, -1:]
    return batch
