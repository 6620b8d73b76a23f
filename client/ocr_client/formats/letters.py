"""How wide letters usually are."""

import unicodedata
from functools import lru_cache

from PIL import ImageFont


@lru_cache(maxsize=4096)
def width_em(letter: str) -> float:
    """How far a letter of a common sans-serif font advances, in parts of the font's size."""
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.0
    # The font has no accents; with one, a letter is as wide as without.
    return _font().getlength(unicodedata.normalize("NFD", letter)[0]) / _font().size


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.load_default(100)  # type: ignore[return-value]  # with a size it is never the bitmap font
