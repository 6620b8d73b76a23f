"""Why the text in a box could not be read.

In every picture, a recognizer finds what its alphabet has. Of a line in a script that it does not know, it reads the
crumbs that look like letters of its own, ", 25" for a whole address in Cyrillic, and is sure of them. What gives them
away is that they are few for all the ink in the box.

On the blank side of a sheet, print shines through from the other side, mirrored. Of most lines a recognizer is unsure,
of some less so; what gives them away is that it is sure of none.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ocr_core import ctc
from ocr_core.options import Options
from ocr_core.pixels import RgbArray, as_grey
from ocr_core.quads import FloatArray
from ocr_core.reading import MIN_LETTERS, SURE

LOW_CONFIDENCE, UNKNOWN_SCRIPT = "low_confidence", "unknown_script"

# Less ink is a letter, or a picture, whatever was read. In heights of the line, like all that follows.
MIN_INK = 1.2
# More for each character belongs to others beside them. Latin letters have up to 0.6, Chinese ones 0.8.
MAX_INK_PER_CHARACTER = 0.95
# So does less, if they would pass as text, but are read with less confidence than this: an Armenian line looks like
# "Ln n nu".
MAX_INK_IF_UNSURE = 0.8
# A page of so many lines that say something shows nothing to be read if none of them is `SURE`.
MIN_LINES = 8
# What differs from the background by this share of the greatest difference is ink, …
MIN_CONTRAST = 0.4
# … and a column of it counts if it spans so much of the height: dots and dashes that lead from a title to a page number
# do not, nor do rules.
MIN_SPAN = 0.3


def reasons(
    texts: NDArray[np.object_], confidences: FloatArray, crops: Sequence[RgbArray], options: Options
) -> NDArray[np.object_]:
    """Why each line counts as unread: (N,) objects, empty strings for lines that are read.

    Args:
        texts: (N,) objects.
        confidences: (N,) float32.
        crops: What was read, (height, width, 3) uint8 each.
        options: `min_confidence` applies; below the usual one, also to pages without a line that is surely read.
    """
    is_readable = ctc.is_readable(texts, confidences, options)
    if options.min_confidence >= Options.min_confidence and _shines_through(texts, confidences):
        is_readable = np.zeros(len(texts), bool)
    found = np.where(is_readable, "", LOW_CONFIDENCE).astype(object)
    usual = np.where(is_readable & (confidences < SURE), MAX_INK_IF_UNSURE, MAX_INK_PER_CHARACTER)
    for line, (crop, ink) in enumerate(zip(crops, usual * ctc.letters(texts), strict=True)):
        if _is_more(crop, ink):
            found[line] = UNKNOWN_SCRIPT
    return found


def _shines_through(texts: NDArray[np.object_], confidences: FloatArray) -> bool:
    """Whether a page has many lines, and none that is surely read."""
    told = confidences[ctc.letters(texts) >= MIN_LETTERS]
    return len(told) >= MIN_LINES and not (told >= SURE).any()


def _is_more(crop: RgbArray, usual: float) -> bool:
    """Whether a crop has more ink than usual, in heights of the line, for what was read."""
    height, width = crop.shape[:2]
    usual_px = max(MIN_INK, usual) * height
    return width > usual_px and _ink_px(crop) > usual_px  # few lines have so much room


def _ink_px(crop: RgbArray) -> int:
    """How many columns of a crop, (height, width, 3) uint8, have ink that spans a good part of the height."""
    grey = as_grey(crop).astype(np.float32)
    difference = np.abs(grey - np.median(grey))
    ink = difference > MIN_CONTRAST * difference.max()
    spans = len(ink) - ink[::-1].argmax(axis=0) - ink.argmax(axis=0)
    return int((ink.any(axis=0) & (spans > MIN_SPAN * len(ink))).sum())
