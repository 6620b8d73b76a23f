"""Lines of text on an arc of a circle, as on signs and stamps: what bends like one, and where its crop lies.

The quad of such a line is the rectangle round all of it. The vector from the quad's middle to the centre of the circle,
its bend, tells the rest; that of a straight line, as nearly all are, is 0.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ocr_core.opencv import cv2
from ocr_core.pixels import PixelArray
from ocr_core.quads import FloatArray, edge_lengths, from_rectangles

# What is an arc: its ring is so much smaller than its rectangle and so many times as long as high, and it is no more
# than so much of a circle on both sides of its middle. (In labelled images of documents and streets, nothing is.)
MAX_SHARE, MIN_ASPECT, MAX_HALF_ANGLE = 0.85, 3, math.radians(80)
STRAIGHT = np.zeros(2, np.float32)


@dataclass(frozen=True, slots=True)
class Arc:
    """The part of a ring in which a line lies.

    Attributes:
        centre: (2,) of its circles, pixels.
        along: (2,) unit vector, the line's direction in its middle.
        side: -1 if its middle is above its ends, in reading direction; 1 if below.
        radius: Of the circle through the middles of its letters.
        height: Of the line, pixels.
        half_angle: From its middle to an end, seen from the centre, radians.
    """

    centre: FloatArray
    along: FloatArray
    side: int
    radius: float
    height: float
    half_angle: float

    @classmethod
    def fit(cls, outline: NDArray[np.int32], rectangle_px: float) -> "Arc | None":
        """The arc that an outline is of, its middle above; None if it is no arc's.

        The circle is that of least squares (Kåsa 1976, doi:10.1109/TIM.1976.6312298) of the area inside the outline, so
        sums over points are its moments. Of a thick ring it is a few per cent too small, and a detector's maps are as
        much flatter than the lines that they are of.

        Args:
            outline: (P, 1, 2) int32, as OpenCV gives it.
            rectangle_px: Area of the smallest rectangle round it.
        """
        m = cv2.moments(outline)
        squares = np.array([[m["mu20"], m["mu11"]], [m["mu11"], m["mu02"]]])
        if m["m00"] == 0 or np.linalg.det(squares) <= 0:
            return None
        away = np.linalg.solve(squares, [(m["mu30"] + m["mu12"]) / 2, (m["mu03"] + m["mu21"]) / 2])
        if not away.any():
            return None
        centre = away + np.array([m["m10"], m["m01"]]) / m["m00"]
        points, up = outline.reshape(-1, 2) - centre, -away / np.hypot(*away)
        along = np.array([-up[1], up[0]])
        angles, distances = np.arctan2(points @ along, points @ up), np.hypot(*points.T)
        turn, half_angle = (angles.min() + angles.max()) / 2, np.ptp(angles) / 2
        along = along * math.cos(turn) - up * math.sin(turn)
        arc = cls(centre, along, -1, (distances.min() + distances.max()) / 2, np.ptp(distances), half_angle)
        is_long = arc.length >= MIN_ASPECT * arc.height and half_angle <= MAX_HALF_ANGLE
        return arc if is_long and m["m00"] <= arc.length * arc.height <= MAX_SHARE * rectangle_px else None

    @classmethod
    def of(cls, quad: FloatArray, bend: FloatArray) -> "Arc | None":
        """The arc within a quad, (4, 2) float32, of this bend, (2,) float32; None for a straight line."""
        if not bend.any():
            return None
        width, height = (float(lengths[0]) for lengths in edge_lengths(quad[None]))
        along = (quad[1] - quad[0] + quad[2] - quad[3]) / max(2 * width, 1e-6)
        drop = float(bend @ np.array([-along[1], along[0]]))
        outer = abs(drop) + height / 2
        sine = width / 2 / max(outer, 1e-6)
        if not 0 < sine < 1:
            return None
        inner = (outer - height) / math.sqrt(1 - sine * sine)
        if not 0 < inner <= outer - 1:
            return None
        side, middle = (-1 if drop > 0 else 1), quad.mean(axis=0)
        return cls(middle + bend, along, side, (outer + inner) / 2, outer - inner, math.asin(sine))

    @property
    def down(self) -> FloatArray:
        """(2,) unit vector, from the line's tops to its feet in its middle."""
        return np.array([-self.along[1], self.along[0]])

    @property
    def length(self) -> float:
        """Of the line, pixels."""
        return 2 * self.half_angle * self.radius

    def grown(self, px: float) -> "Arc":
        """The same, larger by so much on all sides."""
        half_angle = min(self.half_angle + px / self.radius, MAX_HALF_ANGLE)
        return replace(self, height=self.height + 2 * px, half_angle=half_angle)

    def quad(self) -> tuple[FloatArray, FloatArray]:
        """The rectangle round it, (4, 2) float32, clockwise from its top-left corner, and its bend, (2,) float32."""
        outer, inner = self.radius + self.height / 2, self.radius - self.height / 2
        foot = inner * math.cos(self.half_angle)
        bend = -self.side * (outer + foot) / 2 * self.down
        size = np.array([[2 * outer * math.sin(self.half_angle), outer - foot]])
        angle = np.arctan2(self.along[1:], self.along[:1])
        return from_rectangles((self.centre - bend)[None], size, angle)[0], np.asarray(bend, np.float32)

    def place(self, points: FloatArray, width: int, height: int) -> FloatArray:
        """Where points of a crop, (..., 2) in its pixels, lie: (..., 2) float32.

        Args:
            points: x and y.
            width: Of the crop, pixels.
            height: Likewise.
        """
        angles = self.half_angle * (2 * points[..., 0] / width - 1)
        radii = self.radius + self.side * self.height * (points[..., 1] / height - 0.5)
        along, across = radii * np.sin(angles), self.side * radii * np.cos(angles)
        return np.asarray(self.centre + along[..., None] * self.along + across[..., None] * self.down, np.float32)

    def part(self, box: FloatArray, width: int, height: int) -> "Arc":
        """What of it is in a box of its crop.

        Args:
            box: (4,) left, top, right, bottom, pixels of the crop.
            width: Of the crop, pixels.
            height: Likewise.
        """
        left, top, right, bottom = (box / np.array([width, height, width, height]) - 0.5).tolist()
        turn = self.half_angle * (left + right)
        return Arc(
            self.centre,
            self.along * math.cos(turn) - self.side * self.down * math.sin(turn),
            self.side,
            self.radius + self.side * self.height * (top + bottom) / 2,
            self.height * (bottom - top),
            self.half_angle * (right - left),
        )

    def cut(self, page: PixelArray, crop: PixelArray) -> None:
        """Fill a crop, (height, width, channels) uint8, with the line, straightened."""
        height, width = crop.shape[:2]
        pixels = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1) + 0.5
        x, y = np.moveaxis(self.place(pixels, width, height) - np.float32(0.5), -1, 0)
        cv2.remap(page, np.ascontiguousarray(x), np.ascontiguousarray(y), cv2.INTER_LINEAR, crop, cv2.BORDER_REPLICATE)


def line_lengths(quads: FloatArray, bends: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Width along the line of text and height across it, of each quad: `edge_lengths`, of an arc those of its ring.

    Args:
        quads: (N, 4, 2) float32, clockwise from the top-left corner in reading direction.
        bends: (N, 2) float32, pixels like the quads.

    Returns:
        Widths and heights, (N,) float32 each, pixels.
    """
    widths, heights = edge_lengths(quads)
    for line in np.flatnonzero(bends.any(axis=1)):
        if arc := Arc.of(quads[line], bends[line]):
            widths[line], heights[line] = arc.length, arc.height
    return widths, heights
