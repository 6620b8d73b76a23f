"""Quads: four corners of a line of text, as (N, 4, 2) float32 arrays of x and y in pixels."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

# A box at least this much taller than wide holds one line of turned text (PaddleOCR's value).
TALL = 1.5
# A tall box this near to the vertical is read downwards; a more tilted one towards the right.
NEAR_VERTICAL_COS = np.cos(np.deg2rad(70))


def from_rectangles(centres: FloatArray, sizes: FloatArray, angles_rad: FloatArray) -> FloatArray:
    """Corners of rotated rectangles.

    Args:
        centres: (N, 2) float32, x and y.
        sizes: (N, 2) float32, extent along the rectangle's own two axes, pixels.
        angles_rad: (N,) float32, clockwise turn of the first axis from the x axis (y points down).

    Returns:
        (N, 4, 2) float32, clockwise, starting at the corner where both own coordinates are least.

    >>> from_rectangles(np.float32([[5, 5]]), np.float32([[4, 2]]), np.float32([0])).tolist()
    [[[3.0, 4.0], [7.0, 4.0], [7.0, 6.0], [3.0, 6.0]]]
    """
    along = np.stack([np.cos(angles_rad), np.sin(angles_rad)], axis=-1)
    across = np.stack([-along[:, 1], along[:, 0]], axis=-1)
    half_x = along * sizes[:, :1] / 2
    half_y = across * sizes[:, 1:] / 2
    corners = [-half_x - half_y, half_x - half_y, half_x + half_y, half_y - half_x]
    return np.asarray(centres[:, None] + np.stack(corners, axis=1), np.float32)


def turn_to_reading_direction(quads: FloatArray) -> FloatArray:
    """Let every quad start at the top-left corner of its text, so that the first edge runs along the line.

    A box that is not tall is read along the edge nearest to the x axis. A tall one is read along its long
    edge: towards the right, or downwards where it stands nearly upright.

    Args:
        quads: (N, 4, 2) float32, clockwise, starting at any corner.

    Returns:
        (N, 4, 2) float32, the same corners, clockwise from the top-left one in reading direction.

    >>> upright = np.float32([[[0, 0], [10, 0], [10, 100], [0, 100]]])
    >>> turn_to_reading_direction(upright)[0].tolist()
    [[10.0, 0.0], [10.0, 100.0], [0.0, 100.0], [0.0, 0.0]]
    """
    edges = np.roll(quads, -1, axis=1) - quads
    lengths = np.linalg.norm(edges, axis=2)
    cosines = edges[:, :, 0] / np.maximum(lengths, 1e-6)
    start = np.argmax(cosines, axis=1)
    rows = np.arange(len(quads))
    tall = lengths[rows, (start + 1) % 4] >= TALL * lengths[rows, start]
    # Of the two long edges, the one after `start` runs downwards and the one before it upwards.
    down, up = (start + 1) % 4, (start + 3) % 4
    upwards = cosines[rows, up] > NEAR_VERTICAL_COS
    start = np.where(tall, np.where(upwards, up, down), start)
    return np.take_along_axis(quads, ((start[:, None] + np.arange(4)) % 4)[:, :, None], axis=1)


def scale(quads: FloatArray, from_size: tuple[int, int], to_size: tuple[int, int]) -> FloatArray:
    """Carry quads from an image of one size to the same image at another size, and clip them to it.

    Args:
        quads: (N, 4, 2) float32, pixels of the image at `from_size`.
        from_size: (height, width).
        to_size: (height, width).

    Returns:
        (N, 4, 2) float32, pixels of the image at `to_size`, within [0, width] and [0, height].
    """
    to_height, to_width = to_size
    return np.asarray(np.clip(stretch(quads, from_size, to_size), 0, [to_width, to_height]), np.float32)


def stretch(vectors: FloatArray, from_size: tuple[int, int], to_size: tuple[int, int]) -> NDArray[np.float64]:
    """Carry vectors, (…, 2), x and y, from an image of one (height, width) to the same image at another."""
    (from_height, from_width), (to_height, to_width) = from_size, to_size
    return np.asarray(vectors * np.array([to_width / from_width, to_height / from_height]))


def line_ends(quads: FloatArray) -> FloatArray:
    """Where each line begins and where it ends, half-way up: (N, 2, 2) float32, given its corners in reading order."""
    return np.stack([quads[:, [0, 3]].mean(axis=1), quads[:, 1:3].mean(axis=1)], axis=1)


def edge_lengths(quads: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Width along the line of text and height across it, of each quad.

    Args:
        quads: (N, 4, 2) float32, clockwise from the top-left corner in reading direction.

    Returns:
        Widths and heights, (N,) float32 each, pixels: the longer one of each pair of opposite edges.
    """
    lengths = np.linalg.norm(np.roll(quads, -1, axis=1) - quads, axis=2)
    return np.maximum(lengths[:, 0], lengths[:, 2]), np.maximum(lengths[:, 1], lengths[:, 3])
