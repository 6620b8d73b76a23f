"""Faded pages, in full contrast: the detector misses much of the text on them, though it can be read."""

import numpy as np

from ocr_core.opencv import cv2
from ocr_core.pixels import PixelArray

# Pages of fewer grey levels than this from the darkest to the brightest are faded. What differs by less than the first
# of these is noise, or print that shines through from the other side, and better left as faint as it is.
FAINT, FADED = 32, 128
# So few of the values looked at may be lower or higher than all others, one in so many at most: dust, and sparkles.
DUST, DUST_SHARE = 5, 1 / 1000
# Each pixel of so many in both directions is looked at; most pages turn out not to be faded at the first glance.
GLANCE_PX, STEP_PX = 16, 4


def restore(page: PixelArray) -> PixelArray:
    """Stretch the contrast of a page that is faded; all channels alike, so that colours keep their hue.

    Args:
        page: (height, width, channels) uint8.

    Returns:
        The same, or the page itself if it is not faded.
    """
    if _levels(page, GLANCE_PX)[1] >= FADED:
        return page
    middle, levels = _levels(page, STEP_PX)
    if not FAINT <= levels < FADED:
        return page
    table = np.rint((np.arange(256) - middle) * (255 / levels) + 127.5)
    return np.asarray(cv2.LUT(page, np.clip(table, 0, 255).astype(np.uint8)), np.uint8).reshape(page.shape)


def _levels(page: PixelArray, step_px: int) -> tuple[float, int]:
    """The middle between the darkest and the brightest of a page's values, and by how much these differ."""
    values = np.ascontiguousarray(page[::step_px, ::step_px]).reshape(-1, 1)
    counts = cv2.calcHist([values], [0], None, [256], [0, 256])
    dust = min(DUST, int(len(values) * DUST_SHARE))
    darkest, brightest = np.searchsorted(np.cumsum(counts), (dust + 1, len(values) - dust))
    return (int(darkest) + int(brightest)) / 2, int(brightest) - int(darkest)
