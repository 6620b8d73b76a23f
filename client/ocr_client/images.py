"""What may be given as an image, and the encoded file that goes to the server for it."""

import os
from io import BytesIO
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

# An encoded file (its content, its path, or opened for reading bytes), or pixels (RGB array or PIL image).
ImageLike: TypeAlias = (
    bytes | bytearray | memoryview | str | os.PathLike[str] | IO[bytes] | NDArray[np.uint8] | Image.Image
)

# Pillow writes these into TIFF as they are; the server knows how to turn them into RGB.
TIFF_MODES = ("1", "L", "RGB", "RGBA", "CMYK", "I", "I;16", "F")


def encode(image: ImageLike) -> bytes:
    """Give the encoded file for anything that may be given as an image.

    Args:
        image: The encoded file (JPEG, PNG, …): its content, its path, or a file opened for reading bytes. Or
            pixels: an array (height, width, 3) uint8 RGB, or the current frame of a PIL image. Pixels are sent
            uncompressed, usually with three bytes a pixel.

    Raises:
        OSError: The file cannot be read (FileNotFoundError if it is missing).
        TypeError: It is none of these.
        ValueError: The array has another shape or type.
    """
    if isinstance(image, bytes):
        return image
    if isinstance(image, (bytearray, memoryview)):
        return bytes(image)
    if isinstance(image, (str, os.PathLike)):
        return Path(image).read_bytes()
    if isinstance(image, np.ndarray):
        return _tiff(Image.fromarray(_checked(image)))
    if isinstance(image, Image.Image):
        return _tiff(image)
    return _read(image)


def image_name(image: ImageLike, index: int) -> str:
    """What to call an image in a message: its path or file's name, else its place among the others from 0.

    >>> image_name("scans/a.png", 3), image_name(b"...", 3)
    ('scans/a.png', 'image 3')
    """
    if isinstance(image, (str, os.PathLike)):
        return os.fspath(image)
    # Open files have a name, PIL images a filename; both may be empty, or a file descriptor's number.
    name = getattr(image, "name", None) or getattr(image, "filename", None)
    return name if isinstance(name, str) else f"image {index}"


def _read(file: Any) -> bytes:
    if not hasattr(file, "read"):
        raise TypeError(
            "an image is bytes, a path, a file opened for reading bytes, an RGB array or a PIL image, "
            f"not {type(file).__name__}"
        )
    content = file.read()
    if not isinstance(content, bytes):
        raise TypeError("the file is opened for reading text: open it in binary mode ('rb')")
    return content


def _checked(pixels_rgb: NDArray[Any]) -> NDArray[np.uint8]:
    shape = pixels_rgb.shape
    if pixels_rgb.dtype != np.uint8 or len(shape) != 3 or shape[2] != 3 or 0 in shape:
        raise ValueError(
            f"an image as an array is (height, width, 3) uint8 RGB, got {shape} {pixels_rgb.dtype}: "
            "convert it, or give a PIL image"
        )
    return pixels_rgb


def _tiff(image: Image.Image) -> bytes:
    """Write an image as a viewer shows it, without loss."""
    upright = ImageOps.exif_transpose(image)
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
    elif upright.mode not in TIFF_MODES:
        upright = upright.convert("RGB")
    buffer = BytesIO()
    # Otherwise Pillow would compress anew, JPEG included, what was read from a compressed TIFF.
    upright.save(buffer, "TIFF", compression="raw")
    return buffer.getvalue()
