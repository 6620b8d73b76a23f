"""Token F1: which words of a page were read, whatever their order and however they are grouped to lines."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ocr_client.results import Line, Quad

TOKEN = re.compile(r"[^\W_]+")  # a run of letters and digits of any script


@dataclass(frozen=True, slots=True)
class Counts:
    """Tokens counted; the sum over images gives micro-averages.

    Attributes:
        matched: Both read and labelled.
        read: Read by the server.
        labelled: Truly there.
    """

    matched: int = 0
    read: int = 0
    labelled: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.matched + other.matched, self.read + other.read, self.labelled + other.labelled)

    @property
    def precision(self) -> float:
        """Share of the read tokens that is right; 1 if nothing was read."""
        return self.matched / self.read if self.read else 1.0

    @property
    def recall(self) -> float:
        """Share of the labelled tokens that was read; 1 if there are none."""
        return self.matched / self.labelled if self.labelled else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 1 if there was nothing to read and nothing was read."""
        total = self.read + self.labelled
        return 2 * self.matched / total if total else 1.0


def tokens(texts: Iterable[str]) -> Counter[str]:
    """Count the tokens: runs of letters and digits, upper and lower case alike.

    >>> sorted(tokens(["Total: 12.50", "TOTAL"]).items())
    [('12', 1), ('50', 1), ('total', 2)]
    """
    return Counter(token for text in texts for token in TOKEN.findall(text.lower()))


def compare(read: Iterable[str], labelled: Iterable[str]) -> Counts:
    """Compare two sets of texts as multisets of tokens."""
    found, truth = tokens(read), tokens(labelled)
    return Counts((found & truth).total(), found.total(), truth.total())


def outside(lines: Iterable[Line], regions: Sequence[Quad]) -> list[Line]:
    """The lines whose centre lies in none of the regions (corners in pixels of the same image)."""
    polygons = [np.array(region, np.float32) for region in regions]
    return [
        line
        for line in lines
        if all(cv2.pointPolygonTest(polygon, _centre(line.quad), False) < 0 for polygon in polygons)
    ]


def _centre(quad: Quad) -> tuple[float, float]:
    x, y = np.mean(quad, axis=0).tolist()
    return x, y
