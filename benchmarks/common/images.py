"""Images that benchmarks send: the samples, enlarged ones, drawn pages."""

import math
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SAMPLES = Path(__file__).parent.parent.parent / "samples"
# A receipt is mostly recognition, a street mostly detection, a label a bit of both.
MIXED_SAMPLES = tuple(SAMPLES / name for name in ("receipt.png", "street.jpg", "label.png"))
JPEG_QUALITY = 95
# Cells of drawn words: as small as text can be that is found in a page scaled to the detector.
CELL_WIDTH_PX, CELL_HEIGHT_PX = 56, 20
FONT_PX = 14


def enlarged(image_file: Path, megapixels: float) -> bytes:
    """An image as a JPEG file of so many megapixels, in its proportions."""
    with Image.open(image_file) as image:
        ratio = math.sqrt(megapixels * 1e6 / (image.width * image.height))
        size = round(image.width * ratio), round(image.height * ratio)
        return _encoded(image.convert("RGB").resize(size, Image.Resampling.LANCZOS))


def page_of(lines: int, room_for: int) -> bytes:
    """A JPEG file of a page with short lines of text, in columns.

    Args:
        lines: How many are drawn.
        room_for: How many the page has room for, which alone decides its size.
    """
    columns = math.ceil(math.sqrt(room_for * CELL_HEIGHT_PX / CELL_WIDTH_PX))
    rows = math.ceil(room_for / columns)
    page = Image.new("RGB", (columns * CELL_WIDTH_PX, rows * CELL_HEIGHT_PX), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(FONT_PX)
    for number in range(lines):
        row, column = divmod(number, columns)
        draw.text((column * CELL_WIDTH_PX + 8, row * CELL_HEIGHT_PX + 2), f"{number:04}", "black", font)
    return _encoded(page)


def _encoded(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()
