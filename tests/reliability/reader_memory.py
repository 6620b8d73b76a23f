"""The memory of the processes that read an archive, looked at twice a second while it is read."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import psutil

# What Ray calls a process while it reads a part.
READER = "ray::Map(Reading)"
POLL_S = 0.5
MB = 1e6


@dataclass
class ReaderMemory:
    """What was seen.

    Attributes:
        pages: How many are read by now; whoever reads them says so.
        looks: Pages read, bytes of all readers, bytes of the largest one.
    """

    pages: int = 0
    looks: list[tuple[int, int, int]] = field(default_factory=list)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look until the block ends."""
        over = threading.Event()
        thread = threading.Thread(target=self._look_until, args=(over,))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def peaks_mb(self, pages: int, spans: int) -> list[tuple[str, float, float]]:
        """The most that all readers, and one of them, had in each of equal spans of a run.

        >>> ReaderMemory(looks=[(0, 3_000_000, 2_000_000), (9, 5_000_000, 1_000_000)]).peaks_mb(10, 2)
        [('1 to 5', 3.0, 2.0), ('6 to 10', 5.0, 1.0)]
        """
        borders = [pages * number // spans for number in range(spans + 1)]
        peaks = []
        for start, end in pairwise(borders):
            looks = [look for look in self.looks if start <= look[0] < end] or [(0, 0, 0)]
            _, together, largest = (max(numbers) / MB for numbers in zip(*looks, strict=True))
            peaks.append((f"{start + 1} to {end}", together, largest))
        return peaks

    def _look_until(self, over: threading.Event) -> None:
        while not over.wait(POLL_S):
            if used := _used_bytes():
                self.looks.append((self.pages, sum(used), max(used)))


def _used_bytes() -> Sequence[int]:
    looked_at = (each.info for each in psutil.process_iter(["cmdline", "memory_info"]))
    return [
        info["memory_info"].rss
        for info in looked_at
        if info["memory_info"] and " ".join(info["cmdline"] or []).startswith(READER)
    ]
