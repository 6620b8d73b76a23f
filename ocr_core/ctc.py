"""Text from what a CTC recognizer says per time step (Graves et al. 2006, section 3.2: best path decoding).

The time steps go from left to right, text in the order of reading: see `bidi` for Arabic and the like.
"""

import dataclasses
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_core import bidi
from ocr_core.options import Options
from ocr_core.pixels import RgbArray
from ocr_core.quads import FloatArray

BLANK = 0
# The exporter favours the space (SPACE_BIAS in export/ppocr.py). One below this confidence is there only for that …
SURE_SPACE = 0.92
# … and does not belong inside a number, 1, 280 or 3. 14, but not May 1, 2024; nor into an address, me@ example.org.
UNPARTED = re.compile(r"(?<=\d,) (?=\d{3}(?!\d))|(?<=\d\.) (?=\d{1,3}(?!\d))|(?<=\w@) (?=[^\W\d])|(?<=www\.) (?=\w)")


@dataclasses.dataclass(frozen=True, eq=False, slots=True)
class Steps:
    """What a recognizer says of one line, time step by time step.

    Attributes:
        indices: (T,) int32, the most probable class.
        confidences: (T,) float32, its probability.
        step_px: How much of the crop's width a step stands for, in pixels.
    """

    indices: NDArray[np.int32]
    confidences: FloatArray
    step_px: float


@dataclasses.dataclass(frozen=True, slots=True)
class Character:
    """One character of a line, as the recognizer saw it.

    Attributes:
        text: The character, with the combining marks that follow it.
        centre_px: The middle of its time steps, in pixels of the crop along the line.
        confidence: Its probability, 0 … 1.
    """

    text: str
    centre_px: float
    confidence: float


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
    count, steps = indices.shape
    return _decode(indices.ravel(), confidences.ravel(), np.full(count, steps), characters)


def _decode(
    indices: NDArray[np.int32], confidences: FloatArray, lengths: NDArray[np.intp], characters: Sequence[str]
) -> tuple[list[str], FloatArray]:
    """As `decode`, of lines of any lengths, (N,), whose time steps follow each other: (S,) each."""
    lines = np.repeat(np.arange(len(lengths)), lengths)
    is_first = (np.diff(indices, prepend=BLANK) != 0) | (np.diff(lines, prepend=-1) != 0)
    kept = np.flatnonzero(is_first & (indices != BLANK))
    counts = np.bincount(lines[kept], minlength=len(lengths))
    sure = confidences[kept]
    means = np.bincount(lines[kept], sure, minlength=len(lengths)) / np.maximum(counts, 1)
    letters = [characters[index] for index in indices[kept].tolist()]
    ends = np.cumsum(counts)
    bounds = zip((ends - counts).tolist(), ends.tolist(), strict=True)
    return [_join(letters[start:end], sure[start:end]) for start, end in bounds], means.astype(np.float32)


def _join(letters: Sequence[str], confidences: FloatArray) -> str:
    """A line's text without white space around it, and without doubtful spaces inside numbers and addresses."""
    doubtful = _doubtful_spaces(letters, confidences)
    kept = (letter for place, letter in enumerate(letters) if place not in doubtful) if doubtful else letters
    return bidi.logical("".join(kept)).strip()


def _doubtful_spaces(letters: Sequence[str], confidences: FloatArray) -> set[int]:
    """The places of doubtful spaces inside numbers and addresses."""
    text = "".join(letters)
    if len(text) != len(letters):  # only if each is one character, places in the text are places in the line
        return set()
    return {match.start() for match in UNPARTED.finditer(text) if confidences[match.start()] < SURE_SPACE}


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
    order = np.concatenate([np.zeros(0, np.intp), *calls])
    texts, confidences = np.empty(len(order), object), np.zeros(len(order), np.float32)
    if outputs:
        indices, sure = (np.concatenate([output.ravel() for output in each]) for each in zip(*outputs, strict=True))
        lengths = np.concatenate([np.full(len(output), output.shape[1]) for output, _ in outputs])
        texts[order], confidences[order] = _decode(indices, sure, lengths, characters)
    return texts, confidences


def steps(
    calls: Sequence[NDArray[np.int32]], batches: Sequence[RgbArray], outputs: Sequence[Sequence[NDArray[Any]]]
) -> NDArray[np.object_]:
    """Put what the recognizer says of each line back into the order of the lines.

    Args:
        calls: As for `decode_calls`.
        batches: For each call its crops, (n, height, width, 3) uint8; the time steps are spread evenly over
            their width.
        outputs: As for `decode_calls`.

    Returns:
        (N,) objects: `Steps`.
    """
    lines = np.empty(sum(len(call) for call in calls), object)
    for call, batch, rows in zip(calls, batches, outputs, strict=True):
        step_px = batch.shape[2] / max(rows[0].shape[1], 1)
        for line, indices, confidences in zip(call, *rows, strict=True):
            lines[line] = Steps(indices, confidences, step_px)
    return lines


def align(steps: Steps, characters: Sequence[str]) -> list[Character]:
    """Tell where in its crop each character of a line was seen.

    Each run of one class but the blank is a character; its first step has the probability that counts.

    Args:
        steps: Of the line.
        characters: Entry i is class i; class 0 is the blank.

    Returns:
        The characters of the text that `decode` gives, in its order, spaces among them.
    """
    bounds = np.flatnonzero(np.diff(steps.indices, prepend=-1, append=-1))
    runs = np.stack([bounds[:-1], bounds[1:]], axis=1)[steps.indices[bounds[:-1]] != BLANK]
    letters = [characters[index] for index in steps.indices[runs[:, 0]]]
    confidences, centres = steps.confidences[runs[:, 0]], runs.mean(axis=1) * steps.step_px
    doubtful = _doubtful_spaces(letters, confidences)
    seen = zip(letters, centres.tolist(), confidences.tolist(), strict=True)
    kept = [Character(*each) for place, each in enumerate(seen) if place not in doubtful]
    return _stripped(_combined(_in_order(kept)))


def _in_order(line: list[Character]) -> list[Character]:
    """Characters from left to right, in the order in which they are read."""
    texts = [character.text for character in line]
    if not bidi.is_mixed("".join(texts)):
        return line
    return [dataclasses.replace(line[place], text=text) for place, text in bidi.in_order(texts)]


def _combined(seen: Iterable[Character]) -> list[Character]:
    """Each character with the combining marks that follow it."""
    combined: list[Character] = []
    for character in seen:
        if unicodedata.combining(character.text[0]) and combined and not combined[-1].text.isspace():
            combined[-1] = dataclasses.replace(combined[-1], text=combined[-1].text + character.text)
        else:
            combined.append(character)
    return combined


def _stripped(aligned: list[Character]) -> list[Character]:
    """Without spaces at either end, as the text is."""
    inked = [number for number, character in enumerate(aligned) if not character.text.isspace()]
    return aligned[inked[0] : inked[-1] + 1] if inked else []


def letters(texts: NDArray[np.object_]) -> NDArray[np.int32]:
    """How many characters beside spaces each line has: (N,)."""
    return np.array([len(text.replace(" ", "")) for text in texts], np.int32)


def is_readable(texts: NDArray[np.object_], confidences: FloatArray, options: Options) -> NDArray[np.bool_]:
    """Which lines have a text at all, read with at least the confidence asked for: (N,) bool."""
    return np.asarray((texts != "") & (confidences >= options.min_confidence))
