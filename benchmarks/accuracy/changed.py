"""Images that lie on their side or on their head, or are faded, read and put upright again."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from benchmarks.accuracy.score import read_by
from ocr_client import OcrClient, Page
from ocr_client.results import Line, Quad

ALL_LEVELS = 256


def read_changed(client: OcrClient, degrees: int, levels: int, path: Path) -> Page:
    """Turn and fade an image, have a server read it, and say where the lines are in the image as it was.

    Args:
        client: Asks the server.
        degrees: By which it is turned counter-clockwise: 0, 90, 180 or 270.
        levels: Of each colour that are left, the bright ones; `ALL_LEVELS` leaves the image as it is.
        path: The image.

    Raises:
        click.ClickException: The server cannot read it; the message names the image.
    """
    if degrees == 0 and levels == ALL_LEVELS:
        return read_by(client, path)
    with Image.open(path) as image:
        pixels = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    return turn_back(read_by(client, path, np.rot90(fade(pixels, levels), degrees // 90)), degrees)


def fade(pixels: NDArray[np.uint8], levels: int) -> NDArray[np.uint8]:
    """Leave so many levels, the bright ones."""
    return np.asarray(np.rint(255 - (255 - pixels.astype(np.float32)) * ((levels - 1) / 255)), np.uint8)


def turn_back(page: Page, degrees: int) -> Page:
    """A page that was turned counter-clockwise as it was before, its lines and words; its text stays."""
    for _ in range(degrees // 90):
        lines = tuple(_turned(line, page.height) for line in page.lines)
        page = replace(page, width=page.height, height=page.width, lines=lines)
    return page


def _turned(line: Line, height: int) -> Line:
    words = line.words and tuple(replace(word, quad=_clockwise(word.quad, height)) for word in line.words)
    return replace(line, quad=_clockwise(line.quad, height), words=words)


def _clockwise(quad: Quad, height: int) -> Quad:
    """Where the corners lie once their page, so many pixels high, is turned by a quarter."""
    return cast("Quad", tuple((height - y, x) for x, y in quad))
