"""A picture of what was read: the image with its boxes, and beside it the text in the same places.

Colours show the recognizer's confidence: blue is sure, amber doubtful, red likely wrong.
"""

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from ocr_client.fonts import font_for
from ocr_client.photo import displayed
from ocr_client.results import Line, Page

Colour = tuple[int, int, int]

SURE, DOUBTFUL, WRONG = (0, 98, 214), (208, 108, 0), (214, 30, 52)
# Each half is scaled so that letters can be read and the file stays small enough.
SHORTEST_PX, LONGEST_PX = 1200, 3200
GAP_PX = 4
# The font's size as a part of the box's height: boxes are a little larger than the letters.
LETTER_HEIGHT = 0.8
FIGURE_HEIGHT = 0.4


def draw_overlay(image: bytes | str | os.PathLike[str], page: Page) -> Image.Image:
    """Draw a page's boxes over its image, and its text with the confidence in per cent beside it.

    Args:
        image: The encoded file that was read: its content as bytes, or its path.
        page: What was read in it.

    Returns:
        RGB picture of two halves of equal size, side by side (one below the other for a wide image).

    Raises:
        OSError: The file cannot be read, or Pillow cannot decode it.
        ValueError: The page is that of an image of another size, or it is too large for Pillow.
    """
    photo = displayed(image)
    if photo.size != (page.width, page.height):
        expected, actual = f"{page.width}x{page.height}", f"{photo.width}x{photo.height}"
        raise ValueError(f"the page is of an image of {expected} px, got one of {actual}")
    scale = _scale(*photo.size)
    photo = ImageOps.scale(photo, scale)
    text = Image.new("RGB", photo.size, "white")
    quads = [np.array(line.quad) * scale for line in page.lines]
    _draw_boxes(photo, page.lines, quads)
    for line, quad in zip(page.lines, quads, strict=True):
        _draw_text(text, quad, line)
    return _joined(photo, text)


def _scale(width: int, height: int) -> float:
    longest = max(width, height)
    return min(max(1.0, SHORTEST_PX / longest), LONGEST_PX / longest)


def _colour(line: Line) -> Colour:
    if line.confidence >= 0.9:
        return SURE
    return DOUBTFUL if line.confidence >= 0.7 else WRONG


def _draw_boxes(photo: Image.Image, lines: Sequence[Line], quads: Sequence[NDArray[np.float64]]) -> None:
    """Tint (4, 2) quads in pixels, and outline them outside of all of them: no stroke crosses a letter."""
    rims, outside = photo.copy(), Image.new("1", photo.size, 1)
    for line, quad in zip(lines, quads, strict=True):
        stroke_px = max(1, round(min(_axes(quad)[2] / 10, max(photo.size) / 300)))
        # The white rim tells a blue box from a blue sign. Half of a stroke lies inside.
        for colour, width_px in (("white", 4 * stroke_px), (_colour(line), 2 * stroke_px)):
            ImageDraw.Draw(rims).line([*_corners(quad), *_corners(quad)[:2]], colour, width_px, joint="curve")
    for quad in quads:
        ImageDraw.Draw(outside).polygon(_corners(quad), fill=0)
    photo.paste(rims, mask=outside)
    for line, quad in zip(lines, quads, strict=True):
        # Mode RGBA on an RGB image blends instead of replacing.
        ImageDraw.Draw(photo, "RGBA").polygon(_corners(quad), fill=(*_colour(line), 40))


def _corners(quad: NDArray[np.float64]) -> list[tuple[float, float]]:
    return [(x, y) for x, y in quad.tolist()]


def _draw_text(picture: Image.Image, quad: NDArray[np.float64], line: Line) -> None:
    """Write a line and its confidence where its (4, 2) quad lies, turned as the quad is."""
    along, width, height = _axes(quad)
    if line.text.strip() and min(width, height) >= 1:
        strip = _strip(line, width, height)
        _paste_turned(picture, strip, quad[0], along, _colour(line))


def _axes(quad: NDArray[np.float64]) -> tuple[NDArray[np.float64], float, float]:
    """A (4, 2) quad's reading direction (2,) of length 1, its width and its height."""
    top, left = quad[1] - quad[0], quad[3] - quad[0]
    width, height = float(np.hypot(*top)), float(np.hypot(*left))
    return top / max(width, 1e-9), width, height


def _strip(line: Line, width: float, height: float) -> Image.Image:
    """Write a line upright into a mask, fitted to the box, and after it the confidence in small figures."""
    text = " ".join(line.text.split())
    figure = f"{100 * line.confidence:.0f}"
    size = min(LETTER_HEIGHT * height, 100 * width / max(1.0, font_for(text, 100).getlength(text)))
    letters, figures = font_for(text, round(size)), font_for(figure, round(min(size, FIGURE_HEIGHT * height)))
    end = letters.getlength(text) + 0.1 * size
    strip = Image.new("L", (round(end + figures.getlength(figure)) + 1, round(height)))
    draw = ImageDraw.Draw(strip)
    draw.text((0, height / 2), text, 255, letters, anchor="lm")
    draw.text((end, height / 2 - 0.4 * size), figure, 160, figures, anchor="lt")
    return strip


def _paste_turned(
    picture: Image.Image,
    mask: Image.Image,
    origin: NDArray[np.float64],
    along: NDArray[np.float64],
    colour: Colour,
) -> None:
    """Fill a mask's shape with a colour, its top-left corner on `origin`, its x axis turned to `along`."""
    down = np.array([-along[1], along[0]])
    x, y = mask.width * along, mask.height * down
    corners = origin + np.array([0 * x, x, x + y, y])
    left, top = np.clip(np.floor(corners.min(axis=0)), 0, picture.size).astype(int).tolist()
    right, bottom = np.clip(np.ceil(corners.max(axis=0)), 0, picture.size).astype(int).tolist()
    if left >= right or top >= bottom:
        return
    # For every pixel of the picture, where in the mask it lies: its distance from the origin along each axis.
    first = np.array([left, top]) - origin
    inverse = (*along, first @ along, *down, first @ down)
    size = (right - left, bottom - top)
    turned = mask.transform(size, Image.Transform.AFFINE, inverse, Image.Resampling.BICUBIC)
    picture.paste(colour, (left, top), turned)


def _joined(first: Image.Image, second: Image.Image) -> Image.Image:
    width, height = first.size
    offset = (0, height + GAP_PX) if width > 2 * height else (width + GAP_PX, 0)
    both = Image.new("RGB", (width + offset[0], height + offset[1]), "grey")
    both.paste(first, (0, 0))
    both.paste(second, offset)
    return both
