"""Lines of text cut out of the page, upright and at the recognizer's height, side by side in one strip."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ocr_core import metrics
from ocr_core.arcs import STRAIGHT, Arc, line_lengths
from ocr_core.borders import check_widths
from ocr_core.image import size
from ocr_core.opencv import cv2
from ocr_core.pixels import PixelArray
from ocr_core.quads import FloatArray, edge_lengths, scale
from ocr_core.recognizer import Recognizer
from ocr_core.rows import Indices

IntArray = NDArray[np.int32]

# Corners so near to those of a rectangle or a parallelogram are taken for it.
EXACT_PX = 0.5


def widths_px(widths: FloatArray, heights: FloatArray, recognizer: Recognizer) -> IntArray:
    """Width of each crop at the recognizer's height.

    Args:
        widths: (N,) float32, of the lines of text, pixels of the page.
        heights: Likewise.
        recognizer: The crops that it takes.

    Returns:
        (N,) int32, pixels, at least `recognizer.min_width`, at most `recognizer.max_width`.
    """
    natural = np.rint(recognizer.height * widths / np.maximum(heights, 1))
    return np.asarray(np.clip(natural, recognizer.min_width, recognizer.max_width), np.int32)


@metrics.timed(metrics.CROPPING)
def cut(
    page: PixelArray, quads: FloatArray, recognizer: Recognizer, bends: FloatArray | None = None
) -> tuple[PixelArray, IntArray]:
    """Cut the quads out of the page, each by the simplest transform that its corners allow; straighten those that bend.

    Args:
        page: (height, width, channels) uint8, RGB or grey.
        quads: (N, 4, 2) float32, page pixels, clockwise from the top-left corner in reading direction.
        recognizer: The crops that it takes.
        bends: (N, 2) float32, page pixels, as in `arcs`; 0 if there are none.

    Returns:
        The strip, (recognizer.height, sum of widths, channels) uint8, and the widths, (N,) int32, pixels.

    Raises:
        BadImage: The strip would be larger than a page's can be.
    """
    bends = np.zeros((len(quads), 2), np.float32) if bends is None else bends
    lengths, heights = line_lengths(quads, bends)
    widths = widths_px(lengths, heights, recognizer)
    check_widths(widths)
    strip = np.empty((recognizer.height, int(widths.sum()), page.shape[2]), np.uint8)
    crops = split(strip, widths)
    for halved, lines in _halvings(page, heights, recognizer):
        corners = scale(quads[lines], size(page), size(halved))
        _cut(halved, corners, bends[lines] * (len(halved) / len(page)), [crops[line] for line in lines])
    return strip, widths


def split(strip: PixelArray, widths: IntArray) -> list[PixelArray]:
    """The crops of a strip, (height, width, channels) uint8 each: views of it.

    Args:
        strip: (height, sum of widths, channels) uint8, the crops side by side.
        widths: (N,) int32, pixels.
    """
    ends = np.cumsum(widths).tolist()
    return [strip[:, end - width : end] for end, width in zip(ends, widths.tolist(), strict=True)]


def turned_by_half(
    strip: PixelArray, widths: IntArray, lines: Indices, most_px: int | None = None
) -> tuple[PixelArray, IntArray]:
    """Some crops of a strip, each turned by half: the text that they show upside down stands upright.

    Args:
        strip: (height, sum of widths, channels) uint8, the crops side by side.
        widths: (N,) int32, pixels.
        lines: (n,) indices of the crops.
        most_px: Of wider crops only the middle is taken, so many pixels wide.

    Returns:
        Their strip and their widths, (n,) int32.
    """
    crops, taken = split(strip, widths), np.minimum(widths[lines], most_px or widths.max(initial=0))
    starts = (widths[lines] - taken) // 2
    middles = (crops[line][:, start : start + width] for line, start, width in zip(lines, starts, taken, strict=True))
    return np.concatenate([strip[:, :0], *(middle[::-1, ::-1] for middle in middles)], axis=1), taken


def _halvings(page: PixelArray, heights: FloatArray, recognizer: Recognizer) -> Iterator[tuple[PixelArray, Indices]]:
    """The page halved again and again, and the lines, (n,) indices, to be cut out of each of these.

    Their text is less than twice as high as a crop there: else pixels are skipped.
    """
    times = np.log2(np.maximum(heights / recognizer.height, 1)).astype(int)
    for time in range(times.max(initial=0) + 1):
        if time:
            halved = cv2.resize(page, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            page = np.asarray(halved, np.uint8).reshape(*halved.shape[:2], page.shape[2])
        yield page, np.flatnonzero(times == time)


def _cut(page: PixelArray, quads: FloatArray, bends: FloatArray, crops: Sequence[PixelArray]) -> None:
    """Fill crops, (height, width, channels) uint8 each, with what is in the quads."""
    arcs = {line: arc for line in np.flatnonzero(bends.any(axis=1)) if (arc := Arc.of(quads[line], bends[line]))}
    widths, heights = np.array([crop.shape[1::-1] for crop in crops]).reshape(-1, 2).T
    boxes = np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=1)
    is_upright = np.abs(quads - boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)).max(axis=(1, 2)) < EXACT_PX
    spans = _spans(boxes[:, ::2], widths, page.shape[1]), _spans(boxes[:, 1::2], heights, page.shape[0])
    lines = zip(quads, crops, is_upright, *spans, strict=True)
    for line, (quad, crop, upright, (left, right), (top, bottom)) in enumerate(lines):
        if arc := arcs.get(line):
            arc.cut(page, crop)
        elif upright and left < right and top < bottom:  # a tenth of the time that a transform takes
            cv2.resize(page[top:bottom, left:right], crop.shape[1::-1], crop)
        else:
            _warp(page, quad, crop)


def _spans(spans: FloatArray, crops_px: IntArray, page_px: int) -> list[list[int]]:
    """Whole pixels of a page's side that are nearest to parts of it, (N, 2), which crops of some size are made of."""
    # Transforms count from the middle of the first pixel, resizing from its edge.
    shifts = (1 - (spans[:, 1] - spans[:, 0]) / crops_px) / 2
    whole: list[list[int]] = np.clip(np.rint(spans + shifts[:, None]), 0, page_px).astype(int).tolist()
    return whole


