"""A page's lines, read in the direction in which they make sense.

A recognizer is sure of text that stands upright and unsure of text that stands on its head, most of which looks like no
letters. So every line is read as its box lies. Only if hardly a line of the page is read with confidence, a few are
glimpsed turned by half: if what is in their middles is read more surely, the page lies so, and all are read again. Then
single lines that run against the page, likewise.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_core import batching, bidi, crops, ctc, orientation
from ocr_core.crops import IntArray
from ocr_core.options import Options
from ocr_core.pixels import RgbArray
from ocr_core.quads import FloatArray, edge_lengths
from ocr_core.reading_order import order_and_blocks
from ocr_core.recognizer import Recognizer
from ocr_core.rows import Indices

# A page may stand on its head if less than this share of its lines …
MIN_SURE_SHARE = 0.2
# … is read with this confidence; lines of fewer letters say nothing: "O", "11" and "SOS" are the same upside down.
SURE = 0.9
MIN_LETTERS = 4
# So many lines, the widest, then tell whether it does: if those that say something when they are turned are surer by so
# much on average, and not below `UNSURE` all the same. (The others are no text, and would only blur it.) A page on its
# side may as well lie on the one as on the other: it follows the surer way, however little surer that is.
PROBES = 8
MARGIN = 0.1
UNSURE = 0.75
# So much of a line, in pixels of its crop, tells which way it runs, a few letters: it is worth reading the other way if
# they are read with this confidence, and more surely than the line is as it lies.
GLIMPSE_PX, PROMISING = 96, 0.6
# A line is tried the other way below this confidence, which nearly all that stand on their head have; one that runs
# across the page below `SURE`; and one along the page in which fewer letters are seen than any script has a height. …
DOUBTFUL, MIN_LETTERS_A_HEIGHT = 0.8, 0.75
# … if it is so many times as long as high, since a letter or two may mean anything; and if the detector is so sure of
# it: what is blurred, or no text at all, cannot be read either way. …
MIN_ASPECT, MIN_SCORE = 3, 0.65
# … Along the page, only where such lines stand out: few beside those that are sure, or a single one of more letters
# beside two. Street scenes are full of text that nobody can read.
MAX_DOUBTFUL_SHARE = 0.25
MIN_LONE_ASPECT, MIN_SURE = 4, 2


@dataclasses.dataclass(frozen=True, eq=False)
class Reading:
    """What was read, crop by crop.

    Attributes:
        texts: (N,) objects.
        confidences: (N,) float32.
        steps: (N,) objects, the `ctc.Steps` that say so.
    """

    texts: NDArray[np.object_]
    confidences: FloatArray
    steps: NDArray[np.object_]

    def with_lines(self, lines: Indices, others: "Reading") -> "Reading":
        """The same with others in the place of some lines, (n,) indices."""
        texts, confidences, steps = self.texts.copy(), self.confidences.copy(), self.steps.copy()
        texts[lines], confidences[lines], steps[lines] = others.texts, others.confidences, others.steps
        return Reading(texts, confidences, steps)

    def of(self, lines: Indices) -> "Reading":
        """Some of the lines, (n,) indices, in their order."""
        return Reading(self.texts[lines], self.confidences[lines], self.steps[lines])


@dataclasses.dataclass(frozen=True, eq=False)
class Lines:
    """A page's lines in reading order.

    Attributes:
        reading: What they say, N lines.
        quads: (N, 4, 2) float32, pixels, clockwise from the text's top-left corner.
        scores: (N,) float32.
        blocks: (N,) int32, the number of each line's block; none less than the one before.
        places: (N,) indices of their crops in the strip.
        turned: (N,) bool, whether these crops were turned by half to be read so.
        angle: Degrees counter-clockwise by which the page must be turned to stand upright: 0, 90, 180 or 270.
    """

    reading: Reading
    quads: FloatArray
    scores: FloatArray
    blocks: IntArray
    places: Indices
    turned: NDArray[np.bool_]
    angle: int


# Crops, as `crops.cut` gives them, and their widths → what they say.
Recognize = Callable[[RgbArray, IntArray], Reading]

# Batches for the recognizer, by the name of its input → its outputs `indices` and `confidences` for each.
Send = Callable[[Sequence[Mapping[str, RgbArray]]], Sequence[Sequence[NDArray[Any]]]]


@dataclasses.dataclass(frozen=True)
class OtherWay:
    """What lines say when they are read the other way; (n,) indices → n readings.

    Attributes:
        glimpse: Of a part of each.
        read: Of the whole.
    """

    glimpse: Callable[[Indices], Reading]
    read: Callable[[Indices], Reading]

    @classmethod
    def of(cls, strip: RgbArray, widths: IntArray, recognize: Recognize) -> "OtherWay":
        """Of crops side by side, given their widths, and what reads them."""

        def read(lines: Indices, most_px: int | None = None) -> Reading:
            return recognize(*crops.turned_by_half(strip, widths, lines, most_px))

        return cls(partial(read, most_px=GLIMPSE_PX), read)


def recognize(
    recognizer: Recognizer, send: Send, strip: RgbArray, widths: IntArray, limits: batching.Limits
) -> Reading:
    """Read crops as they lie.

    Args:
        recognizer: What it takes and gives.
        send: Has it read batches.
        strip: (height, sum of widths, 3) uint8, the crops side by side.
        widths: (N,) int32, pixels.
        limits: Of a batch.
    """
    calls, batches = batching.pack(strip, widths, recognizer, limits)
    outputs = send([{"crops": batch} for batch in batches])
    texts, confidences = ctc.decode_calls(calls, outputs, recognizer.characters)
    confidences = np.where(texts == "", 0, confidences).astype(np.float32)  # blank paper is sure to be blank
    return Reading(texts, confidences, ctc.steps(calls, batches, outputs))


def read(
    strip: RgbArray,
    widths: IntArray,
    quads: FloatArray,
    scores: FloatArray,
    blocks: IntArray,
    recognize: Recognize,
    options: Options,
    overhang: float = 0.0,
) -> Lines:
    """Read a page's lines, each in the direction in which it makes sense.

    Args:
        strip: (height, sum of widths, 3) uint8, the crops side by side.
        widths: (N,) int32, pixels.
        quads: (N, 4, 2) float32, pixels, clockwise from where the text's top-left corner was taken to be, in the order
            of a page that lies as they say and runs from left to right.
        scores: (N,) float32.
        blocks: (N,) int32, as `order_and_blocks` gives them.
        recognize: Called once for all lines, and again for those that are tried the other way.
        options: `orientation` applies.
        overhang: Of the quads, as `reading_order` takes it.
    """
    reading, places, turned = recognize(strip, widths), np.arange(len(widths)), np.zeros(len(widths), bool)
    seeming = angle = 0
    if options.orientation != "off":
        seeming = orientation.of_text(quads) if options.orientation == "auto" else int(options.orientation)
        other = OtherWay.of(strip, widths, recognize)
        reading, turned = _directed(reading, widths, quads, scores, seeming, other, options)
        quads = np.where(turned[:, None, None], orientation.turn_text_by_half(quads), quads)
        angle = _angle(reading, quads) if options.orientation == "auto" else seeming
    right_to_left = bidi.is_right_to_left(reading.texts)
    if angle != seeming or right_to_left:
        upright = orientation.turn(quads, angle)
        places, blocks = order_and_blocks(upright, overhang, right_to_left=right_to_left)
    return Lines(reading.of(places), quads[places], scores[places], blocks, places, turned[places], angle)


def _directed(
    reading: Reading,
    widths: IntArray,
    quads: FloatArray,
    scores: FloatArray,
    seeming: int,
    other: OtherWay,
    options: Options,
) -> tuple[Reading, NDArray[np.bool_]]:
    """What lines say in the direction in which they make sense, and which were turned by half for that: (N,) bool."""
    turn_page, sideways = False, orientation.is_sideways(seeming)
    if options.orientation == "auto" and (others := _on_its_head(reading, widths, other, sideways=sideways)):
        turn_page, reading, other = True, others, OtherWay(reading.of, reading.of)
    tried = np.flatnonzero(_may_run_against(reading, quads, seeming) & (scores >= MIN_SCORE))
    reading, turn_lines = _turn_lines(reading, tried, other)
    return reading, turn_lines ^ turn_page


def _angle(reading: Reading, quads: FloatArray) -> int:
    """The angle of a page: small boxes may have told another axis than the text in the large ones."""
    sure = reading.confidences >= SURE
    return orientation.of_text(quads[sure] if sure.any() else quads)


def _on_its_head(reading: Reading, widths: IntArray, other: OtherWay, *, sideways: bool) -> Reading | None:
    """What a page's lines say the other way, if it stands on its head; tried only if hardly one is surely read."""
    telling = _is_telling(reading)
    sure = telling & (reading.confidences >= SURE)
    if len(widths) == 0 or sure.sum() > MIN_SURE_SHARE * telling.sum():
        return None
    widest, rest = np.split(np.argsort(-widths, kind="stable"), [PROBES])
    if not sideways and not len(_promising(reading, widest, other)):
        return None
    others = other.read(widest)
    telling = _is_telling(others)
    surer, confidence = others.confidences[telling], reading.confidences[widest][telling]
    if not len(surer) or surer.mean() < (confidence.mean() if sideways else max(confidence.mean() + MARGIN, UNSURE)):
        return None
    reading = reading.with_lines(widest, others)
    return reading.with_lines(rest, other.read(rest)) if len(rest) else reading


