"""Servers as the simulation knows them: how fast they read, and how many requests wait inside, by the pages at hand."""

import dataclasses
import heapq
import itertools
import json
import math
import random
from collections.abc import Sequence
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Fit:
    """A server, fitted to measurements.

    Attributes:
        pages_s: Pages read in a second with 0, 1, 2, … pages in the pipeline; the last one holds for more.
        waiting: Requests in queues of its models, likewise.
        most_pages: Further pages are refused.
        spread: Standard deviation of the logarithm of a page's work, whose mean is 1.
    """

    pages_s: tuple[float, ...]
    waiting: tuple[float, ...]
    most_pages: int
    spread: float

    def work(self, chance: random.Random) -> float:
        """Of one page, in pages of mean work."""
        return chance.lognormvariate(-(self.spread**2) / 2, self.spread)


def at(values: Sequence[float], pages: int) -> float:
    """The value for so many pages.

    >>> at((0.0, 2.0), 1), at((0.0, 2.0), 9)
    (2.0, 2.0)
    """
    return values[min(pages, len(values) - 1)]


# Images a second by requests at once, and latencies of one at once: docs/measure.md, the table of perf_analyzer (HTTP,
# two cores with VNNI).
IMAGES_S: tuple[tuple[float, float], ...] = ((0, 0.0), (1, 2.18), (2, 2.53), (4, 2.40), (8, 2.40))
ONE_CLIENT = {"p50_s": 0.379, "p95_s": 1.016}
# The 95th percentile of a normal distribution.
SIGMAS = 1.645


def fit(measured: Path, most_pages: int = 8) -> Fit:
    """Fit a server of two cores to what was measured.

    Args:
        measured: What `measure.py` wrote: requests that wait, and pages read, by pages in the pipeline.
        most_pages: That the launcher lets in on two cores.

    Returns:
        The spread of a page's work is that of the latencies of one client, which waits for nobody, if their logarithms
        are distributed normally. Of looks at queues that are no run of `measure.py`, speeds and latencies are those
        of docs/measure.md.
    """
    loads = json.loads(measured.read_text(encoding="utf-8"))
    waiting = [(0.0, 0.0), *sorted((load["in_pipeline"], sum(load["waiting"].values())) for load in loads)]
    speeds, one = IMAGES_S, ONE_CLIENT
    if all("answered" in load for load in loads):
        speeds = ((0.0, 0.0), *sorted((load["in_pipeline"], load["answered"] / load["seconds"]) for load in loads))
        one = min(loads, key=lambda load: int(load["clients"]))
    pages = range(most_pages + 1)
    return Fit(
        pages_s=tuple(_interpolate(speeds, number) for number in pages),
        waiting=tuple(_interpolate(waiting, number) for number in pages),
        most_pages=most_pages,
        spread=math.log(one["p95_s"] / one["p50_s"]) / SIGMAS,
    )


def _interpolate(points: Sequence[tuple[float, float]], pages: float) -> float:
    """The value at a number of pages; beyond the last point, that of the last.

    >>> _interpolate([(0, 0.0), (2, 4.0)], 1), _interpolate([(0, 0.0), (2, 4.0)], 9)
    (2.0, 4.0)
    """
    for (left, before), (right, after) in itertools.pairwise(points):
        if left <= pages <= right and right > left:
            return before + (pages - left) / (right - left) * (after - before)
    return points[-1][1]


class Server:
    """One server: its pages share it evenly, so that each advances at the same speed.

    Args:
        fit: How it behaves.
        now_s: When it begins to serve.
    """

    def __init__(self, fit: Fit, now_s: float) -> None:
        self.fit = fit
        self.waited_s = 0.0
        self.busy_s = 0.0
        self.is_leaving = False
        self._now_s = now_s
        # Work that each page has had since the start; a page is done when this has grown by its own work.
        self._done = 0.0
        self._ends: list[tuple[float, int]] = []

    @property
    def pages(self) -> int:
        """In its pipeline."""
        return len(self._ends)

    def advance(self, now_s: float) -> None:
        """Work until now; nothing may end before that."""
        elapsed_s = now_s - self._now_s
        if self.pages:
            self._done += elapsed_s * at(self.fit.pages_s, self.pages) / self.pages
            self.waited_s += elapsed_s * at(self.fit.waiting, self.pages)
            self.busy_s += elapsed_s
        self._now_s = now_s

    def take(self, page: int, work: float, now_s: float) -> bool:
        """Take a page, or refuse it."""
        self.advance(now_s)
        if self.pages >= self.fit.most_pages:
            return False
        heapq.heappush(self._ends, (self._done + work, page))
        return True

    def next_end_s(self) -> float:
        """When the first of its pages is read, if no other comes; infinite if it has none."""
        if not self._ends:
            return math.inf
        left = max(0.0, self._ends[0][0] - self._done)
        return self._now_s + left * self.pages / at(self.fit.pages_s, self.pages)

    def finish(self, now_s: float) -> int:
        """Give back the page that is read now."""
        self.advance(now_s)
        return heapq.heappop(self._ends)[1]
