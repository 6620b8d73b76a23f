"""How well boxes of words lie on the true ones."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.drawn_words import TrueWord
from ocr_client.results import Quad, Word

# Words of the same text that are further apart than this, in heights of the true one, are two words.
FAR = 3


@dataclass(frozen=True, slots=True)
class BoxScore:
    """How well the words of a set were found.

    Attributes:
        name: Of the set.
        words: How many there are.
        matched: How many of them were read letter for letter; the two means are of these.
        iou: Mean of the intersection of the read box and the true one over their union.
        overlap: The same along the line only: of the two stretches of the line that the word takes.
    """

    name: str
    words: int
    matched: int
    iou: float
    overlap: float


def score(name: str, pages: Iterable[tuple[Sequence[Word], Sequence[TrueWord]]]) -> BoxScore:
    """Compare the words read on each page with those that are there."""
    count, found = 0, []
    for read, truth in pages:
        count += len(truth)
        found += [(iou(word.quad, true.quad), overlap(word.quad, true.quad)) for word, true in match(read, truth)]
    means = np.mean(found, axis=0) if found else np.zeros(2)
    return BoxScore(name, count, len(found), *means.tolist())


def match(read: Sequence[Word], truth: Sequence[TrueWord]) -> list[tuple[Word, TrueWord]]:
    """Pairs of words with the same text, the nearest ones first, each word once."""
    by_text = defaultdict(list)
    for number, true in enumerate(truth):
        by_text[true.text].append(number)
    near = sorted(
        (distance, i, j)
        for i, word in enumerate(read)
        for j in by_text[word.text]
        if (distance := _distance(word.quad, truth[j].quad)) < FAR
    )
    pairs: dict[int, int] = {}
    for _, i, j in near:
        if i not in pairs and j not in pairs.values():
            pairs[i] = j
    return [(read[i], truth[j]) for i, j in pairs.items()]


def _distance(one: Quad, true: Quad) -> float:
    corners = np.array(true)
    height = float(np.linalg.norm(corners[3] - corners[0]))
    return float(np.linalg.norm(np.mean(one, axis=0) - corners.mean(axis=0))) / max(height, 1.0)


def iou(one: Quad, other: Quad) -> float:
    """Intersection over union of two convex quads, 0 … 1."""
    polygons = np.array([one, other], np.float32)
    shared, _ = cv2.intersectConvexConvex(polygons[0], polygons[1])
    union = cv2.contourArea(polygons[0]) + cv2.contourArea(polygons[1]) - shared
    return shared / union if union else 0.0


def overlap(one: Quad, true: Quad) -> float:
    """Intersection over union of the stretches that two quads take of the line of the second one, 0 … 1.

    >>> overlap(((0, 0), (6, 0), (6, 9), (0, 9)), ((3, 0), (9, 0), (9, 2), (3, 2)))
    0.333...
    """
    first, second = (_stretch(np.array(quad), np.array(true)) for quad in (one, true))
    shared = min(first[1], second[1]) - max(first[0], second[0])
    return max(0.0, shared) / max(max(first[1], second[1]) - min(first[0], second[0]), 1e-9)


def _stretch(quad: NDArray[np.float64], true: NDArray[np.float64]) -> tuple[float, float]:
    """Where along the true line a quad starts and ends."""
    along = true[1] - true[0] + true[2] - true[3]
    places = quad @ along / max(float(np.linalg.norm(along)), 1e-9)
    return float(places[[0, 3]].mean()), float(places[[1, 2]].mean())
