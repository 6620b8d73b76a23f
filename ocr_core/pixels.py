"""A decoded image → what a viewer shows of it, in RGB or grey, in the size that is of use.

Where an image is reduced, it is reduced first: what comes after it then costs a few megapixels, not all of them.
"""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ocr_core.opencv import cv2

RgbArray = NDArray[np.uint8]
# (height, width, 3) of RGB, or (height, width, 1) of grey, a third of the work for all steps.
PixelArray = NDArray[np.uint8]
GREY = 1
CHANNELS = (GREY, 3)
Pixel = TypeVar("Pixel", np.uint8, np.uint16, np.float32)
# Greatest values of grey in files of floating-point numbers and of 16 bits, whose instruments have 8, 10, 12, 14 or 16:
# the least usual range that holds all of a file's counts.
FLOAT_WHITES, DEEP_WHITES = (1, 255, 65535), (255, 1023, 4095, 16383, 65535)


def to_page(image: Image.Image, size_wh: tuple[int, int]) -> PixelArray:
    """Lay transparency on white, map deep grey to 8 bits, and reduce.

    Args:
        image: Of any of Pillow's modes, loaded.
        size_wh: Width and height of the result, at most those of the image.

    Returns:
        (height, width, channels) uint8: grey if the image is, else RGB. Against converting first and reducing then,
        values differ by rounding at most.
    """
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _deep_grey(np.asarray(image), size_wh)[:, :, None]
    if image.has_transparency_data:
        return _on_white(image, size_wh)
    if image.mode in ("1", "L"):
        return _reduce(np.asarray(image if image.mode == "L" else image.convert("L")), size_wh)[:, :, None]
    return _reduce(np.asarray(image if image.mode == "RGB" else image.convert("RGB")), size_wh)


def as_rgb(pixels: PixelArray, into: RgbArray | None = None) -> RgbArray:
    """The same in three channels; in `into`, an array of the same height and width, if there is one."""
    if pixels.shape[2] == GREY:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB, into), np.uint8)
    if into is None:
        return pixels
    into[:] = pixels
    return into


def as_grey(pixels: PixelArray) -> NDArray[np.uint8]:
    """The same in grey, (height, width)."""
    if pixels.shape[2] == GREY:
        return pixels[:, :, 0]
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)


def _reduce(pixels: NDArray[Pixel], size_wh: tuple[int, int]) -> NDArray[Pixel]:
    if pixels.shape[1::-1] == size_wh:
        return pixels
    # Down to half the size no pixel is skipped by interpolation, which takes a fifth of the time of averaging areas.
    to_half = pixels.shape[1] <= 2 * size_wh[0] and pixels.shape[0] <= 2 * size_wh[1]
    interpolation = cv2.INTER_LINEAR if to_half else cv2.INTER_AREA
    return np.asarray(cv2.resize(pixels, size_wh, interpolation=interpolation), pixels.dtype)


def _on_white(image: Image.Image, size_wh: tuple[int, int]) -> RgbArray:
    if image.size == size_wh:
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, "white")
        ground.alpha_composite(layer)
        return np.asarray(ground.convert("RGB"))
    # Colours are averaged by how much of them is seen: multiplied with their alpha.
    if image.mode not in ("LA", "RGBA"):
        image = image.convert("RGBA")
    multiplied = np.asarray(image.convert("La" if image.mode == "LA" else "RGBa"))
    *colours, alpha = cv2.split(_reduce(multiplied, size_wh))
    white = 255 - alpha
    shown = [cv2.add(colour, white) for colour in colours]
    return np.asarray(cv2.merge(shown if len(shown) == 3 else shown * 3), np.uint8)


def _deep_grey(grey: NDArray[np.generic], size_wh: tuple[int, int]) -> NDArray[np.uint8]:
    """Map 16-bit, 32-bit and floating-point grey values to 0 … 255 by the least usual range that holds them."""
    if grey.dtype.kind == "u":
        reduced = _reduce(grey.astype(np.uint16), size_wh).astype(np.float32)
        return np.asarray(np.rint(reduced * _scale(float(grey.max(initial=0)), DEEP_WHITES)), np.uint8)
    values = grey.astype(np.float32)
    np.nan_to_num(values, copy=False, posinf=0, neginf=0)
    np.clip(values, 0, None, out=values)
    whites = FLOAT_WHITES if np.issubdtype(grey.dtype, np.floating) else FLOAT_WHITES[-1:]
    values *= _scale(float(values.max(initial=0)), whites)
    return np.asarray(np.rint(_reduce(values, size_wh)), np.uint8)


def _scale(greatest: float, whites: Sequence[int]) -> float:
    """What maps the least of some ranges that holds a file's counts to 0 … 255; a range of their own, if none does."""
    return 255 / next((white for white in whites if greatest <= white), greatest)
