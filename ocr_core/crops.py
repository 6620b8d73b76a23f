"""Lines of text cut out of the page, upright and at the recognizer's height, side by side in one strip."""

import numpy as np
from numpy.typing import NDArray

from ocr_core.borders import check_widths
from ocr_core.image import size
from ocr_core.opencv import cv2
from ocr_core.pixels import RgbArray
from ocr_core.quads import FloatArray, edge_lengths, scale
from ocr_core.recognizer import Recognizer
from ocr_core.rows import Indices

IntArray = NDArray[np.int32]


def widths_px(quads: FloatArray, recognizer: Recognizer) -> IntArray:
    """Width of each crop at the recognizer's height.

    Args:
        quads: (N, 4, 2) float32, clockwise from the top-left corner in reading direction.
        recognizer: The crops that it takes.

    Returns:
        (N,) int32, pixels, at least `recognizer.min_width`, at most `recognizer.max_width`.
    """
    widths, heights = edge_lengths(quads)
    natural = np.rint(recognizer.height * widths / np.maximum(heights, 1))
    return np.asarray(np.clip(natural, recognizer.min_width, recognizer.max_width), np.int32)


def cut(page: RgbArray, quads: FloatArray, recognizer: Recognizer) -> tuple[RgbArray, IntArray]:
    """Cut the quads out of the page by perspective transforms.

    Args:
        page: (height, width, 3) uint8.
        quads: (N, 4, 2) float32, page pixels, clockwise from the top-left corner in reading direction.
        recognizer: The crops that it takes.

    Returns:
        The strip, (recognizer.height, sum of widths, 3) uint8, and the widths, (N,) int32, pixels.

    Raises:
        BadImage: The strip would be larger than a page's can be.
    """
    widths = widths_px(quads, recognizer)
    check_widths(widths)
    pages = _halvings(page, quads, recognizer)
    ends = np.cumsum(widths)
    strip = np.empty((recognizer.height, int(widths.sum()), 3), np.uint8)
    for quad, start, end, halved in zip(quads, ends - widths, ends, pages, strict=True):
        corners = scale(quad[None], size(page), size(halved))[0]
        strip[:, start:end] = _warp(halved, corners, int(end - start), recognizer.height)
    return strip, widths


def turned_by_half(strip: RgbArray, widths: IntArray, lines: Indices) -> tuple[RgbArray, IntArray]:
    """Some crops of a strip, each turned by half: the text that they show upside down stands upright.

    Args:
        strip: (height, sum of widths, 3) uint8, the crops side by side.
        widths: (N,) int32, pixels.
        lines: (n,) indices of the crops.

    Returns:
        Their strip and their widths, (n,) int32.
    """
    ends = np.cumsum(widths)
    turned = (strip[::-1, ends[line] - widths[line] : ends[line]][:, ::-1] for line in lines)
    return np.concatenate([strip[:, :0], *turned], axis=1), widths[lines]


def _halvings(page: RgbArray, quads: FloatArray, recognizer: Recognizer) -> list[RgbArray]:
    """For each quad, the page halved until its text is less than twice the crop's height: else pixels are skipped."""
    heights = edge_lengths(quads)[1]
    times = np.log2(np.maximum(heights / recognizer.height, 1)).astype(int)
    levels = [page]
    for _ in range(times.max(initial=0)):
        levels.append(np.asarray(cv2.resize(levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8))
    return [levels[n] for n in times]


def place(
    boxes: FloatArray, quad: FloatArray, width: int, height: int, margin_px: float = 0, *, turned: bool = False
) -> FloatArray:
    """Carry boxes in a crop back to where the crop was cut out.

    Args:
        boxes: (N, 4) float32: left, top, right, bottom in pixels of the crop.
        quad: (4, 2) float32, the corners of the crop, clockwise from the top-left one in reading direction.
        width: Of the crop, pixels.
        height: Likewise.
        margin_px: By how much the boxes grow on every side, in pixels as in `quad`.
        turned: Whether the crop was turned by half after it had been cut out.

    Returns:
        (N, 4, 2) float32, pixels as in `quad`, clockwise from the top-left corner in reading direction, and within the
        upright box round the quad; one point of it for a quad whose corners lie on a line.
    """
    # The crop's pixels were taken at the centres of the page's, the first one at a corner, which of a turned crop comes
    # behind its last one; boxes are counted from edge to edge.
    centre = 0.5 if turned else -0.5
    margin = margin_px * height / max(float(edge_lengths(quad[None])[1][0]), 1)
    grown = boxes + np.array([-margin, -margin, margin, margin])
    corners = grown[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 1, 2) + centre
    matrix = cv2.getPerspectiveTransform(_corners(width, height), quad)
    placed = cv2.perspectiveTransform(corners, matrix).reshape(-1, 4, 2) + 0.5 if len(boxes) else corners
    return np.asarray(np.clip(placed, quad.min(axis=0), quad.max(axis=0)), np.float32).reshape(-1, 4, 2)


def _corners(width: int, height: int) -> FloatArray:
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def _warp(page: RgbArray, quad: FloatArray, width: int, height: int) -> RgbArray:
    matrix = cv2.getPerspectiveTransform(quad, _corners(width, height))
    # Linear rather than cubic: token F1 on street scenes is three points higher.
    crop = cv2.warpPerspective(page, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop, np.uint8)
