"""Where along the lines of a page there is text, and where wide gaps: by the ink in their crops."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ocr_core import orientation
from ocr_core.crops import IntArray
from ocr_core.pixels import RgbArray
from ocr_core.quads import FloatArray, edge_lengths
from ocr_core.rows import Indices

BoolArray = NDArray[np.bool_]

# Rows of a crop that are looked at: from here to there in parts of its height, each STEP-th. Beyond, there may be parts
# of the lines above and below.
CORE, STEP = (0.16, 0.84), 3
# A column has ink if its grey levels differ from the paper's by this share of what any do in the line, and by so many.
INKED, MIN_CONTRAST = 0.3, 12
# A gap is wide from so many heights of a box on: a gutter of one em is 0.8, spaces between words are 0.2 to 0.4 wide.
MIN_GAP = 0.65
# Lines that are longer than this, in heights of a box, may be those of two columns.
LONG = 4.0
# What is shorter than this, in heights of a box, and lies within another line or so near to it, belongs to that one.
MAX_SLIVER, NEAR = 1.0, 0.1
# A line is level if this share of its length is.
LEVEL = 0.9


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines on a page as if it were level.

    Attributes:
        lengths: (N,) float32, pixels.
        heights: (N,) float32.
        x: (N,) float32, where each line starts, pixels.
        y: (N,) float32, half-way up.
        are_level: (N,) bool.
    """

    lengths: FloatArray
    heights: FloatArray
    x: FloatArray
    y: FloatArray
    are_level: BoolArray

    @classmethod
    def of(cls, quads: FloatArray) -> "Lines":
        """Those in quads of an upright page, (N, 4, 2) float32, clockwise from the text's top-left corner."""
        lengths, heights = edge_lengths(quads)
        skew_rad = np.deg2rad(orientation.skew(quads, 0))
        axes = np.array([[np.cos(skew_rad), -np.sin(skew_rad)], [np.sin(skew_rad), np.cos(skew_rad)]], np.float32)
        x, y = ((quads[:, 0] + quads[:, 3]) / 2 @ axes).T
        are_level = (quads[:, 1] - quads[:, 0]) @ axes[:, 0] >= LEVEL * lengths
        return cls(lengths, heights, x, y, are_level)

    @property
    def are_long(self) -> BoolArray:
        """Which may be those of two columns: (N,) bool."""
        return np.asarray(self.lengths >= LONG * self.heights)


@dataclass(frozen=True, eq=False)
class Segments:
    """What of lines is text without a wide gap: line by line, in each from its start to its end.

    Attributes:
        line: (M,) the number of the line of each.
        start: (M,) float32, from the start of the line, pixels of the page.
        end: Likewise.
    """

    line: Indices
    start: FloatArray
    end: FloatArray

    @classmethod
    def of(cls, strip: RgbArray, widths: IntArray, lines: Lines) -> "Segments":
        """Those of lines whose crops lie side by side in a strip.

        Args:
            strip: (height, sum of widths, channels) uint8.
            widths: (N,) int32, of the crops, pixels.
            lines: The N lines; one at least.
        """
        ends = np.cumsum(widths)
        starts = ends - widths
        inked = _inked(strip, starts, widths)
        before, behind = np.append(False, inked[:-1]), np.append(inked[1:], False)
        before[starts] = behind[ends - 1] = False
        first, last = np.flatnonzero(inked & ~before), np.flatnonzero(inked & ~behind)
        line = np.searchsorted(ends, first, side="right")
        scale, origin = (lines.lengths / widths)[line], starts[line]
        start, end = ((place - origin) * scale for place in (first, last + 1))
        return cls(line, start.astype(np.float32), end.astype(np.float32)).joined(MIN_GAP * lines.heights)

    @property
    def are_first(self) -> BoolArray:
        """Which begin their line: (M,) bool."""
        return np.asarray(np.diff(self.line, prepend=-1) > 0)

    @property
    def are_last(self) -> BoolArray:
        """Which end it: (M,) bool."""
        return np.asarray(np.diff(self.line, append=-1) != 0)

    def joined(self, gap_px: FloatArray) -> "Segments":
        """The same without gaps of less than so many pixels in each line: (N,) float32."""
        line = self.line
        wide = self.start[1:] - self.end[:-1] >= gap_px[line[1:]]
        first = np.append(True, (np.diff(line) > 0) | wide)[: len(line)]
        return Segments(line[first], self.start[first], self.end[np.append(first[1:], True)[: len(line)]])

    def of_level(self, lines: Lines) -> "Segments":
        """Those of level lines, without slivers of other lines; each short line is one segment."""
        keep = lines.are_level[self.line] & ~self._are_slivers(lines)
        kept = Segments(self.line[keep], self.start[keep], self.end[keep])
        return kept.joined(np.where(lines.are_long, MIN_GAP * lines.heights, np.inf).astype(np.float32))

    def boxes(self, lines: Lines) -> FloatArray:
        """Left, top, right, bottom on the level page: (M, 4) float32."""
        x, y, half = lines.x[self.line], lines.y[self.line], lines.heights[self.line] / 2
        return np.stack([x + self.start, y - half, x + self.end, y + half], axis=1)

    def _are_slivers(self, lines: Lines) -> BoolArray:
        lengths, boxes = self.end - self.start, self.boxes(lines)
        short = np.flatnonzero(lengths < MAX_SLIVER * lines.heights[self.line])
        middles = (boxes[short, None, :2] + boxes[short, None, 2:]) / 2
        near = np.stack([NEAR * lines.heights[self.line], np.zeros(len(boxes))], axis=1)
        within = ((boxes[:, :2] - near < middles) & (middles < boxes[:, 2:] + near)).all(axis=2)
        within &= (self.line != self.line[short, None]) & (lengths > lengths[short, None])
        found = np.zeros(len(lengths), bool)
        found[short] = within.any(axis=1)
        return found


def _inked(strip: RgbArray, starts: Indices, widths: IntArray) -> BoolArray:
    """Which columns of the strip have ink in them."""
    top, bottom = (round(part * len(strip)) for part in CORE)
    grey = np.ascontiguousarray(strip[top:bottom:STEP, :, strip.shape[2] // 2])  # green, or the only channel
    darkest, brightest = grey.min(axis=0), grey.max(axis=0)
    low, high = (
        values.astype(int) for values in (np.minimum.reduceat(darkest, starts), np.maximum.reduceat(brightest, starts))
    )
    # Paper is what nearly every column has some of, whichever of the two it is; a stroke may fill a column.
    dark, bright = (np.add.reduceat(values, starts, dtype=int) for values in (darkest, brightest))
    is_light = dark - low * widths > high * widths - bright
    least = np.maximum(INKED * (high - low), MIN_CONTRAST)
    is_dark_ink = darkest <= np.repeat((high - least).astype(np.int16), widths)
    is_light_ink = brightest >= np.repeat((low + least).astype(np.int16), widths)
    return np.where(np.repeat(is_light, widths), is_dark_ink, is_light_ink)