def _turn_lines(reading: Reading, tried: Indices, other: OtherWay) -> tuple[Reading, NDArray[np.bool_]]:
    """Try some lines the other way; which were turned: (N,) bool."""
    turned = np.zeros(len(reading.texts), bool)
    if len(tried):
        tried = _promising(reading, tried, other)
    if len(tried):
        others = other.read(tried)
        surer = others.confidences > reading.confidences[tried] + MARGIN
        turned[tried[surer]] = True
        reading = reading.with_lines(tried[surer], others.of(np.flatnonzero(surer)))
    return reading, turned


def _promising(reading: Reading, lines: Indices, other: OtherWay) -> Indices:
    """Those of some lines, (n,) indices, that look surer the other way at a glimpse."""
    return lines[other.glimpse(lines).confidences > np.maximum(reading.confidences[lines], PROMISING)]


def _may_run_against(reading: Reading, quads: FloatArray, angle: int) -> NDArray[np.bool_]:
    """Which lines are worth a second reading: (N,) bool."""
    lengths, heights = edge_lengths(quads)
    long = (lengths >= MIN_ASPECT * heights) & (reading.texts != "")
    across, letters = orientation.is_across(quads, angle), ctc.letters(reading.texts)
    telling = letters >= MIN_LETTERS
    doubtful = long & ~across & telling & (reading.confidences < DOUBTFUL)
    sparse = long & ~across & ~doubtful & (letters * heights < MIN_LETTERS_A_HEIGHT * lengths)
    alone = lengths >= MIN_LONE_ASPECT * heights
    sure = int((telling & (reading.confidences >= SURE)).sum())
    along = _standing_out(doubtful, alone, sure) | _standing_out(sparse, alone, sure)
    return np.asarray(along | (long & across & (reading.confidences < SURE)))


def _standing_out(along: NDArray[np.bool_], alone: NDArray[np.bool_], sure: int) -> NDArray[np.bool_]:
    """The same lines, (N,) bool, if they stand out from so many that are sure; else none.

    Args:
        along: Lines that run along the page.
        alone: Which would do so as the only one.
        sure: How many lines are surely read.
    """
    count = along.sum()
    stands_out = count <= MAX_DOUBTFUL_SHARE * sure or (count == 1 and sure >= MIN_SURE and bool(alone[along].all()))
    return along if stands_out else np.zeros(len(along), bool)


def _is_telling(reading: Reading) -> NDArray[np.bool_]:
    """Which lines have enough letters to look wrong upside down: (N,) bool."""
    return ctc.letters(reading.texts) >= MIN_LETTERS
