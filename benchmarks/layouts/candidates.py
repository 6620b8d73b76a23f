"""The changes that are compared with what the launcher chooses for a machine."""

import itertools
import math

from benchmarks.layouts import change
from benchmarks.layouts.change import Change, of
from benchmarks.upper_bound.models_alone import detector_of
from ocr_launch.layout import Layout
from ocr_launch.repository import Repository

# Microseconds for which a call may wait for others to share its run; None: it never shares one.
DELAYS_US = (None, 0, 500)
# More threads than this for each core only wait for one another.
MAX_THREADS_PER_CORE = 2


def on_cpus(repository: Repository, layout: Layout) -> list[Change]:
    """Other recognizers with the detectors that the launcher chooses, then other detectors; instances × threads."""
    return [*_recognizers(repository, layout), *_detectors(repository, layout)]


def _recognizers(repository: Repository, layout: Layout) -> list[Change]:
    chosen = layout.recognizers
    counts = sorted({math.ceil(chosen / 2), chosen, math.ceil(chosen * 1.5)})
    return [
        _recognizer(repository, count, threads, delay_us)
        for count, threads, delay_us in itertools.product(counts, (1, 2), DELAYS_US)
        if (count, threads, delay_us) != (chosen, 1, None)
        and count * threads <= max(layout.cores.count, chosen) * MAX_THREADS_PER_CORE
    ]


def _recognizer(repository: Repository, count: int, threads: int, delay_us: int | None) -> Change:
    batching = "no batching" if delay_us is None else f"batching {delay_us} µs"
    laid_out = (change.instances(count), change.threads(threads), change.queue_delay_us(delay_us))
    caller = change.calls_under_way(count)
    edits = {repository.recognizer: laid_out, repository.steps[-1]: (caller,)}
    return Change(f"recognizers {count} × {threads}, {batching}", edits)


def _detectors(repository: Repository, layout: Layout) -> list[Change]:
    chosen = layout.detectors, layout.detector_threads
    counts = sorted({1, chosen[0], 2 * chosen[0]})
    threads = sorted({1, math.ceil(chosen[1] / 2), chosen[1]})
    return [
        of(
            [detector_of(repository)],
            f"detectors {count} × {each}",
            change.instances(count),
            change.threads(each),
        )
        for count, each in itertools.product(counts, threads)
        if (count, each) != chosen and count * each <= layout.cores.count * MAX_THREADS_PER_CORE
    ]


def on_gpus(repository: Repository) -> list[list[Change]]:
    """Lines of changes, the most promising first; of each line one is kept at most."""
    python_steps, onnx_models = repository.python_steps, repository.onnx_models
    return [
        [of(python_steps, f"Python steps × {factor}", change.times_instances(factor)) for factor in (2, 3)],
        *(
            [of([model], f"{model} × {factor:g}", change.times_instances(factor)) for factor in (2, 0.5)]
            for model in sorted(onnx_models, key=lambda model: model != repository.recognizer)
        ),
    ]
