"""An encoded image → the page in RGB and the detector's view of it."""

import io
import math
import struct

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from ocr_core.detector import Detector
from ocr_core.errors import BadImage

RgbArray = NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
# What Pillow raises on damaged files of these formats (found by fuzzing; its documentation promises no list).
DAMAGED = (OSError, SyntaxError, ValueError, TypeError, AttributeError, OverflowError, EOFError, struct.error)
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
# The greatest side that a JPEG can have.
MAX_SIDE_PX = 65_535
# OpenCV warps images of sides below 2^15 only.
MAX_PAGE_SIDE_PX = 32_000
# Letters that the detector can find are at least a third as tall in its view as the recognizer wants them.
PAGE_TO_DETECTOR = 3

# The size check below gives a clearer message than Pillow's.
Image.MAX_IMAGE_PIXELS = None


def decode(encoded: bytes, max_megapixels: float, detector: Detector) -> tuple[RgbArray, tuple[int, int]]:
    """Decode an image file to RGB as a viewer shows it: EXIF orientation applied, transparency laid on white.

    Of an animation or a multi-page file, the first frame. An image far larger than the detector and the
    recognizer can make use of comes back reduced.

    Args:
        encoded: The file's bytes: JPEG, PNG, WebP, TIFF, BMP, GIF or PPM.
        max_megapixels: Images with more pixels are refused before they are decoded.
        detector: What it takes decides how large a page is of use.

    Returns:
        The page, (height, width, 3) uint8 RGB, and the image's own (height, width) as a viewer shows it.

    Raises:
        BadImage: The bytes are empty, no image, damaged, truncated, or too large an image.
    """
    if not encoded:
        raise BadImage("the image is empty (0 bytes); send the bytes of an image file")
    try:
        image: Image.Image = Image.open(io.BytesIO(encoded), formats=FORMATS)
    except DAMAGED:
        raise BadImage(
            f"these {len(encoded)} bytes are no image that can be read here; "
            "send the bytes of a JPEG, PNG, WebP, TIFF, BMP, GIF or PPM file"
        ) from None
    kind, (width, height) = image.format, image.size
    if max(width, height) > MAX_SIDE_PX:
        raise BadImage(f"the image is {width} x {height} pixels; sides of at most {MAX_SIDE_PX} are accepted")
    if width * height > max_megapixels * 1e6:
        raise BadImage(
            f"the image has {width} x {height} = {width * height / 1e6:.0f} megapixels; "
            f"at most {max_megapixels:g} are accepted, send it scaled down"
        )
    try:
        image.draft(None, _page_size(width, height, detector))
        image.load()
        if kind == "TIFF":  # turned by Pillow itself
            width, height = image.size
        if (orientation := _orientation(image)) is not None:
            image = image.transpose(orientation)
        if orientation in SIDEWAYS:
            width, height = height, width
        page = _reduce(_to_rgb(image), _page_size(width, height, detector))
    except DAMAGED:
        raise BadImage(
            f"the {kind} image of {width} x {height} pixels is damaged or truncated; send the whole file"
        ) from None
    return page, (height, width)


def fit_to_detector(page: RgbArray, detector: Detector) -> RgbArray:
    """Scale a page to the detector's input.

    Args:
        page: (height, width, 3) uint8.
        detector: What it takes.

    Returns:
        (height, width, 3) uint8, sides multiples of `side_multiple_px` and at most `max_side_px`, area at most about
        `max_area_px`.
    """
    height, width = page.shape[:2]
    size_wh = detector_size(width, height, detector)
    shrinking = size_wh[0] < width or size_wh[1] < height
    resized = cv2.resize(page, size_wh, interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint8)


def size(image_rgb: RgbArray) -> tuple[int, int]:
    """(height, width) of an image."""
    return image_rgb.shape[0], image_rgb.shape[1]


def detector_size(width: int, height: int, detector: Detector) -> tuple[int, int]:
    """Width and height of the detector's input for a page of this size."""
    ratio = min(1.0, math.sqrt(detector.max_area_px / (width * height)))
    return _to_multiple(width * ratio, detector), _to_multiple(height * ratio, detector)


def _to_multiple(side_px: float, detector: Detector) -> int:
    count = min(round(side_px / detector.side_multiple_px), detector.max_side_px // detector.side_multiple_px)
    return max(1, count) * detector.side_multiple_px


def _page_size(width: int, height: int, detector: Detector) -> tuple[int, int]:
    """Width and height beyond which more pixels would not make the text more readable."""
    detector_width, detector_height = detector_size(width, height, detector)
    return (
        min(width, detector_width * PAGE_TO_DETECTOR, MAX_PAGE_SIDE_PX),
        min(height, detector_height * PAGE_TO_DETECTOR, MAX_PAGE_SIDE_PX),
    )


def _reduce(image_rgb: RgbArray, size_wh: tuple[int, int]) -> RgbArray:
    if image_rgb.shape[1::-1] == size_wh:
        return image_rgb
    # Down to half the size no pixel is skipped by interpolation, which takes a fifth of the time of averaging areas.
    to_half = image_rgb.shape[1] <= 2 * size_wh[0] and image_rgb.shape[0] <= 2 * size_wh[1]
    interpolation = cv2.INTER_LINEAR if to_half else cv2.INTER_AREA
    return np.asarray(cv2.resize(image_rgb, size_wh, interpolation=interpolation), np.uint8)


def _orientation(image: Image.Image) -> Image.Transpose | None:
    """How to turn the pixels so that they stand upright; None where they do or nothing sensible is said."""
    try:
        return TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except (*DAMAGED, ZeroDivisionError):
        return None  # a broken EXIF block says nothing about the pixels


def _to_rgb(image: Image.Image) -> RgbArray:
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return np.repeat(_to_8_bit(np.asarray(image))[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        image = Image.new("RGBA", layer.size, "white")
        image.alpha_composite(layer)
    return np.asarray(image.convert("RGB"))


def _to_8_bit(grey: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Map 16-bit, 32-bit and floating-point grey values to 0 … 255 by the least usual range that holds them."""
    values = np.nan_to_num(grey.astype(np.float32), posinf=0, neginf=0).clip(0)
    greatest = float(values.max(initial=0))
    if np.issubdtype(grey.dtype, np.floating):
        ranges: tuple[int, ...] = (1, 255, 65535)
    else:
        ranges = (65535,)
    white = next((white for white in ranges if greatest <= white), greatest)
    return np.asarray(np.rint(values * (255 / white)), np.uint8)
