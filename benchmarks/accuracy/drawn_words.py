"""Pages of words set in nine fonts, whose boxes are known because this module draws them.

The fonts come with Pillow and Matplotlib, so that every machine draws the same pages.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, cast

import cv2
import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ocr_client.results import Quad

FONTS = (
    "Aileron",  # Pillow's own
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSerif",
    "DejaVuSerif-Italic",
    "STIXGeneral",
    "STIXGeneralItalic",
)
SIZES_PX = (12, 14, 16, 20, 24, 28, 36, 48, 64)
# Round smaller words, boxes leave more room: see `ocr_core.words`.
LARGE_SIZES_PX = SIZES_PX[3:]
PAGE_WH = 1000, 900
MARGIN_PX, ABOVE_EM, BELOW_EM = 50, 0.95, 0.65
# Letters are set at twice their size and averaged down: their boxes are good to half a pixel.
OVERSAMPLING = 2
PAPER, INK = 245, 30
TEXT = """
A lighthouse has one simple task: on a dark night it tells a sailor where the land is. Tickets cost 12.50 for adults,
7.25 for children (under 14) & nothing for the keeper's dog! "Which of the lamps is ours?" asked Mr. Quigley, who had
bought the yacht in 1987 for $3,499.00; his fax no. is 555-0123/4, his e-mail jq@example.org. Jumping over a lazy fox,
five wizards boxed quickly: it was Monday, 27 May, 9:45 p.m. 100% of the fog had gone by then. I go up; we all did.
"""
# How a page lies: where its corners go, in parts of its width and height.
VIEWS: dict[str, tuple[tuple[float, float], ...] | None] = {
    "level": None,
    "turned by 7 degrees": ((0.1115, 0.0037), (0.985, 0.1229), (0.8885, 0.9963), (0.015, 0.8771)),
    "in perspective": ((0.12, 0.08), (0.9, 0.0), (1.0, 0.96), (0.0, 0.88)),
}


@dataclass(frozen=True, slots=True)
class TrueWord:
    """A word that is there.

    Attributes:
        text: What it says.
        quad: The corners of its ink's box, clockwise from the top-left one, in pixels.
    """

    text: str
    quad: Quad


@dataclass(frozen=True, slots=True)
class DrawnPage:
    """A page and the words on it.

    Attributes:
        name: Of the font.
        image_rgb: (height, width, 3) uint8.
        words: In reading order.
    """

    name: str
    image_rgb: NDArray[np.uint8]
    words: tuple[TrueWord, ...]


def draw_pages(view: str, sizes_px: Sequence[int] = SIZES_PX) -> Iterator[DrawnPage]:
    """A page in each of the fonts, lying as one of the `VIEWS`."""
    for number, name in enumerate(FONTS):
        page = _level_page(name, sizes_px, skipped=5 * number)
        corners = VIEWS[view]
        yield _averaged(page if corners is None else _warped(page, corners))


def _level_page(name: str, sizes_px: Sequence[int], skipped: int) -> DrawnPage:
    """A page at `OVERSAMPLING` times its size: lines of growing size, from another word of the text on."""
    width, height = (side * OVERSAMPLING for side in PAGE_WH)
    image = Image.new("L", (width, height), PAPER)
    draw, words = ImageDraw.Draw(image), islice(cycle(TEXT.split()), skipped, None)
    drawn: list[TrueWord] = []
    margin = bottom = MARGIN_PX * OVERSAMPLING
    for size in (size * OVERSAMPLING for size in cycle(sizes_px)):
        baseline, bottom = round(bottom + ABOVE_EM * size), round(bottom + (ABOVE_EM + BELOW_EM) * size)
        if bottom > height - margin:
            break
        drawn += _draw_line(draw, words, font_of(name, size), margin, baseline, width - margin)
    return DrawnPage(name, np.repeat(np.asarray(image)[:, :, None], 3, axis=2), tuple(drawn))


def _draw_line(
    draw: ImageDraw.ImageDraw, words: Iterator[str], font: ImageFont.FreeTypeFont, left: int, baseline: int, right: int
) -> Iterator[TrueWord]:
    x = float(left)
    for word in words:
        if x + font.getlength(word) > right:
            return
        draw.text((round(x), baseline), word, INK, font, anchor="ls")
        x1, y1, x2, y2 = _ink_box(word, font) + np.array([round(x), baseline] * 2)
        yield TrueWord(word, ((x1, y1), (x2, y1), (x2, y2), (x1, y2)))
        x += font.getlength(f"{word} ")


def _ink_box(word: str, font: ImageFont.FreeTypeFont) -> NDArray[np.intp]:
    """Left, top, right, bottom of what is at least half inked; `textbbox` counts the space beside letters, too."""
    room = round(2 * font.size)
    image = Image.new("L", (2 * room + round(font.getlength(word)), 2 * room))
    ImageDraw.Draw(image).text((room, room), word, 255, font, anchor="ls")
    rows, columns = np.nonzero(np.asarray(image) > 127)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]) - room


def font_of(name: str, size_px: int) -> ImageFont.FreeTypeFont:
    """One of `FONTS`."""
    if name == FONTS[0]:
        return cast("ImageFont.FreeTypeFont", ImageFont.load_default(size_px))
    return ImageFont.truetype(Path(mpl.get_data_path(), "fonts", "ttf", f"{name}.ttf"), size_px)


def _warped(page: DrawnPage, corners: tuple[tuple[float, float], ...]) -> DrawnPage:
    height, width = page.image_rgb.shape[:2]
    before = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    after = np.array(corners, np.float32) * (width, height)
    # Of pixels' centres, as OpenCV counts them, and of edges, as boxes are counted.
    centres = cv2.getPerspectiveTransform(before - 0.5, np.asarray(after - 0.5, np.float32))
    edges = cv2.getPerspectiveTransform(before, np.asarray(after, np.float32))
    image = cv2.warpPerspective(page.image_rgb, centres, (width, height), borderValue=(PAPER,) * 3)
    quads = cv2.perspectiveTransform(np.array([word.quad for word in page.words], np.float32), edges)
    words = (TrueWord(word.text, _quad(quad)) for word, quad in zip(page.words, quads, strict=True))
    return DrawnPage(page.name, np.asarray(image, np.uint8), tuple(words))


def _averaged(page: DrawnPage) -> DrawnPage:
    """At the size meant."""
    image = cv2.resize(page.image_rgb, PAGE_WH, interpolation=cv2.INTER_AREA)
    words = (TrueWord(word.text, _quad(np.array(word.quad) / OVERSAMPLING)) for word in page.words)
    return DrawnPage(page.name, np.asarray(image, np.uint8), tuple(words))


def _quad(corners: NDArray[Any]) -> Quad:
    return cast("Quad", tuple((float(x), float(y)) for x, y in corners))
