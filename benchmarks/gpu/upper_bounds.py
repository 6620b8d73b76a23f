"""Upper bounds of a server on a machine: image decoding on all its cores, and the models alone with full batches."""

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.upper_bound.models_alone import MAX_MEGAPIXELS, Model, ModelsAlone, PageTensors
from ocr_core import image
from ocr_core.detector import Detector

Array = NDArray[Any]
R = TypeVar("R")
# The parent's process has nothing of CUDA in it, and a fork would inherit threads.
SPAWN = multiprocessing.get_context("spawn")
START_TIMEOUT_S = 60


class MeasurementFailed(RuntimeError):
    """Something cannot be measured; the message says why."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What the models can do by themselves with tensors that the pipeline makes of some pages.

    Attributes:
        page_ms: One page at a time, its calls side by side, milliseconds.
        images_per_s: Both at once, each batch as full as the pages allow.
        detector_images_per_s: The same of one model.
        recognizer_images_per_s: And of the other.
        pages_per_run: How full the detector's batches are, on average.
        crops_per_run: And the recognizer's.
    """

    page_ms: float
    images_per_s: float
    detector_images_per_s: float
    recognizer_images_per_s: float
    pages_per_run: float
    crops_per_run: float


def models_alone(root: Path, profile: str, images: Sequence[bytes], seconds: float) -> Rates:
    """Run the models in this process, about so many seconds for each of the four measurements.

    Raises:
        FileNotFoundError: The models have not been exported.
        ProviderMissing: ONNX Runtime cannot use the GPU.
        StartError: The profile's needs are not here.
    """
    with ModelsAlone(root, profile) as models:
        pages = [models.prepare(encoded) for encoded in images]
        detections = full_batches([page.detector_input for page in pages], models.detector.max_batch)
        calls = full_batches([call for page in pages for call in page.calls], models.recognizer.max_batch)
        detector, recognizer = ((models.detector, detections), (models.recognizer, calls))
        _warm_up([detector, recognizer])
        return Rates(
            page_ms=_page_ms(models, pages, seconds),
            images_per_s=_rate([detector, recognizer], len(pages), seconds),
            detector_images_per_s=_rate([detector], len(pages), seconds),
            recognizer_images_per_s=_rate([recognizer], len(pages), seconds),
            pages_per_run=mean(map(len, detections)),
            crops_per_run=mean(map(len, calls)) if calls else 0,
        )


def full_batches(arrays: Sequence[Array], max_batch: int) -> list[Array]:
    """Put arrays that are alike but in their first dimension together, so many rows at most; 0 leaves all apart.

    >>> [batch.shape for batch in full_batches([np.zeros((2, 5)), np.zeros((1, 7)), np.zeros((3, 5))], 4)]
    [(4, 5), (1, 5), (1, 7)]
    """
    if not max_batch:
        return list(arrays)
    alike: dict[tuple[int, ...], list[Array]] = {}
    for array in arrays:
        alike.setdefault(array.shape[1:], []).append(array)
    joined = (np.concatenate(group) for group in alike.values())
    return [rows[start : start + max_batch] for rows in joined for start in range(0, len(rows), max_batch)]


def decoding(detector: Detector, images: Sequence[bytes], seconds: float, processes: int = 0) -> float:
    """Images per second that all cores decode and scale to the detector, and nothing else."""
    processes = processes or len(os.sched_getaffinity(0))
    with SPAWN.Pool(processes) as pool:
        work = pool.starmap_async(_decode, [(detector, images, seconds)] * processes, chunksize=1)
        try:
            return sum(work.get(seconds + START_TIMEOUT_S))
        except multiprocessing.TimeoutError as error:
            raise MeasurementFailed("decoding took too long to start") from error


def apart(function: Callable[..., R], *arguments: object, timeout_s: float) -> R:
    """Call in a process of its own, which takes what it has of a GPU with it.

    Raises:
        MeasurementFailed: It took too long, or the process died.
    """
    with SPAWN.Pool(1) as pool:
        try:
            return pool.apply_async(function, arguments).get(timeout_s)
        except multiprocessing.TimeoutError as error:
            raise MeasurementFailed(f"no result within {timeout_s:.0f} s") from error


def _decode(detector: Detector, images: Sequence[bytes], seconds: float) -> float:
    start_s, done = time.perf_counter(), 0
    while (elapsed_s := time.perf_counter() - start_s) < seconds:
        page, _ = image.decode(images[done % len(images)], MAX_MEGAPIXELS, detector)
        image.fit_to_detector(page, detector)
        done += 1
    return done / elapsed_s


def _warm_up(work: Sequence[tuple[Model, Sequence[Array]]]) -> None:
    """Run all batches once on each instance: a GPU takes its time for a shape that is new to one."""
    for model, batches in work:
        with ThreadPoolExecutor(model.instances) as pool:
            for batch in batches:
                _run_all(pool, [(model, batch)] * model.instances)


def _page_ms(models: ModelsAlone, pages: Sequence[PageTensors], seconds: float) -> float:
    start_s, done = time.perf_counter(), 0
    while (elapsed_s := time.perf_counter() - start_s) < seconds or done == 0:
        models.measure([pages[done % len(pages)]], 1)
        done += 1
    return elapsed_s / done * 1000


def _rate(work: Sequence[tuple[Model, Sequence[Array]]], pages: int, seconds: float) -> float:
    """Pages per second, all instances of all models busy."""
    runs = [(model, batch) for model, batches in work for batch in batches]
    with ThreadPoolExecutor(sum(model.instances for model, _ in work)) as pool:
        start_s, rounds = time.perf_counter(), 0
        while (elapsed_s := time.perf_counter() - start_s) < seconds or rounds == 0:
            _run_all(pool, runs)
            rounds += 1
    return rounds * pages / elapsed_s


def _run_all(pool: ThreadPoolExecutor, runs: Sequence[tuple[Model, Array]]) -> None:
    for _ in pool.map(lambda run: run[0].run(run[1]), runs):
        pass