def _warp(page: PixelArray, quad: FloatArray, crop: PixelArray) -> None:
    """Fill a crop with what is in any quad."""
    height, width = size(crop)
    corners = _corners(width, height)
    # Linear rather than cubic: token F1 on street scenes is three points higher.
    if np.abs(quad[0] - quad[1] + quad[2] - quad[3]).max() < EXACT_PX:
        affine = cv2.getAffineTransform(quad[:3], corners[:3])
        cv2.warpAffine(page, affine, (width, height), crop, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
    else:
        matrix = cv2.getPerspectiveTransform(quad, corners)
        cv2.warpPerspective(page, matrix, (width, height), crop, cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)


def place(
    boxes: FloatArray,
    quad: FloatArray,
    width: int,
    height: int,
    margin_px: float = 0,
    *,
    bend: FloatArray = STRAIGHT,
    turned: bool = False,
) -> FloatArray:
    """Carry boxes in a crop back to where the crop was cut out.

    Args:
        boxes: (N, 4) float32: left, top, right, bottom in pixels of the crop.
        quad: (4, 2) float32, the corners of the crop, clockwise from the top-left one in reading direction.
        width: Of the crop, pixels.
        height: Likewise.
        margin_px: By how much the boxes grow on every side, in pixels as in `quad`.
        bend: (2,) float32, of the line in the crop, as in `arcs`.
        turned: Whether the crop was turned by half after it had been cut out.

    Returns:
        (N, 4, 2) float32, pixels as in `quad`, clockwise from the top-left corner in reading direction, and within the
        upright box round the quad; one point of it for a quad whose corners lie on a line.
    """
    arc = Arc.of(quad, bend)
    margin = margin_px * height / max(arc.height if arc else float(edge_lengths(quad[None])[1][0]), 1)
    grown = boxes + np.array([-margin, -margin, margin, margin])
    placed = corners = grown[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    if arc:
        placed = np.array([arc.part(box, width, height).quad()[0] for box in grown]).reshape(-1, 4, 2)
    elif len(boxes):
        # The crop's pixels were taken at the centres of the page's, the first one at a corner, which of a turned crop
        # comes behind its last one; boxes are counted from edge to edge.
        centre = 0.5 if turned else -0.5
        matrix = cv2.getPerspectiveTransform(_corners(width, height), quad)
        placed = cv2.perspectiveTransform(corners.reshape(-1, 1, 2) + centre, matrix).reshape(-1, 4, 2) + 0.5
    return np.asarray(np.clip(placed, quad.min(axis=0), quad.max(axis=0)), np.float32)


def _corners(width: int, height: int) -> FloatArray:
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
