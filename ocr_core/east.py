"""Words from the maps of an EAST detector (Zhou et al. 2017, arXiv:1704.03155, section 3).

Every cell of the maps that lies on a word tells where the whole word is. The paper merges what the cells say row by
row (section 3.4). That is a loop over thousands of cells, and the average suffers from cells at one end of a long
word, which do not see its other end. Here cells that touch are taken together, and each end of the word is where the
cells near that end see it; pieces of a word that EAST has broken up are then put together in the same way. On street
scenes 3 % of the words lose their first letter so, and 8 % with the paper's merging.
"""

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocr_core.detector import Detector
from ocr_core.opencv import cv2
from ocr_core.quads import FloatArray, from_rectangles

# What a part of a word, this many heights from its end, says about that end counts e times less.
SIGHT = 0.5
# Pieces are one word if they are on one line and overlap by this much, in heights of the lower one; words do not.
MIN_OVERLAP = 0.5
# Of two boxes, the weaker is dropped if their intersection over union is more than this (the paper's value).
MAX_IOU = 0.2
# Pairs of pieces are compared, so their number is bounded; a page of this size cannot hold as many readable words.
MAX_PIECES = 2000

Groups = NDArray[np.intp]


class Rectangles(NamedTuple):
    """Rotated rectangles and how sure they are.

    Attributes:
        centres: (N, 2) float32, x and y in pixels of the detector's input.
        sizes: (N, 2) float32, width along the text and height across it, pixels.
        angles_rad: (N,) float32, clockwise turn of the text from the x axis (y points down).
        scores: (N,) float32, mean score of the cells that it comes from.
        weights: (N,) float32, sum of their scores.
    """

    centres: FloatArray
    sizes: FloatArray
    angles_rad: FloatArray
    scores: FloatArray
    weights: FloatArray

    def take(self, which: Groups) -> "Rectangles":
        """Some of them."""
        return Rectangles(*(values[which] for values in self))


