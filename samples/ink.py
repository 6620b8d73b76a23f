"""Print: words set with the font that Pillow carries, so that no machine needs a font installed."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont
from PIL.Image import Resampling

from samples.sample import Image

# Letters are set at twice their size and averaged down: their places are then good to half a pixel.
OVERSAMPLING = 2


@dataclass(frozen=True)
class Words:
    """Words on one baseline.

    Attributes:
        text: what is printed.
        x_px: where the words begin ("l"), have their middle ("m") or end ("r").
        baseline_px: the y of the letters' feet.
        size_px: the em; capitals are 0.7 of it high.
        bold_px: how far the strokes are widened on either side.
        align: which end of the words `x_px` means.
    """

    text: str
    x_px: float
    baseline_px: float
    size_px: float
    bold_px: float = 0
    align: Literal["l", "m", "r"] = "l"

    def scaled(self, factor: float) -> "Words":
        """The same words on a page that is `factor` times as large."""
        x_px, baseline_px = self.x_px * factor, self.baseline_px * factor
        return Words(self.text, x_px, baseline_px, self.size_px * factor, self.bold_px * factor, self.align)


@lru_cache(maxsize=64)
def font(size_px: float) -> ImageFont.FreeTypeFont:
    """Pillow's embedded Aileron Regular at an em of `size_px`.

    Raises:
        RuntimeError: this Pillow was built without FreeType.
    """
    embedded = ImageFont.load_default(size=size_px)
    if not isinstance(embedded, ImageFont.FreeTypeFont):
        raise RuntimeError("samples need a Pillow that was built with FreeType")
    return embedded


def width_px(text: str, size_px: float) -> float:
    """How wide `text` is when it is set at an em of `size_px`."""
    return font(size_px * OVERSAMPLING).getlength(text) / OVERSAMPLING


def coverage(size_wh: tuple[int, int], words: Iterable[Words]) -> Image:
    """How much of each pixel the words' ink covers: (H, W) uint8, 0 none to 255 all."""
    width, height = size_wh
    mask = Pillow.new("L", (width * OVERSAMPLING, height * OVERSAMPLING))
    draw = ImageDraw.Draw(mask)
    for piece in (piece.scaled(OVERSAMPLING) for piece in words):
        draw.text(
            (piece.x_px, piece.baseline_px),
            piece.text,
            fill=255,
            font=font(piece.size_px),
            anchor=f"{piece.align}s",
            stroke_width=piece.bold_px,
        )
    return np.asarray(mask.resize(size_wh, Resampling.BOX))
