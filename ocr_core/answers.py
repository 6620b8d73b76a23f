"""What the last step answers: the lines that could be read, the boxes of the others, and what is known of the page."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_core import metrics, orientation, timings, unread, words
from ocr_core.crops import IntArray, split
from ocr_core.options import Options
from ocr_core.pixels import RgbArray
from ocr_core.quads import FloatArray
from ocr_core.reading import Lines
from ocr_core.rows import Indices
from ocr_core.timings import Moments


def of_page(
    lines: Lines,
    strip: RgbArray,
    widths: IntArray,
    characters: Sequence[str],
    options: Options,
    *,
    detected_bends: FloatArray,
    read_size: IntArray,
    read_scale: FloatArray,
    moments_ns: Moments,
) -> dict[str, NDArray[Any]]:
    """The outputs of the last step.

    Args:
        lines: What was found and read, N lines.
        strip: (height, sum of widths, 3) uint8, the crops side by side as they came.
        widths: (N,) int32, pixels.
        characters: Entry i is the recognizer's class i.
        options: `min_confidence`, `words`, `characters` and `timings` apply.
        detected_bends: (N, 2) float32, of the lines whose crops these are, pixels, as in `arcs`.
        read_size: (2,) int32, height and width of the image; passes through.
        read_scale: (1,) float32, pixels of the detector's input for one of the image; passes through.
        moments_ns: (4,) int64, as `timings.outputs` takes them.
    """
    read_ns = time.monotonic_ns()
    texts, confidences, quads = lines.reading.texts, lines.reading.confidences, lines.quads
    cut = split(strip, widths)
    crops = [cut[place] for place in lines.places]
    reasons = unread.reasons(texts, confidences, crops, options)
    kept = reasons == ""
    told = {
        "texts": texts[kept],
        "text_confidences": confidences[kept],
        "quads": quads[kept],
        "quad_scores": lines.scores[kept],
        "unread_quads": quads[~kept],
        "unread_reasons": reasons[~kept],
        "blocks": _renumbered(lines.blocks[kept]),
        "image_size": read_size,
        "detector_scale": read_scale,
        "page_angle": np.array([lines.angle], np.int32),
        "page_skew": np.array([orientation.skew(quads, lines.angle)], np.float32),
        "page_confidence": np.array([confidences.mean() if len(confidences) else 0], np.float32),
    }
    metrics.note(metrics.LINES_READ, int(kept.sum()))
    if len(confidences):
        metrics.note(metrics.CONFIDENCE, float(confidences.mean()))
    told |= words.outputs(_seen(lines, crops, detected_bends, np.flatnonzero(kept)), characters, options)
    return told | timings.outputs(moments_ns, read_ns, options)


def _seen(lines: Lines, crops: Sequence[RgbArray], bends: FloatArray, kept: Indices) -> Iterator[words.Seen]:
    """Some of the lines, (n,) indices, as the recognizer saw them."""
    for line in kept:
        turned = bool(lines.turned[line])
        crop = np.ascontiguousarray(crops[line][::-1, ::-1]) if turned else crops[line]
        yield words.Seen(lines.reading.steps[line], crop, lines.quads[line], bends[lines.places[line]], turned)


def _renumbered(blocks: IntArray) -> IntArray:
    """Numbers from 0 in the order of the lines; a block without lines that were read is not counted."""
    return np.append(np.zeros(len(blocks[:1])), np.cumsum(np.diff(blocks) != 0)).astype(np.int32)
