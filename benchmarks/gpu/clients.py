"""A load put on a server by several processes: a single one in Python would be busy before a GPU is.

A request takes a client some milliseconds of a core, nearly all of them in Python.
"""

import math
import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from benchmarks.common.turns import rotated
from ocr_client import OcrClient
from ocr_client.load_generator import LoadGenerator, Speed

MAX_PROCESSES = 8
PERCENTILES = (50, 90, 99)
TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of a load.

    Attributes:
        images_per_s: Images read in a second.
        p50_ms: Latency that half of the images stay below, milliseconds; likewise 90 and 99 %.
        p90_ms: See above.
        p99_ms: See above.
        images: How many were read.
        failed: How many were not.
        reason: What the first of these said.
    """

    images_per_s: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    images: int
    failed: int = 0
    reason: str = ""


class Clients:
    """Processes that hold the same images, ready to send them."""

    def __init__(self, pool: ProcessPoolExecutor, images: Sequence[bytes], processes: int) -> None:
        self._pool, self._images, self._processes = pool, images, processes

    def measure(self, url: str, concurrency: int, duration_s: float) -> Answers:
        """Put a load on a server: keep so many requests under way for so long.

        Raises:
            BrokenProcessPool: A process died.
        """
        shares = share_out(concurrency, self._processes)
        work = [self._pool.submit(_send, url, share, duration_s, place) for place, share in enumerate(shares)]
        return merge([each.result() for each in work])


@contextmanager
def clients(images: Sequence[bytes], processes: int = 0) -> Iterator[Clients]:
    """Start the processes, by default one for every two cores.

    Args:
        images: Encoded; one at least.
        processes: How many.
    """
    processes = processes or max(1, min(MAX_PROCESSES, len(os.sched_getaffinity(0)) // 2))
    # Not forked: gRPC does not survive that.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn, initializer=_hold, initargs=(list(images),)) as pool:
        yield Clients(pool, images, processes)


def share_out(concurrency: int, processes: int) -> list[int]:
    """Requests under way in each process; no process has none.

    >>> share_out(10, 4), share_out(2, 4)
    ([3, 3, 2, 2], [1, 1])
    """
    shares = (len(range(place, concurrency, processes)) for place in range(processes))
    return [share for share in shares if share]


def merge(parts: Sequence[tuple[Speed, list[float]]]) -> Answers:
    """Put the processes' answers together; each has its latencies beside, in seconds."""
    latencies_s = [latency_s for _, some_s in parts for latency_s in some_s]
    p50_ms, p90_ms, p99_ms = np.percentile(latencies_s or [math.nan], PERCENTILES) * 1000
    reasons = [reason for speed, _ in parts for reason in speed.messages.values()]
    return Answers(
        images_per_s=sum(speed.images_per_s for speed, _ in parts),
        p50_ms=float(p50_ms),
        p90_ms=float(p90_ms),
        p99_ms=float(p99_ms),
        images=len(latencies_s),
        failed=sum(sum(speed.errors.values()) for speed, _ in parts),
        reason=next(iter(reasons), ""),
    )


_images: list[bytes] = []


def _hold(images: list[bytes]) -> None:
    _images[:] = images


def _send(url: str, concurrency: int, duration_s: float, place: int) -> tuple[Speed, list[float]]:
    latencies_s: list[float] = []
    with OcrClient(url, timeout_s=TIMEOUT_S) as client:

        def read(image: bytes) -> None:
            start_s = time.perf_counter()
            client.read(image)
            latencies_s.append(time.perf_counter() - start_s)

        # The processes begin with different images, lest all send the same one at once.
        images = rotated(_images, place * concurrency)
        return LoadGenerator(read, images, duration_s=duration_s).run(concurrency), latencies_s
