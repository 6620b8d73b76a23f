"""Who is measured: this service, its models alone, and engines; each reads the same images."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Protocol

from benchmarks.baselines.engine import Engine
from benchmarks.upper_bound.models_alone import ModelsAlone
from ocr_client import OcrClient, Page


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of some images.

    Attributes:
        seconds: Wall-clock time of all of them together.
        pages: What was read in each; None from who gives no text.
    """

    seconds: float
    pages: list[Page] | None


class Baseline(Protocol):
    """Who reads images and is compared with the rest.

    Attributes:
        name: Unique.
        concurrency: Images under way at once.
    """

    name: str
    concurrency: int

    def read(self, paths: Sequence[Path]) -> Reading:
        """Read all images."""


class Service:
    """This project's service.

    Args:
        kind: What sets it apart from other baselines that are this service: its protocol, its weights.
        client: Of it.
        concurrency: Requests under way at once.
    """

    def __init__(self, kind: str, client: OcrClient, concurrency: int) -> None:
        self.name = service_name(kind, concurrency)
        self.concurrency = concurrency
        self._client = client

    def read(self, paths: Sequence[Path]) -> Reading:
        """Read all images.

        Raises:
            OcrError: One cannot be read.
        """
        start_s = perf_counter()
        with ThreadPoolExecutor(self.concurrency) as pool:
            pages = list(pool.map(self._client.read, paths))
        return Reading(perf_counter() - start_s, pages)


class UpperBound:
    """The models alone; what they need is made beforehand, untimed."""

    def __init__(self, models: ModelsAlone, concurrency: int) -> None:
        self.name = upper_bound_name(concurrency)
        self.concurrency = concurrency
        self._models = models

    def read(self, paths: Sequence[Path]) -> Reading:
        """Run the models on all images."""
        pages = [self._models.prepare(path.read_bytes()) for path in paths]
        return Reading(self._models.measure(pages, self.concurrency), None)


class Other:
    """An engine, one image after the other; its own clock counts, so that the pipe to it costs it nothing."""

    concurrency = 1

    def __init__(self, engine: Engine) -> None:
        self.name = engine.name
        self._engine = engine

    def read(self, paths: Sequence[Path]) -> Reading:
        """Read all images.

        Raises:
            EngineFailed: It cannot.
        """
        pages, seconds = zip(*map(self._engine.read, paths), strict=True)
        return Reading(sum(seconds), list(pages))


def service_name(kind: str, concurrency: int) -> str:
    """What this service is called.

    >>> service_name("HTTP", 4)
    'ours, HTTP, 4 at once'
    """
    return f"ours, {kind}, {concurrency} at once"


def upper_bound_name(concurrency: int) -> str:
    """What the models alone are called."""
    return f"models alone, {concurrency} at once"
