"""Lines that the detector joined across the gutter between two columns, taken apart.

Where a wide gap in a long line recurs in the rows above or below, and no ink is in the way, there is a gutter: spaces
between words are narrower, and do not lie below each other for long.
"""

from dataclasses import dataclass

import numpy as np

from ocr_core import orientation
from ocr_core.crops import IntArray, split
from ocr_core.detection import Found
from ocr_core.pixels import RgbArray
from ocr_core.quads import FloatArray
from ocr_core.reading_order import order_and_blocks
from ocr_core.rows import Indices, rows
from ocr_core.segments import MIN_GAP, BoolArray, Lines, Segments

# Lengths are heights of a box. A gutter recurs in so many rows, each no further from the one before than MAX_PITCH, of
# boxes whose heights differ by no more than this factor.
MIN_ROWS, MAX_PITCH, SIMILAR = 3, 3.0, 1.3
# Rows tell of a gutter if they have so much text on both sides of it; lines are taken apart if they have as much as a
# word.
MIN_TEXT, MIN_WORD = 3.0, 1.0
# A box whose ink ends so much earlier than it does elsewhere reaches into a gutter.
BEYOND = 0.3
# So near to a gap, ink is not in its way.
BLUR = 0.2
# What is no longer than this, lies in a gutter and has no ink of its own is no text.
MAX_NOISE = 4.0


@dataclass(frozen=True, eq=False)
class Gaps:
    """Wide gaps between segments that follow each other in a row.

    Attributes:
        before: (G,) the segment that ends there.
        after: (G,) the one that starts there.
        boxes: (G, 4) float32, left, top, right, bottom on the level page, pixels.
    """

    before: Indices
    after: Indices
    boxes: FloatArray

    def of(self, which: BoolArray) -> "Gaps":
        """Some of them, (G,) bool."""
        return Gaps(self.before[which], self.after[which], self.boxes[which])


