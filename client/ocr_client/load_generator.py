"""Requests sent as fast as they are answered, and how long each took."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from threading import Lock
from typing import Any

import numpy as np

from ocr_client.errors import OcrError

# Percentile → the number of images from which on it is told: of fewer, it would be the slowest one's time.
PERCENTILES = {50: 1, 90: 10, 99: 100}


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How fast a server answered.

    Attributes:
        concurrency: Requests under way at once.
        requests: How many were sent, answered or not.
        seconds: From the first request to the last answer.
        images_per_s: Images read in a second; those that failed do not count.
        latency_ms: "p50", "p90" and "p99": milliseconds that so many per cent of the images took at most. Of fewer
            than 100 images there is no p99, of fewer than 10 no p90; empty if none was read.
        errors: How many requests failed, by the error's class.
        messages: What the first of each class said.
    """

    concurrency: int
    requests: int
    seconds: float
    images_per_s: float
    latency_ms: dict[str, float]
    errors: dict[str, int]
    messages: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """The figures as a JSON-ready dict."""
        return asdict(self)


class LoadGenerator:
    """Images sent in turn, the next as soon as one is answered.

    Args:
        read: Reads one image; an `OcrError` counts as a failure, anything else ends the run.
        images: Encoded; one at least.
        requests: End after so many.
        duration_s: Begin no request later than this; those under way are waited for.
        clock: Tells seconds.
    """

    def __init__(
        self,
        read: Callable[[bytes], object],
        images: Sequence[bytes],
        *,
        requests: int | None = None,
        duration_s: float | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._read, self._clock = read, clock
        self._turns = islice(cycle(images), requests)
        self._duration_s = duration_s
        self._lock = Lock()
        self._latencies_s: list[float] = []
        self._errors: Counter[str] = Counter()
        self._messages: dict[str, str] = {}

    def run(self, concurrency: int) -> Speed:
        """Keep so many requests under way until the end; once."""
        start_s = self._clock()
        self._end_s = None if self._duration_s is None else start_s + self._duration_s
        with ThreadPoolExecutor(concurrency) as pool:
            workers = [pool.submit(self._work) for _ in range(concurrency)]
            try:
                for worker in workers:
                    worker.result()
            finally:
                self._end_s = start_s  # after Ctrl-C nobody begins another
        return self._speed(concurrency, self._clock() - start_s)

    def _work(self) -> None:
        while (image := self._next()) is not None:
            start_s = self._clock()
            try:
                self._read(image)
            except OcrError as error:
                self._fail(error)
            else:
                self._latencies_s.append(self._clock() - start_s)

    def _next(self) -> bytes | None:
        with self._lock:
            is_over = self._end_s is not None and self._clock() >= self._end_s
            return None if is_over else next(self._turns, None)

    def _fail(self, error: OcrError) -> None:
        kind = type(error).__name__
        with self._lock:
            self._errors[kind] += 1
            self._messages.setdefault(kind, str(error))

    def _speed(self, concurrency: int, seconds: float) -> Speed:
        count = len(self._latencies_s)
        told = [percent for percent, enough in PERCENTILES.items() if count >= enough]
        values_ms = np.percentile(self._latencies_s, told) * 1000 if told else ()
        return Speed(
            concurrency=concurrency,
            requests=count + self._errors.total(),
            seconds=seconds,
            images_per_s=count / seconds if seconds else 0.0,
            latency_ms={f"p{percent}": float(value) for percent, value in zip(told, values_ms, strict=True)},
            errors=dict(self._errors),
            messages=self._messages,
        )
