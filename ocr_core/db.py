"""Text boxes from the probability map of a DB detector (Liao et al. 2020, arXiv:1911.08947, section 3.4)."""

import numpy as np
from numpy.typing import NDArray

from ocr_core.detector import Detector
from ocr_core.opencv import cv2
from ocr_core.quads import FloatArray, from_rectangles

# Components whose shorter side is less than this many map pixels are noise. 3, PaddleOCR's value, loses text of 5 pt.
MIN_SIDE_PX = 2


def decode(probability_map: FloatArray, detector: Detector) -> tuple[FloatArray, FloatArray]:
    """Turn the probability map of one page into rotated boxes.

    Args:
        probability_map: (height, width) float32 in [0, 1].
        detector: Its thresholds apply; a box grows on each side by its area times `unclip_ratio` over its perimeter.

    Returns:
        Quads, (N, 4, 2) float32, pixels of the detector's input, clockwise; and their scores, (N,) float32 in [0, 1]:
        the mean probability inside the box before it is widened.
    """
    mask = (probability_map > detector.map_threshold).astype(np.uint8)
    rectangles = _rectangles(mask)
    scores = _mean_inside(probability_map, from_rectangles(*rectangles))
    keep = scores >= detector.quad_threshold
    centres, sizes, angles = (values[keep] for values in rectangles)
    quads = from_rectangles(centres, _unclip(sizes, detector.unclip_ratio), angles)
    return quads * np.float32(detector.map_stride_px), scores[keep]


def _rectangles(mask: NDArray[np.uint8]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Smallest rotated rectangles round the components of a mask: centres, sizes, angles in radians."""
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    # In the two-level hierarchy, what has a parent is a hole.
    outer = [c for c, links in zip(contours, [] if hierarchy is None else hierarchy[0], strict=True) if links[3] < 0]
    found = [cv2.minAreaRect(contour) for contour in outer]
    values = np.array([(*centre, *size, angle) for centre, size, angle in found], np.float32).reshape(-1, 5)
    values = values[values[:, 2:4].min(axis=1, initial=np.inf) >= MIN_SIDE_PX]
    return values[:, :2], values[:, 2:4], np.deg2rad(values[:, 4])


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


def _unclip(sizes: FloatArray, ratio: float) -> FloatArray:
    """Widen shrunk boxes by area × ratio / perimeter on every side (the paper's offset D')."""
    area, perimeter = sizes.prod(axis=1), 2 * sizes.sum(axis=1)
    return np.asarray(sizes + 2 * (area * ratio / perimeter)[:, None], np.float32)
