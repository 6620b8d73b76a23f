"""An encoded image → the page and the detector's view of it."""

import io
import math
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, TiffImagePlugin, WebPImagePlugin  # noqa: F401 - they register themselves

from ocr_core import contrast, image_limits
from ocr_core.detector import Detector
from ocr_core.errors import BadImage
from ocr_core.opencv import cv2
from ocr_core.pixels import PixelArray, RgbArray, as_rgb, to_page

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
# What Pillow raises on damaged files of these formats (found by fuzzing; its documentation promises no list).
DAMAGED = (
    *(OSError, SyntaxError, ValueError, TypeError, AttributeError, AssertionError, EOFError),
    *(LookupError, ArithmeticError, struct.error, zlib.error),
)
# EXIF 2.32, tag 0x0112: where the first row and column of the file are to be shown.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = {TURNS[orientation] for orientation in (5, 6, 7, 8)}
# What a JPEG can have; in larger blocks, tags that share their values would have gigabytes copied.
MAX_EXIF_BYTES = 65_536
# OpenCV warps images of sides below 2^15 only.
MAX_PAGE_SIDE_PX = 32_000
# Letters that the detector can find are at least a third as tall in its view as the recognizer wants them.
PAGE_TO_DETECTOR = 3

# With this and the imports above, Pillow does not look for further formats when it opens the first file.
Image.preinit()
# The limits here give a clearer message than Pillow's.
Image.MAX_IMAGE_PIXELS = None


def decode(encoded: bytes, max_megapixels: float, detector: Detector) -> tuple[PixelArray, tuple[int, int]]:
    """Decode an image file to RGB or grey as a viewer shows it: EXIF orientation applied, transparency laid on white.

    Of an animation or a multi-page file, the first frame. An image far larger than the detector and the
    recognizer can make use of comes back reduced.

    Args:
        encoded: The file's bytes: JPEG, PNG, WebP, TIFF, BMP, GIF or PPM.
        max_megapixels: Images with more pixels are refused before they are decoded; JPEGs may have more and costly
            formats fewer, see `image_limits`.
        detector: What it takes decides how large a page is of use.

    Returns:
        The page, (height, width, channels) uint8, grey if the image is, else RGB, and the image's own (height, width)
        as a viewer shows it.

    Raises:
        BadImage: The bytes are empty, no image, damaged, truncated, or too large an image.
    """
    image = _open(encoded)
    kind, (width, height) = image.format, image.size
    image_limits.check(image, encoded, max_megapixels)
    try:
        image.draft(None, _page_size(width, height, detector))
        image.load()
        if kind == "TIFF":  # turned by Pillow itself
            width, height = image.size
        if (orientation := _orientation(image)) is not None:
            image = image.transpose(orientation)
        if orientation in SIDEWAYS:
            width, height = height, width
        page = to_page(image, _page_size(width, height, detector))
    except DAMAGED:
        raise BadImage(
            f"the {kind} image of {width} x {height} pixels is damaged or truncated; send the whole file"
        ) from None
    return page, (height, width)


def _open(encoded: bytes) -> Image.Image:
    """Read an image's header, where its file is not made to take long over that."""
    if not encoded:
        raise BadImage("the image is empty (0 bytes); send the bytes of an image file")
    image_limits.check_file(encoded)
    try:
        return Image.open(io.BytesIO(encoded), formats=FORMATS)
    except DAMAGED:
        raise BadImage(
            f"these {len(encoded)} bytes are no image that can be read here; "
            "send the bytes of a JPEG, PNG, WebP, TIFF, BMP, GIF or PPM file"
        ) from None


def fit_to_detector(page: PixelArray, detector: Detector) -> RgbArray:
    """Scale a page to the detector's input.

    Args:
        page: (height, width, channels) uint8, RGB or grey.
        detector: What it takes.

    Returns:
        (height, width, 3) uint8 RGB, sides multiples of `side_multiple_px` and at most `max_side_px`, area at most
        about `max_area_px`.
    """
    height, width = page.shape[:2]
    size_wh = detector_size(width, height, detector)
    shrinking = size_wh[0] < width or size_wh[1] < height
    resized = cv2.resize(page, size_wh, interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)
    return as_rgb(np.asarray(resized, np.uint8).reshape(size_wh[1], size_wh[0], -1))


def outputs(page: PixelArray, image_size: tuple[int, int], detector: Detector) -> dict[str, NDArray[Any]]:
    """What the first step gives of a page, in full contrast if it is faded.

    `detector_scale` is how many pixels the detector sees for one of the image.

    Args:
        page: (height, width, channels) uint8, RGB or grey.
        image_size: (height, width) of the image that the page comes from.
        detector: What it takes.
    """
    page = contrast.restore(page)
    fitted = fit_to_detector(page, detector)
    scale = math.sqrt(
        math.prod(size(fitted)) / math.prod(image_size)
    )  # of the two sides, rounding scales each by itself
    return {
        "page": page,
        "detector_input": fitted[None],
        "image_size": np.array(image_size, np.int32),
        "detector_scale": np.array([scale], np.float32),
    }


def size(pixels: PixelArray) -> tuple[int, int]:
    """(height, width) of an image."""
    return pixels.shape[0], pixels.shape[1]


def detector_size(width: int, height: int, detector: Detector) -> tuple[int, int]:
    """Width and height of the detector's input for a page of this size."""
    ratio = min(1.0, math.sqrt(detector.max_area_px / (width * height)))
    return detector.side_px(width * ratio), detector.side_px(height * ratio)


def max_page_bytes(detector: Detector) -> int:
    """What the largest page can have: rounding may make the detector's input 4/3 as large as it is meant to be."""
    return detector.max_area_px * 4 // 3 * PAGE_TO_DETECTOR**2 * 3


def _page_size(width: int, height: int, detector: Detector) -> tuple[int, int]:
    """Width and height beyond which more pixels would not make the text more readable."""
    detector_width, detector_height = detector_size(width, height, detector)
    return (
        min(width, detector_width * PAGE_TO_DETECTOR, MAX_PAGE_SIDE_PX),
        min(height, detector_height * PAGE_TO_DETECTOR, MAX_PAGE_SIDE_PX),
    )


def _orientation(image: Image.Image) -> Image.Transpose | None:
    """How to turn the pixels so that they stand upright; None where they do or nothing sensible is said."""
    if len(image.info.get("exif", b"")) > MAX_EXIF_BYTES:
        return None
    try:
        return TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except DAMAGED:
        return None  # a broken EXIF block says nothing about the pixels
