"""Raw pixels as a file that `ocr_core.image` reads, for callers that have decoded their image already."""

import numpy as np
from numpy.typing import NDArray

from ocr_core.errors import BadImage


def pack(image_rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    r"""Put the header of a PPM file (Netpbm, "P6") before an image's pixels; they stay as they are.

    Args:
        image_rgb: (height, width, 3) uint8.

    Returns:
        The bytes of the file, (n,) uint8.

    Raises:
        BadImage: There are no pixels.

    >>> pack(np.array([[[72, 105, 33]]], np.uint8)).tobytes()
    b'P6 1 1 255\nHi!'
    """
    height, width = image_rgb.shape[:2]
    if not height * width:
        raise BadImage(f"the image is {width} x {height} pixels; it must have at least one")
    header = np.frombuffer(b"P6 %d %d 255\n" % (width, height), np.uint8)
    return np.concatenate((header, image_rgb.reshape(-1)))
