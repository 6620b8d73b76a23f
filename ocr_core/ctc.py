"""Text from what a CTC recognizer says per time step (Graves et al. 2006, section 3.2: best path decoding)."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_core.options import Options
from ocr_core.quads import FloatArray

BLANK = 0
# The exporter favours the space (SPACE_BIAS in export/ppocr.py). One below this confidence is there only for that …
SURE_SPACE = 0.92
# … and does not belong inside a number: 1, 280 or 3. 14, but not May 1, 2024.
INSIDE_NUMBER = re.compile(r"(?<=\d,) (?=\d{3}(?!\d))|(?<=\d\.) (?=\d{1,3}(?!\d))")


def decode(
    indices: NDArray[np.int32], confidences: FloatArray, characters: Sequence[str]
) -> tuple[list[str], FloatArray]:
    """Collapse repeats, drop blanks, and join what is left.

    Args:
        indices: (N, T) int32, the most probable class per time step.
        confidences: (N, T) float32 in [0, 1], its probability.
        characters: Entry i is class i; class 0 is the blank.

    Returns:
        N texts without surrounding white space, and (N,) float32: the mean probability of the time steps that
        gave a character, 0 where none did.

    >>> decode(np.int32([[2, 2, 0, 2, 1]]), np.float32([[.5, .1, .9, .25, .75]]), ["", "a", "b"])
    (['bba'], array([0.5], dtype=float32))
    """
    previous = np.pad(indices, ((0, 0), (1, 0)), constant_values=BLANK)[:, :-1]
    kept = (indices != BLANK) & (indices != previous)
    counts = kept.sum(axis=1)
    means = np.where(kept, confidences, 0).sum(axis=1) / np.maximum(counts, 1)
    texts = [
        _join([characters[i] for i in row[keep]], sure[keep])
        for row, keep, sure in zip(indices, kept, confidences, strict=True)
    ]
    return texts, means.astype(np.float32)


def _join(letters: Sequence[str], confidences: FloatArray) -> str:
    """A line's characters without white space around them, and without doubtful spaces inside numbers."""
    text = "".join(letters)
    if len(text) == len(letters):  # each is one character, so that places in the text are places in the line
        doubtful = {match.start() for match in INSIDE_NUMBER.finditer(text) if confidences[match.start()] < SURE_SPACE}
        text = "".join(letter for place, letter in enumerate(letters) if place not in doubtful) if doubtful else text
    return text.strip()


def decode_calls(
    calls: Sequence[NDArray[np.int32]], outputs: Sequence[Sequence[NDArray[Any]]], characters: Sequence[str]
) -> tuple[NDArray[np.object_], FloatArray]:
    """Decode the recognizer's answers to several calls and put the lines back into their order.

    Args:
        calls: For each call the indices of its lines, (n,) int32; together every line once.
        outputs: For each call, indices (n, T) int32 and confidences (n, T) float32.
        characters: Entry i is class i; class 0 is the blank.

    Returns:
        Texts, (N,) objects, and confidences, (N,) float32, in the order of the lines.
    """
    count = sum(len(call) for call in calls)
    texts, confidences = np.empty(count, object), np.zeros(count, np.float32)
    for call, (indices, step_confidences) in zip(calls, outputs, strict=True):
        texts[call], confidences[call] = decode(indices, step_confidences, characters)
    return texts, confidences


def is_readable(texts: NDArray[np.object_], confidences: FloatArray, options: Options) -> NDArray[np.bool_]:
    """Which lines have a text at all, read with at least the confidence asked for: (N,) bool."""
    return np.asarray((texts != "") & (confidences >= options.min_confidence))
