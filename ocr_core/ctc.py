"""Text from what a CTC recognizer says per time step (Graves et al. 2006, section 3.2: best path decoding)."""

import dataclasses
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_core.options import Options
from ocr_core.pixels import RgbArray
from ocr_core.quads import FloatArray

BLANK = 0
# What a recognizer gives, (N, T) each.
OUTPUTS = ("indices", "confidences")


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
    previous = np.pad(indices, ((0, 0), (1, 0)), constant_values=BLANK)[:, :-1]
    kept = (indices != BLANK) & (indices != previous)
    counts = kept.sum(axis=1)
    means = np.where(kept, confidences, 0).sum(axis=1) / np.maximum(counts, 1)
    texts = ["".join(characters[i] for i in row[keep]) for row, keep in zip(indices, kept, strict=True)]
    return [text.strip() for text in texts], means.astype(np.float32)


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


def align(
    calls: Sequence[NDArray[np.int32]],
    batches: Sequence[RgbArray],
    outputs: Sequence[Sequence[NDArray[Any]]],
    characters: Sequence[str],
) -> list[list[Character]]:
    """Tell where in its crop each character of the lines was seen.

    Args:
        calls: As for `decode_calls`.
        batches: For each call its crops, (n, height, width, 3) uint8; the time steps are spread evenly over
            their width.
        outputs: As for `decode_calls`.
        characters: Likewise.

    Returns:
        For each line the characters of the text that `decode_calls` gives, spaces among them.
    """
    lines: list[list[Character]] = [[] for _ in range(sum(map(len, calls)))]
    for call, batch, (indices, confidences) in zip(calls, batches, outputs, strict=True):
        step_px = batch.shape[2] / max(indices.shape[1], 1)
        for line, row, row_confidences in zip(call, indices, confidences, strict=True):
            lines[line] = _stripped(_align_line(row, row_confidences, characters, step_px))
    return lines


def _align_line(
    indices: NDArray[np.int32], confidences: FloatArray, characters: Sequence[str], step_px: float
) -> list[Character]:
    """Each run of one class but the blank is a character; its first step has the probability that counts."""
    bounds = np.flatnonzero(np.diff(indices, prepend=-1, append=-1))
    runs = np.stack([bounds[:-1], bounds[1:]], axis=1)[indices[bounds[:-1]] != BLANK]
    firsts = indices[runs[:, 0]].tolist(), runs.mean(axis=1).tolist(), confidences[runs[:, 0]].tolist()
    aligned: list[Character] = []
    for index, centre, confidence in zip(*firsts, strict=True):
        text = characters[index]
        if unicodedata.combining(text[0]) and aligned and not aligned[-1].text.isspace():
            aligned[-1] = dataclasses.replace(aligned[-1], text=aligned[-1].text + text)
        else:
            aligned.append(Character(text, centre * step_px, confidence))
    return aligned


def _stripped(aligned: list[Character]) -> list[Character]:
    """Without spaces at either end, as the text is."""
    inked = [number for number, character in enumerate(aligned) if not character.text.isspace()]
    return aligned[inked[0] : inked[-1] + 1] if inked else []


def outputs(
    texts: NDArray[np.object_], confidences: FloatArray, quads: FloatArray, scores: FloatArray, options: Options
) -> dict[str, NDArray[Any]]:
    """What the last step gives: the lines that could be read, and the boxes of the others.

    Args:
        texts: (N,) objects.
        confidences: (N,) float32.
        quads: (N, 4, 2) float32.
        scores: (N,) float32.
        options: `min_confidence` applies.
    """
    kept = is_readable(texts, confidences, options)
    return {
        "texts": texts[kept],
        "text_confidences": confidences[kept],
        "quads": quads[kept],
        "quad_scores": scores[kept],
        "unread_quads": quads[~kept],
    }


def is_readable(texts: NDArray[np.object_], confidences: FloatArray, options: Options) -> NDArray[np.bool_]:
    """Which lines have a text at all, read with at least the confidence asked for: (N,) bool."""
    return np.asarray((texts != "") & (confidences >= options.min_confidence))