def decode(maps: FloatArray, detector: Detector) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Turn the maps of one page into rotated boxes.

    Args:
        maps: (6, height, width) float32: score in [0, 1]; distances to the top, right, bottom and left edge, pixels
            of the detector's input; angle, radians, counter-clockwise.
        detector: Its thresholds apply; a word becomes longer at either end by `unclip_ratio` times its height.

    Returns:
        Quads, (N, 4, 2) float32, pixels of the detector's input, clockwise; their scores, (N,) float32 in [0, 1]: the
        mean score of the cells that the box comes from; and their bends, (N, 2) float32, 0: words are straight.
    """
    cells, positions, blobs = rectangles_of_cells(maps, detector.map_threshold, detector.map_stride_px)
    pieces = _merge(cells, positions, blobs)
    pieces = pieces.take(np.argsort(-pieces.weights, kind="stable")[:MAX_PIECES])
    words = _merge(pieces, pieces.centres, _pieces_of_one_word(pieces))
    words = words.take(np.flatnonzero(words.scores >= detector.quad_threshold))
    words = words.take(_strongest(words))
    growth = 2 * detector.unclip_ratio * words.sizes[:, 1]
    longer = words.sizes + np.stack([growth, np.zeros(len(growth))], axis=1)
    return from_rectangles(words.centres, longer, words.angles_rad), words.scores, np.zeros_like(words.centres)


def rectangles_of_cells(maps: FloatArray, threshold: float, stride_px: int) -> tuple[Rectangles, FloatArray, Groups]:
    """The rectangle that each cell with a score above the threshold tells (the paper's figure 4, d and e).

    Args:
        maps: (6, height, width) float32, as for `decode`.
        threshold: 0 … 1.
        stride_px: Pixels of the detector's input from one cell to the next.

    Returns:
        The rectangles, the cells' own positions, (N, 2) float32 in pixels of the detector's input, and to which of
        the blobs of touching cells each belongs, (N,) indices.
    """
    _, blobs = cv2.connectedComponents((maps[0] > threshold).astype(np.uint8), connectivity=4)
    y, x = np.nonzero(blobs)
    scores, top, right, bottom, left, angles = maps[:, y, x]
    positions = np.stack([x, y], axis=1).astype(np.float32) * stride_px
    angles_rad = np.asarray(-angles, np.float32)
    along, across = _axes(angles_rad)
    centres = positions + _points((right - left) / 2, (bottom - top) / 2, along, across)
    sizes = np.stack([left + right, top + bottom], axis=1)
    return Rectangles(centres, sizes, angles_rad, scores, scores), positions, blobs[y, x].astype(np.intp) - 1


def _merge(parts: Rectangles, positions: FloatArray, groups: Groups) -> Rectangles:
    """One rectangle for each group of parts: the weighted mean of what they say, each end where it is seen best.

    Args:
        parts: N rectangles.
        positions: (N, 2) float32, where each part is, pixels.
        groups: (N,) indices 0 … n - 1, each of which occurs.
    """
    mean = partial(_mean, groups=groups)
    angles = mean(parts.angles_rad, parts.weights)
    along, across = _axes(angles)
    half_widths, half_heights = parts.sizes.T / 2
    middle, level, place = (
        np.sum(points * axis[groups], axis=1)
        for points, axis in ((parts.centres, along), (parts.centres, across), (positions, along))
    )
    near_start, near_end = _nearness(place, mean(parts.sizes[:, 1], parts.weights), groups)
    left = mean(middle - half_widths, parts.weights * near_start)
    right = mean(middle + half_widths, parts.weights * near_end)
    top = mean(level - half_heights, parts.weights)
    bottom = mean(level + half_heights, parts.weights)
    centres = _points((left + right) / 2, (top + bottom) / 2, along, across)
    sizes = np.stack([right - left, bottom - top], axis=1)
    weights = np.bincount(groups, parts.weights).astype(np.float32)
    return Rectangles(centres, sizes, angles, mean(parts.scores, parts.weights), weights)


def _mean(values: FloatArray, weights: FloatArray, groups: Groups) -> FloatArray:
    """Weighted mean of each group: (n,) float32."""
    return np.asarray(np.bincount(groups, weights * values) / np.bincount(groups, weights), np.float32)


def _nearness(place: FloatArray, heights: FloatArray, groups: Groups) -> tuple[FloatArray, FloatArray]:
    """How well each part sees the start and the end of its word: (N,) each, 1 for the part that is nearest.

    Args:
        place: (N,), where each part is along the text, pixels.
        heights: (n,), of the words, pixels.
        groups: (N,) indices of words.
    """
    start, end = np.full(len(heights), np.inf), np.full(len(heights), -np.inf)
    np.minimum.at(start, groups, place)
    np.maximum.at(end, groups, place)
    sight = SIGHT * np.maximum(heights, 1)[groups]
    return np.exp((start[groups] - place) / sight), np.exp((place - end[groups]) / sight)


def _pieces_of_one_word(pieces: Rectangles) -> Groups:
    """Number the words that pieces belong to: (N,) indices."""
    along, across = _axes(pieces.angles_rad)
    widths, heights = pieces.sizes.T
    offsets = pieces.centres[None] - pieces.centres[:, None]
    overlap = (widths[:, None] + widths) / 2 - np.abs(np.einsum("ijk,ik->ij", offsets, along))
    shared = (heights[:, None] + heights) / 2 - np.abs(np.einsum("ijk,ik->ij", offsets, across))
    low, high = np.minimum(heights[:, None], heights), np.maximum(heights[:, None], heights)
    return _connected((overlap > MIN_OVERLAP * low) & (shared > high / 2))


def _connected(related: NDArray[np.bool_]) -> Groups:
    """Number the groups of things that are related, directly or through others.

    >>> _connected(np.array([[0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]], bool)).tolist()
    [0, 0, 1, 0]
    """
    first, second = np.nonzero(related | related.T)
    labels = np.arange(len(related))
    while True:
        lowest = labels.copy()
        np.minimum.at(lowest, first, labels[second])
        if np.array_equal(lowest, labels):
            return np.asarray(np.unique(labels, return_inverse=True)[1], np.intp)
        labels = lowest


def _strongest(words: Rectangles) -> Groups:
    """Indices of the words that are left when each drops the weaker ones under it."""
    boxes = [
        (tuple(centre), tuple(size), angle)
        for centre, size, angle in zip(
            words.centres.tolist(), words.sizes.tolist(), np.rad2deg(words.angles_rad).tolist(), strict=True
        )
    ]
    kept = cv2.dnn.NMSBoxesRotated(boxes, words.weights.tolist(), 0, MAX_IOU) if boxes else []
    return np.asarray(kept, np.intp).reshape(-1)


def _axes(angles_rad: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Unit vectors along and across the text, (N, 2) float32 each; across is a quarter turn clockwise from along."""
    cos, sin = np.cos(angles_rad), np.sin(angles_rad)
    return np.stack([cos, sin], axis=1), np.stack([-sin, cos], axis=1)


def _points(u: FloatArray, v: FloatArray, along: FloatArray, across: FloatArray) -> FloatArray:
    """Positions, (N, 2) float32 x and y, of what lies `u` along and `v` across the text."""
    return np.asarray(along * u[:, None] + across * v[:, None], np.float32)
