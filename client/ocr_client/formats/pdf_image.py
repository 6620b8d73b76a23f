"""A page's image as PDF holds it: JPEGs as they are, everything else without loss."""

import struct
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

from PIL import Image

from ocr_client.photo import displayed

Matrix = tuple[int, int, int, int, int, int]

UPRIGHT: Matrix = (1, 0, 0, 1, 0, 0)
# EXIF orientation → what turns the unit square, in which PDF draws an image, into the square that a viewer shows.
TURNS: dict[int, Matrix] = {
    1: UPRIGHT,
    2: (-1, 0, 0, 1, 1, 0),
    3: (-1, 0, 0, -1, 1, 1),
    4: (1, 0, 0, -1, 0, 1),
    5: (0, -1, -1, 0, 1, 1),
    6: (0, -1, 1, 0, 0, 1),
    7: (0, 1, 1, 0, 0, 0),
    8: (0, 1, -1, 0, 1, 0),
}
EXIF_ORIENTATION = 0x0112
COLOUR_SPACES = {"1": "/DeviceGray", "L": "/DeviceGray", "RGB": "/DeviceRGB"}
PNG_SIGNATURE_LENGTH = 8
PNG_FILTERS = "<</Predictor 15 /Colors {colours} /BitsPerComponent {bits} /Columns {columns}>>"


class PdfImage(NamedTuple):
    """An image for a PDF.

    Attributes:
        content: The stream's bytes.
        fields: Of its dictionary.
        turn: Matrix that brings it upright in the unit square.
    """

    content: bytes
    fields: dict[str, object]
    turn: Matrix


def pdf_image(encoded: bytes) -> PdfImage:
    """Prepare an encoded image.

    Raises:
        OSError: Pillow cannot decode it.
        ValueError: It is too large for Pillow.
    """
    try:
        with Image.open(BytesIO(encoded)) as image:
            if image.format in ("JPEG", "MPO") and image.mode in ("L", "RGB"):
                turn = TURNS.get(image.getexif().get(EXIF_ORIENTATION, 1), UPRIGHT)
                return PdfImage(encoded, _fields(image, {"Filter": "/DCTDecode"}), turn)
            black_and_white = image.mode == "1"
    except Image.DecompressionBombError as error:
        raise ValueError(f"the image is too large for a PDF: {error}") from error
    photo = displayed(encoded)
    return _deflated(photo.convert("1", dither=Image.Dither.NONE) if black_and_white else photo)


def _deflated(photo: Image.Image) -> PdfImage:
    """Compress as PNG does: PDF has the same compression and filters (ISO 32000, 7.4.4.4)."""
    file = BytesIO()
    photo.save(file, "PNG")
    fields = _fields(photo, {"Filter": "/FlateDecode"})
    fields["DecodeParms"] = PNG_FILTERS.format(
        colours=len(photo.getbands()), bits=fields["BitsPerComponent"], columns=photo.width
    )
    content = b"".join(chunk for name, chunk in _chunks(file.getvalue()) if name == b"IDAT")
    return PdfImage(content, fields, UPRIGHT)


def _fields(image: Image.Image, more: dict[str, object]) -> dict[str, object]:
    return {
        "Type": "/XObject",
        "Subtype": "/Image",
        "Width": image.width,
        "Height": image.height,
        "ColorSpace": COLOUR_SPACES[image.mode],
        "BitsPerComponent": 1 if image.mode == "1" else 8,
        **more,
    }


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = PNG_SIGNATURE_LENGTH
    while position < len(png):
        length, name = struct.unpack_from(">I4s", png, position)
        yield name, png[position + 8 : position + 8 + length]
        position += length + 12
