"""Pages whose reading order is known: lines of text at their places, in the order in which a person reads them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from matplotlib import get_data_path
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ocr_core.quads import FloatArray
from samples import ink

AILERON = "Aileron"  # that Pillow carries; the others are those that matplotlib carries
# Where capitals, and the letters with ascenders, begin, and where letters with descenders end, in ems.
ASCENT, DESCENT = 0.74, 0.21
MARGIN_PX = 60


@dataclass(frozen=True)
class Style:
    """How a text is set.

    Attributes:
        font: Its name.
        size_px: The em.
        pitch: From a baseline to the next one, in ems.
        justified: Whether full lines end at the column's right edge.
    """

    font: str = AILERON
    size_px: float = 24
    pitch: float = 1.3
    justified: bool = False

    @property
    def pitch_px(self) -> float:
        """From a baseline to the next one."""
        return self.size_px * self.pitch

    def ems(self, number: float) -> float:
        """So many ems in pixels."""
        return self.size_px * number

    def times(self, factor: float) -> "Style":
        """Larger or smaller letters."""
        return replace(self, size_px=self.size_px * factor)

    def width_px(self, text: str) -> float:
        """How wide the text is: its words, and the spaces between."""
        widths = [word_px(self.font, self.size_px, word) for word in text.split(" ")]
        return sum(widths) + (len(widths) - 1) * word_px(self.font, self.size_px, " ")


@dataclass(frozen=True)
class Line:
    """A line of text.

    Attributes:
        text: What it says.
        left_px: Where it begins.
        baseline_px: Where its letters stand.
        style: How it is set.
        width_px: How wide it is: words of a justified line are moved apart.
    """

    text: str
    left_px: float
    baseline_px: float
    style: Style
    width_px: float


@dataclass(frozen=True)
class Sheet:
    """A page.

    Attributes:
        lines: In reading order.
        pictures: Left, top, right, bottom of grey areas, pixels.
        rules: The same of black ones.
        angle_deg: By which the page lies askew, clockwise.
        right_to_left: Whether a row begins on the right.
        narrowed: By how much its top is narrower than its bottom, as in a photo: a share of the width.
    """

    lines: tuple[Line, ...]
    pictures: tuple[tuple[float, float, float, float], ...] = ()
    rules: tuple[tuple[float, float, float, float], ...] = ()
    angle_deg: float = 0
    right_to_left: bool = False
    narrowed: float = 0

    @property
    def size_wh(self) -> tuple[int, int]:
        """Of the page while it lies straight, pixels."""
        drawn = [(line.left_px + line.width_px, line.baseline_px) for line in self.lines]
        areas = [(area[2], area[3]) for area in (*self.pictures, *self.rules)]
        width, height = np.max([*drawn, *areas], axis=0) + MARGIN_PX
        return int(width), int(height)

    def perspective(self) -> NDArray[np.float64]:
        """The matrix, (3, 3), by which a camera sees it, from below and a little from the left."""
        width, height = self.size_wh
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        seen = corners + self.narrowed * width * np.array([[0.8, 0.4], [-0.2, 0], [0, 0], [0, 0]], np.float32)
        return np.asarray(cv2.getPerspectiveTransform(corners, seen), np.float64)


@lru_cache(maxsize=8192)
def word_px(name: str, size_px: float, word: str) -> float:
    """How wide a word is."""
    return font(name, size_px).getlength(word)


@lru_cache(maxsize=64)
def font(name: str, size_px: float) -> ImageFont.FreeTypeFont:
    """A font of Pillow or matplotlib at an em of `size_px`."""
    if name == AILERON:
        return ink.font(size_px)
    return ImageFont.truetype(str(Path(get_data_path(), "fonts", "ttf", f"{name}.ttf")), size_px)


def boxes(sheet: Sheet, random: np.random.Generator) -> FloatArray:
    """The lines' boxes as the default detector finds them: (N, 4, 2) float32, pixels, in reading order.

    On small pages they reach beyond the ink by a tenth of an em; the larger a page is, the more it is reduced for the
    detector, and the more they reach beyond, up to 14 to 25 pixels at 300 dpi.
    """
    count = len(sheet.lines)
    size = np.array([line.style.size_px for line in sheet.lines])[:, None]
    left, width, base = np.array([(line.left_px, line.width_px, line.baseline_px) for line in sheet.lines]).T
    beyond = random.uniform(*BEYOND_EMS)
    ends = random.normal(beyond, JITTER_EMS, (count, 2)) * size
    sides = random.normal(beyond / 3, JITTER_EMS, (count, 2)) * size
    left, right = left - ends[:, 0], left + width + ends[:, 1]
    top, bottom = base - ASCENT * size[:, 0] - sides[:, 0], base + DESCENT * size[:, 0] + sides[:, 1]
    corners = np.stack([left, top, right, top, right, bottom, left, bottom], axis=1).reshape(-1, 4, 2)
    return turned(np.asarray(cv2.perspectiveTransform(corners, sheet.perspective()), np.float64), sheet.angle_deg)


BEYOND_EMS, JITTER_EMS = (0.1, 0.6), 0.06


def turned(points: NDArray[np.float64], angle_deg: float) -> FloatArray:
    """Points (…, 2) turned clockwise round the origin."""
    cos, sin = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
    return np.asarray(points @ np.array([[cos, sin], [-sin, cos]]), np.float32)


def draw(sheet: Sheet) -> Image.Image:
    """The page in black on white."""
    image = Image.new("L", sheet.size_wh, 255)
    canvas = ImageDraw.Draw(image)
    for area, grey in [*((area, 170) for area in sheet.pictures), *((area, 0) for area in sheet.rules)]:
        canvas.rectangle(area, fill=grey)
    for line in sheet.lines:
        for word, left in zip(line.text.split(" "), _word_places(line), strict=True):
            canvas.text((left, line.baseline_px), word, 0, font(line.style.font, line.style.size_px), "ls")
    if sheet.narrowed:
        seen = cv2.warpPerspective(np.asarray(image), sheet.perspective(), sheet.size_wh, borderValue=(255,))
        image = Image.fromarray(seen)
    return image.rotate(-sheet.angle_deg, Image.Resampling.BICUBIC, expand=True, fillcolor=255)


def _word_places(line: Line) -> Sequence[float]:
    """Where the words of a line begin."""
    words = line.text.split(" ")
    widths = [line.style.width_px(word) for word in words]
    space = (line.width_px - sum(widths)) / max(len(words) - 1, 1)
    return [line.left_px + sum(widths[:count]) + count * space for count in range(len(words))]
