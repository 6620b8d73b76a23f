"""What comes into the steps behind the first one, checked: whoever reaches Triton may call them with anything.

Between the ensemble's own steps all of this holds, but for the two limits, which keep a page's memory in bounds.
"""

import numpy as np
from numpy.typing import NDArray

from ocr_core.detector import Detector
from ocr_core.errors import BadImage, BadRequest
from ocr_core.image import MAX_PAGE_SIDE_PX, PAGE_TO_DETECTOR, detector_size, size
from ocr_core.image_limits import MAX_SIDE_PX
from ocr_core.pixels import CHANNELS, PixelArray
from ocr_core.quads import FloatArray
from ocr_core.recognizer import Recognizer

# A dense page has 2,500 lines.
MAX_LINES = 5_000
# Sum of the widths of a page's crops: a strip of 150 MB at a height of 48 pixels.
MAX_STRIP_PX = 2**20
# Beyond what the first step lets through, for its sizes are rounded.
ROUNDING = 2


def check_maps(page: PixelArray, maps: FloatArray, image_size: NDArray[np.int32], detector: Detector) -> None:
    """Check what the detector's step has made of a page.

    Args:
        page: (height, width, channels) uint8, RGB or grey.
        maps: (1, channels, height, width) float32.
        image_size: (2,) int32, height and width.
        detector: Whose maps they are.

    Raises:
        BadRequest: They do not belong together, or are larger than a page can be.
    """
    height, width = size(page)
    area_px = detector.max_area_px * PAGE_TO_DETECTOR**2 * ROUNDING
    if not (min(height, width) > 0 and max(height, width) <= MAX_PAGE_SIDE_PX and height * width <= area_px):
        raise BadRequest(
            f"page is {width} x {height} pixels; it must have at least one and at most {area_px}, "
            f"and sides of at most {MAX_PAGE_SIDE_PX}"
        )
    _check_channels("page", page)
    if not ((image_size > 0) & (image_size <= MAX_SIDE_PX)).all():
        raise BadRequest(f"image_size is {image_size.tolist()}; sides must be between 1 and {MAX_SIDE_PX} pixels")
    expected = tuple(side // detector.map_stride_px for side in reversed(detector_size(width, height, detector)))
    if maps.shape[2:] != expected:
        raise BadRequest(
            f"maps are {list(maps.shape)}; of a page of {width} x {height} pixels they must be "
            f"{[1, detector.channels, *expected]}"
        )
    if not np.isfinite(maps).all():
        raise BadRequest("maps hold values that are infinite or no numbers")


def check_lines(count: int) -> None:
    """Check how many lines of text were found on a page.

    Raises:
        BadImage: Too many.
    """
    if count > MAX_LINES:
        raise BadImage(f"{count} lines of text were found; at most {MAX_LINES} are read, send the image in parts")


def check_widths(widths: NDArray[np.int32]) -> None:
    """Check how much room a page's crops, (N,) int32 pixels wide, take.

    Raises:
        BadImage: Too much.
    """
    if (total_px := int(widths.sum(dtype=np.int64))) > MAX_STRIP_PX:
        raise BadImage(
            f"the lines that were found are {total_px} pixels long together; at most {MAX_STRIP_PX} are read, "
            "send the image in parts"
        )


def check_strip(
    strip: PixelArray,
    widths: NDArray[np.int32],
    quads: FloatArray,
    scores: FloatArray,
    blocks: NDArray[np.int32],
    bends: FloatArray,
    recognizer: Recognizer,
) -> None:
    """Check the crops of a page and what is known of each.

    Args:
        strip: (height, sum of widths, channels) uint8, RGB or grey, the crops side by side.
        widths: (N,) int32, pixels.
        quads: (N, 4, 2) float32.
        scores: (N,) float32.
        blocks: (N,) int32.
        bends: (N, 2) float32.
        recognizer: The crops that it takes.

    Raises:
        BadRequest: They do not belong together, or the recognizer takes no such crops.
    """
    if not len(widths) == len(quads) == len(scores):
        raise BadRequest(
            f"widths, detected_quads and detected_scores are of {len(widths)}, {len(quads)} and {len(scores)} lines; "
            "they must be of equally many"
        )
    for name, values in (("detected_blocks", blocks), ("detected_bends", bends)):
        if len(values) != len(widths):
            raise BadRequest(f"{name} has {len(values)} entries; it must have one for each line, {len(widths)}")
    check_lines(len(widths))
    if not ((widths >= 1) & (widths <= recognizer.max_width)).all():
        raise BadRequest(
            f"widths are between {widths.min()} and {widths.max()} pixels; "
            f"they must be between 1 and {recognizer.max_width}"
        )
    check_widths(widths)
    _check_channels("strip", strip)
    expected = (recognizer.height, int(widths.sum()), strip.shape[2])
    if strip.shape != expected:
        raise BadRequest(f"strip is {list(strip.shape)}; with these widths it must be {list(expected)}")


def _check_channels(name: str, pixels: PixelArray) -> None:
    if pixels.shape[2] not in CHANNELS:
        raise BadRequest(f"{name} has {pixels.shape[2]} channels; it must have 3 of RGB or 1 of grey")