@dataclass(frozen=True, eq=False)
class Row:
    """A row of the page.

    Attributes:
        middle: Of its height on the page, pixels.
        height: Of its first box.
        texts: Left and right ends of its segments.
        gaps: Those of the wide gaps between them that have text on both sides.
    """

    middle: float
    height: float
    texts: list[tuple[float, float]]
    gaps: list[tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Parts:
    """What gutters leave of lines.

    Attributes:
        line: (P,) the number of the line of each part.
        start: (P,) float32, where it starts, as a share of the way along the line.
        end: (P,) float32, where it ends.
    """

    line: Indices
    start: FloatArray
    end: FloatArray

    @property
    def are_whole(self) -> BoolArray:
        """Which are all of their line: (P,) bool."""
        return np.asarray((self.start == 0) & (self.end == 1))

    def quads(self, quads: FloatArray) -> FloatArray:
        """Those of the parts, (P, 4, 2) float32, given those of the lines."""
        shares = np.stack([self.start, self.end, self.end, self.start], axis=1)[:, :, None]
        left, right = quads[self.line][:, [0, 0, 3, 3]], quads[self.line][:, [1, 1, 2, 2]]
        return np.asarray(left + shares * (right - left), np.float32)

    def crops(self, strip: RgbArray, widths: IntArray) -> tuple[RgbArray, IntArray]:
        """Those of the parts side by side, and their widths, given those of the lines."""
        crops, widths = split(strip, widths), widths[self.line]
        first, last = (np.rint(share * widths).astype(np.intp) for share in (self.start, self.end))
        cut = [crops[line][:, start:end] for line, start, end in zip(self.line, first, last, strict=True)]
        return np.concatenate([strip[:, :0], *cut], axis=1), (last - first).astype(np.int32)

    def of(self, which: Indices) -> "Parts":
        """Some of them, (n,) indices, in their order."""
        return Parts(self.line[which], self.start[which], self.end[which])


def take_apart(found: Found, strip: RgbArray, widths: IntArray) -> tuple[Found, RgbArray, IntArray]:
    """Take lines apart where a gutter runs through them, and leave out what only lies in a gutter.

    Args:
        found: The lines of a page.
        strip: (height, sum of widths, channels) uint8, their crops side by side.
        widths: (N,) int32, of the crops, pixels.

    Returns:
        The same of what is left, in reading order; most often that are all lines as they were.
    """
    parts = find(orientation.turn(found.quads, found.angle), strip, widths, found.overhang)
    if parts is None:
        return found, strip, widths
    quads = parts.quads(found.quads)
    order, blocks = order_and_blocks(orientation.turn(quads, found.angle), found.overhang)
    parts = parts.of(order)
    bends = np.where(parts.are_whole[:, None], found.bends[parts.line], np.float32(0))
    apart = found._replace(quads=quads[order], scores=found.scores[parts.line], bends=bends, blocks=blocks)
    return apart, *parts.crops(strip, widths)


def find(quads: FloatArray, strip: RgbArray, widths: IntArray, overhang: float) -> Parts | None:
    """Find the lines that a gutter runs through.

    Args:
        quads: (N, 4, 2) float32, pixels of an upright page, clockwise from the text's top-left corner.
        strip: (height, sum of widths, channels) uint8, the crops side by side.
        widths: (N,) int32, of the crops, pixels.
        overhang: By how much each quad reaches beyond both ends of its text, in heights of the quad.

    Returns:
        What gutters leave of all lines; None if they leave all of them as they are.
    """
    if len(quads) == 0:
        return None
    lines = Lines.of(quads)
    segments = Segments.of(strip, widths, lines)
    counts = np.bincount(segments.line, minlength=len(quads))
    if np.all((counts == 1) | (counts > 1) & ~lines.are_long) and not np.any(_ends_early(segments, lines, overhang)):
        return None
    segments = segments.of_level(lines)
    gutters = _gutters(segments, lines, overhang)
    return _parts(segments, gutters, lines, overhang) if len(gutters.boxes) else None


def _ends_early(segments: Segments, lines: Lines, overhang: float) -> tuple[BoolArray, BoolArray]:
    """Which segments are the first of their line, and start much later than its box; which are the last: (M,) bool."""
    line = segments.line
    most = ((overhang + BEYOND) * lines.heights)[line]
    return segments.are_first & (segments.start > most), segments.are_last & (lines.lengths[line] - segments.end > most)


def _gutters(segments: Segments, lines: Lines, overhang: float) -> Gaps:
    """The gaps within lines, or where a box reaches into them, that are parts of a gutter."""
    line, boxes = segments.line, segments.boxes(lines)
    order, row_of = rows(boxes)
    follow = np.diff(row_of) == 0
    before, after = order[:-1][follow], order[1:][follow]
    between = np.stack([boxes[before, 2], boxes[before, 1], boxes[after, 0], boxes[before, 3]], axis=1)
    wide = between[:, 2] - between[:, 0] >= MIN_GAP * lines.heights[line[before]]
    gaps, row = Gaps(before, after, between).of(wide), row_of[:-1][follow][wide]
    before, after = gaps.before, gaps.after
    beside = np.minimum(segments.end[before], (lines.lengths[line] - segments.start)[after])
    is_text, is_word = (beside >= least * lines.heights[line[before]] for least in (MIN_TEXT, MIN_WORD))
    start, end = _ends_early(segments, lines, overhang)
    asked = (
        (line[before] == line[after]) | end[before] | start[after] | _holds(gaps, segments, lines, overhang).any(axis=0)
    )
    found = _rows(boxes[order], row_of, gaps.boxes[is_text], row[is_text])
    is_gutter = np.zeros(len(row), bool)
    for gap in np.flatnonzero(asked & is_word):
        times = sum(_recurrences(gaps.boxes[gap], found, int(row[gap]), step) for step in (-1, 1))
        is_gutter[gap] = times >= MIN_ROWS
    return gaps.of(is_gutter)


def _rows(boxes: FloatArray, row_of: Indices, gaps: FloatArray, row_of_gap: Indices) -> list[Row]:
    """All rows, given the boxes of their segments, and gaps, row by row."""
    starts = np.flatnonzero(np.diff(row_of, prepend=-1))
    middles, heights = boxes[starts, 1::2].mean(axis=1).tolist(), (boxes[starts, 3] - boxes[starts, 1]).tolist()
    found = [Row(middle, height, [], []) for middle, height in zip(middles, heights, strict=True)]
    for number, (left, right) in zip(row_of.tolist(), boxes[:, ::2].tolist(), strict=True):
        found[number].texts.append((left, right))
    for number, (left, right) in zip(row_of_gap.tolist(), gaps[:, ::2].tolist(), strict=True):
        found[number].gaps.append((left, right))
    return found


def _recurrences(gap: FloatArray, found: list[Row], number: int, step: int) -> int:
    """In how many rows above or below its own a gap recurs, until there is ink in the way; MIN_ROWS are enough."""
    left, top, right, bottom = gap.tolist()
    height, middle, blur, count = bottom - top, (top + bottom) / 2, BLUR * (bottom - top), 0
    while count < MIN_ROWS and 0 <= (number := number + step) < len(found):
        row = found[number]
        if abs(row.middle - middle) > MAX_PITCH * height:
            break
        middle = row.middle
        shared = [(max(left, start), min(right, end)) for start, end in row.gaps]
        start, end = max(shared, key=lambda span: span[1] - span[0], default=(0, 0))
        if end - start >= MIN_GAP * height and row.height < SIMILAR * height < SIMILAR**2 * row.height:
            left, right, count = start, end, count + 1
        elif any(start < right - blur and end > left + blur for start, end in row.texts):
            break
    return count


def _parts(segments: Segments, gutters: Gaps, lines: Lines, overhang: float) -> Parts | None:
    """What gutters leave of the lines; None if they leave all as they are."""
    line, count = segments.line, len(segments.line)
    length, beyond = lines.lengths[line], overhang * lines.heights[line]
    is_first, is_last = segments.are_first, segments.are_last
    starts_late, ends_early = _ends_early(segments, lines, overhang)
    opens, closes = np.zeros(count, bool), np.zeros(count, bool)
    opens[gutters.after] = closes[gutters.before] = True
    opens &= ~is_first | starts_late
    closes &= ~is_last | ends_early
    middle = (segments.start[1:] + segments.end[:-1]) / 2
    earliest, latest = np.where(is_first, 0, np.append(0, middle)), np.where(is_last, length, np.append(middle, 0))
    start = np.where(opens | ~is_first, np.maximum(earliest, segments.start - beyond), 0) / length
    end = np.where(closes | ~is_last, np.minimum(latest, segments.end + beyond), length) / length
    starts = is_first | opens | np.append(False, closes[:-1])
    ends = np.append(starts[1:], True)
    without_ink = np.setdiff1d(np.arange(len(lines.lengths)), line)
    whole = without_ink[~_holds(gutters, segments, lines, overhang).any(axis=1)]
    if not (opens.any() or closes.any()) and len(np.unique(line)) + len(whole) == len(lines.lengths):
        return None
    return Parts(
        np.append(line[starts], whole),
        np.append(start[starts], np.zeros(len(whole))).astype(np.float32),
        np.append(end[ends], np.ones(len(whole))).astype(np.float32),
    )


def _holds(gaps: Gaps, segments: Segments, lines: Lines, overhang: float) -> BoolArray:
    """Which of the lines without ink of their own are noise in which gaps: (n, G) bool."""
    others = np.setdiff1d(np.arange(len(lines.lengths)), segments.line)
    x, y, length, height = (values[others, None] for values in (lines.x, lines.y, lines.lengths, lines.heights))
    beyond = (overhang + BEYOND) * height
    within = (gaps.boxes[:, 0] < x + beyond) & (x + length - beyond < gaps.boxes[:, 2])
    within &= np.abs(gaps.boxes[:, 1::2].mean(axis=1) - y) < height / 2
    return np.asarray(within & lines.are_level[others, None] & (length < MAX_NOISE * height))
