"""A detector's maps → the page's lines of text, in reading order."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocr_core import db, east, image, orientation, pieces, quads
from ocr_core.borders import check_lines
from ocr_core.detector import Detector
from ocr_core.options import Options
from ocr_core.pixels import RgbArray
from ocr_core.quads import FloatArray
from ocr_core.reading_order import order_and_blocks

# A page is taken as turned by half if its lines are together so much longer then: little is missed of most that stand
# on their heads, and as much is seen of upright ones in scripts that look as if they did.
LONGER = 1.05

# Batches for the detector, by the name of its input → its output `maps` for each.
Send = Callable[[Sequence[Mapping[str, RgbArray]]], Sequence[Sequence[FloatArray]]]


class Found(NamedTuple):
    """The lines of text on a page, in reading order.

    Attributes:
        quads: (N, 4, 2) float32, page pixels, clockwise from the top-left corner in reading direction.
        scores: (N,) float32 in [0, 1].
        bends: (N, 2) float32, page pixels, as in `arcs`.
        blocks: (N,) int32, the number of each line's block; none less than the one before.
        overhang: `Detector.overhang`, for the step that may turn the page and order it anew.
        angle: By which the page was turned for this order: 0, 90, 180 or 270.
    """

    quads: FloatArray
    scores: FloatArray
    bends: FloatArray
    blocks: NDArray[np.int32]
    overhang: float
    angle: int

    def outputs(self, page_size: tuple[int, int], image_size: tuple[int, int]) -> dict[str, NDArray[Any]]:
        """What the step says of the lines, in pixels of the image.

        Args:
            page_size: (height, width) of the page, whose pixels the quads are in.
            image_size: (height, width) of the image that it was reduced from.
        """
        return {
            "quads": quads.scale(self.quads, page_size, image_size),
            "quad_scores": self.scores,
            "bends": np.asarray(quads.stretch(self.bends, page_size, image_size), np.float32),
            "blocks": self.blocks,
            "overhang": np.array([self.overhang], np.float32),
        }


class _Boxes(NamedTuple):
    """Boxes as a decoder finds them, corners from any on; the fields are those of `Found`."""

    quads: FloatArray
    scores: FloatArray
    bends: FloatArray


def decode(
    maps: FloatArray, page_size: tuple[int, int], detector: Detector, options: Options
) -> tuple[FloatArray, FloatArray]:
    """Quads and scores of `find`."""
    return find(maps, page_size, detector, options)[:2]


def find(maps: FloatArray, page_size: tuple[int, int], detector: Detector, options: Options) -> Found:
    """Find the lines of text, or the words if the detector tells words, on one page.

    Args:
        maps: (channels, height, width) float32, as the detector's decoder takes them.
        page_size: (height, width) of the page in pixels; the maps cover the whole of it.
        detector: Decoder, stride, and thresholds of a request that asks for nothing else.
        options: Thresholds that the request asks for, and how the page lies.

    Raises:
        BadImage: More lines are found than a page can have.
        ModelMismatch: The maps are another family's.
    """
    detector = detector.with_options(options)
    boxes = _boxes(maps, page_size, detector)
    return _in_order(boxes, detector, orientation.of_boxes(boxes.quads, boxes.scores, options))


def find_on(page: RgbArray, maps: FloatArray, detector: Detector, options: Options, send: Send) -> Found:
    """`find`, and if the page may not stand upright, what there is to find once it has been turned, where that is more.

    Detectors miss a part of text that stands upright, and small text on its head, or take letters below each other for
    a line. So they see most of a page that stands upright.

    Args:
        page: (height, width, 3) uint8.
        maps: As for `find`.
        detector: Likewise.
        options: Likewise.
        send: Has the detector look at batches; only called for such a page.

    Raises:
        BadImage: As `find`.
        ModelMismatch: Likewise.
    """
    detector = detector.with_options(options)
    boxes = _boxes(maps, image.size(page), detector)
    looks = [(boxes, 0)]
    if angles := orientation.turns_to_try(boxes.quads, boxes.scores, options):
        looks += _look_again(page, angles, detector, send)
    boxes, turn = max(looks, key=lambda look: _amount(look[0]))
    angle = orientation.of_boxes(boxes.quads, boxes.scores, options)
    return _in_order(boxes, detector, turn or angle if orientation.is_sideways(angle) else angle)


def find_turned_by_half(page: RgbArray, found: Found, detector: Detector, options: Options, send: Send) -> Found:
    """What there is to find on a page once it has been turned by half, if lines are longer; else what was found so far.

    Args:
        page: As for `find_on`.
        found: On it, as it lies or turned by `found.angle`.
        detector: As for `find_on`.
        options: Likewise.
        send: Likewise.

    Raises:
        BadImage: As `find_on`.
        ModelMismatch: Likewise.
    """
    detector = detector.with_options(options)
    angle = (found.angle + 2 * orientation.QUARTER) % (4 * orientation.QUARTER)
    ((boxes, _),) = _look_again(page, (angle,), detector, send)
    turned = _in_order(boxes, detector, angle)
    return turned if _length(turned) > LONGER * _length(found) else found


def _look_again(page: RgbArray, angles: Sequence[int], detector: Detector, send: Send) -> Iterator[tuple[_Boxes, int]]:
    """The boxes of a page, turned by each of these angles, where they lie on the page as it came; and the angle."""
    turned = [np.ascontiguousarray(np.rot90(page, angle // orientation.QUARTER)) for angle in angles]
    answers = send([{"image": image.fit_to_detector(each, detector)[None]} for each in turned])
    for angle, each, ((maps,),) in zip(angles, turned, answers, strict=True):
        found, scores, bends = _boxes(maps, image.size(each), detector)
        back = orientation.turn_back(found, angle, image.size(page))
        yield _Boxes(back, scores, orientation.turn(bends, -angle)), angle


def _boxes(maps: FloatArray, page_size: tuple[int, int], detector: Detector) -> _Boxes:
    detector.check(maps)
    found = _Boxes(*(db.decode(maps[0], detector) if detector.decoder == "db" else east.decode(maps, detector)))
    _, height, width = maps.shape
    check_lines(len(found.scores))
    seen = height * detector.map_stride_px, width * detector.map_stride_px
    bends = np.asarray(quads.stretch(found.bends, seen, page_size), np.float32)
    return _Boxes(quads.scale(found.quads, seen, page_size), found.scores, bends)


def _amount(boxes: _Boxes) -> float:
    """How much text boxes hold: their lengths in heights, each by its score."""
    lengths = np.stack(quads.edge_lengths(boxes.quads))
    return float(np.sum(boxes.scores * lengths.max(axis=0) / np.maximum(lengths.min(axis=0), 1)))


def _length(found: Found) -> float:
    return float(quads.edge_lengths(found.quads)[0].sum())


def _in_order(boxes: _Boxes, detector: Detector, angle: int) -> Found:
    """Boxes on a page of this angle, in reading direction and order."""
    upright = quads.turn_to_reading_direction(orientation.turn(boxes.quads, angle))
    upright, scores, firsts = pieces.join(upright, boxes.scores)
    order, blocks = order_and_blocks(upright, detector.overhang)
    in_order = orientation.turn(upright[order], -angle)
    return Found(in_order, scores[order], boxes.bends[firsts][order], blocks, detector.overhang, angle)
