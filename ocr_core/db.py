"""Text boxes from the probability map of a DB detector (Liao et al. 2020, arXiv:1911.08947, section 3.4)."""

import numpy as np
from numpy.typing import NDArray

from ocr_core.arcs import Arc
from ocr_core.detector import Detector
from ocr_core.opencv import cv2
from ocr_core.quads import FloatArray, from_rectangles

# Components whose shorter side is less than this many map pixels are noise. 3, PaddleOCR's value, loses text of 5 pt.
MIN_SIDE_PX = 2
# A line that is bent fills at most this share of its rectangle. It counts by its own shape …
MAX_BENT_SHARE = 0.7
# … where the map is as sure as of text: drawn arcs have 0.84 and more; of what else falls as a rectangle in labelled
# images, hardly anything has 0.8.
MIN_BENT_SCORE = 0.8

Contour = NDArray[np.int32]


def decode(probability_map: FloatArray, detector: Detector) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Turn the probability map of one page into rotated boxes.

    Args:
        probability_map: (height, width) float32 in [0, 1].
        detector: Its thresholds apply; a box grows on each side by its area times `unclip_ratio` over its perimeter.

    Returns:
        Quads, (N, 4, 2) float32, pixels of the detector's input, clockwise; their scores, (N,) float32 in [0, 1]: the
        mean probability inside the box before it is widened; and their bends, (N, 2) float32, as in `arcs`. Of a line
        that is bent, area, perimeter and score are those of its own shape.
    """
    mask = (probability_map > detector.map_threshold).astype(np.uint8)
    contours, (centres, sizes, angles) = _components(mask)
    scores = _mean_inside(probability_map, from_rectangles(centres, sizes, angles))
    offsets = sizes.prod(axis=1) / (2 * sizes.sum(axis=1))
    arcs: dict[int, Arc] = {}
    areas = np.array([cv2.contourArea(contour) for contour in contours])
    for place in np.flatnonzero(areas < MAX_BENT_SHARE * sizes.prod(axis=1)).tolist():
        arc = Arc.fit(contours[place], sizes[place].prod())
        if not arc and scores[place] >= detector.quad_threshold:
            continue
        if (score := _mean_within(probability_map, contours[place])) >= MIN_BENT_SCORE:
            scores[place], offsets[place] = score, areas[place] / cv2.arcLength(contours[place], closed=True)
            arcs |= {place: arc} if arc else {}
    offsets *= detector.unclip_ratio  # the paper's D'
    quads, bends = from_rectangles(centres, sizes + 2 * offsets[:, None], angles), np.zeros((len(sizes), 2), np.float32)
    for place, arc in arcs.items():
        quads[place], bends[place] = arc.grown(offsets[place]).quad()
    keep, stride_px = scores >= detector.quad_threshold, np.float32(detector.map_stride_px)
    return quads[keep] * stride_px, scores[keep], bends[keep] * stride_px


def _components(mask: NDArray[np.uint8]) -> tuple[list[Contour], tuple[FloatArray, FloatArray, FloatArray]]:
    """Outlines of the components of a mask, and smallest rotated rectangles: centres, sizes, angles in radians."""
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    # In the two-level hierarchy, what has a parent is a hole.
    outer = [c for c, links in zip(contours, [] if hierarchy is None else hierarchy[0], strict=True) if links[3] < 0]
    found = [cv2.minAreaRect(contour) for contour in outer]
    values = np.array([(*centre, *size, angle) for centre, size, angle in found], np.float32).reshape(-1, 5)
    large = np.flatnonzero(values[:, 2:4].min(axis=1, initial=np.inf) >= MIN_SIDE_PX)
    values = values[large]
    return [outer[place] for place in large], (values[:, :2], values[:, 2:4], np.deg2rad(values[:, 4]))


def _mean_within(probability_map: FloatArray, contour: Contour) -> float:
    """Mean of the map inside an outline."""
    left, top, width, height = cv2.boundingRect(contour)
    inside = np.zeros((height, width), np.uint8)
    cv2.drawContours(inside, [contour], 0, (1,), cv2.FILLED, offset=(-left, -top))
    return cv2.mean(probability_map[top : top + height, left : left + width], inside)[0]


def _mean_inside(probability_map: FloatArray, quads: FloatArray) -> FloatArray:
    """Mean of the map inside each quad: (N,) float32."""
    last = np.array(probability_map.shape[::-1]) - 1
    starts = np.clip(np.floor(quads.min(axis=1)), 0, last).astype(int)
    ends = np.clip(np.ceil(quads.max(axis=1)), 0, last).astype(int)
    corners = np.rint(quads - starts[:, None]).astype(np.int32)
    means = np.zeros(len(quads), np.float32)
    for i, ((left, top), (right, bottom)) in enumerate(zip(starts, ends, strict=True)):
        inside = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
        cv2.fillConvexPoly(inside, corners[i], (1,))
        means[i] = cv2.mean(probability_map[top : bottom + 1, left : right + 1], inside)[0]
    return means
