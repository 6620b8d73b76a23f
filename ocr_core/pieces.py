"""Lines that run up or down a page, put together from the pieces in which the detector finds them.

It finds level text by lines, and upright text rather by words, above all where spaces are wide. Alone, a word of a few
letters or digits may make sense upside down, too.
"""

import numpy as np
from numpy.typing import NDArray

from ocr_core import orientation
from ocr_core.quads import FloatArray, edge_lengths
from ocr_core.rows import Indices

# In heights of a line: so long a piece tells where its line goes on, and each of the pieces there is as long as this.
MIN_TELLING, MIN_LENGTH = 2.5, 0.6
# Between a piece and the next, boxes are so far apart or overlap by as much; their middles are so near to one axis; and
# their heights differ by no more than this factor.
MAX_APART, MAX_ASIDE, SIMILAR = 0.8, 0.25, 1.4
# More pairs of pieces than this are not compared: such a page lies on its side, and was said not to.
MAX_PAIRS = 250_000


def join(quads: FloatArray, scores: FloatArray) -> tuple[FloatArray, FloatArray, Indices]:
    """Put pieces of lines together that follow each other up or down a page.

    Args:
        quads: (N, 4, 2) float32, pixels of an upright page, clockwise from the text's top-left corner.
        scores: (N,) float32.

    Returns:
        The same of what is left, M lines, and which of the N each of these begins with, (M,) indices. The score of a
        line is the mean of its pieces', by their lengths.
    """
    near = _neighbours(quads)
    if near is None:
        return quads, scores, np.arange(len(quads))
    line = np.arange(len(quads))  # the least of the numbers of its pieces, of the line that each piece is of
    for piece, other in near:
        line[line == line[other]] = line[line == line[piece]] = min(line[piece], line[other])
    joined, means, lengths = quads.copy(), scores.copy(), edge_lengths(quads)[0]
    firsts, counts = np.unique(line, return_counts=True)
    for first in firsts[counts > 1]:
        pieces = np.flatnonzero(line == first)
        joined[first] = _round(quads[pieces], quads[pieces[lengths[pieces].argmax()]])
        means[first] = np.average(scores[pieces], weights=lengths[pieces])
    return joined[firsts], means[firsts], firsts


def _neighbours(quads: FloatArray) -> NDArray[np.intp] | None:
    """Pieces that follow each other, (P, 2) indices; None if there are none."""
    lengths, heights = edge_lengths(quads)
    telling = np.flatnonzero(orientation.is_across(quads, 0) & (lengths >= MIN_TELLING * heights))
    if not 0 < len(telling) * len(quads) <= MAX_PAIRS:
        return None
    edges, height = quads[telling, 1] - quads[telling, 0], heights[telling]
    along = edges / np.maximum(np.linalg.norm(edges, axis=1, keepdims=True), 1e-6)
    start, end = _extents(quads, along)
    top, bottom = _extents(quads, np.stack([-along[:, 1], along[:, 0]], axis=1))
    own = telling, np.arange(len(telling))
    apart, aside = np.maximum(start - end[own], start[own] - end), np.abs(top + bottom - (top + bottom)[own]) / 2
    similar = (bottom - top <= SIMILAR * height) & (height <= SIMILAR * (bottom - top))
    similar &= end - start >= MIN_LENGTH * height
    pieces, tellers = np.nonzero(similar & (np.abs(apart) <= MAX_APART * height) & (aside <= MAX_ASIDE * height))
    return np.stack([telling[tellers], pieces], axis=1) if len(pieces) else None


def _extents(quads: FloatArray, axes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """From where to where N quads extend along A axes, (A, 2) unit vectors: (N, A) float32 each."""
    places = quads @ axes.T
    return places.min(axis=1), places.max(axis=1)


def _round(pieces: FloatArray, longest: FloatArray) -> FloatArray:
    """The rectangle round pieces of a line, (n, 4, 2), that runs from the middle of its start to that of its end."""
    along = longest[1] - longest[0]
    middles = (pieces + np.roll(pieces, -1, axis=1)).reshape(-1, 2) / 2  # of all sides
    places = middles @ along
    axis = middles[places.argmax()] - middles[places.argmin()]
    axis /= max(np.linalg.norm(axis), 1e-6)
    across = np.array([-axis[1], axis[0]])
    corners = pieces.reshape(-1, 2)
    (left, right), (top, bottom) = ((side.min(), side.max()) for side in (corners @ axis, corners @ across))
    shares = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    return np.asarray(shares @ np.stack([axis, across]), np.float32)
