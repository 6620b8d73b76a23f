"""`python -m benchmarks.gpu.calls`: how long a call of each network takes in each of the shapes for GPUs, alone.

One call after another in one process, as the profile `gpu` configures the networks, on noise.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import click
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from benchmarks.common import options, tables
from benchmarks.common.weights import Weights
from benchmarks.upper_bound.models_alone import detector_of, open_session
from ocr_core.errors import NotExported
from ocr_core.shapes import CALLS, PAGES
from ocr_launch import layout
from ocr_launch.errors import StartError
from ocr_launch.profiles import CPU, GPU
from ocr_launch.repository import Repository
from server import requirements
from server.backends.onnxruntime.sessions import ProviderMissing

WARM_UPS = 3
HEAD = ("network", "shape", "first call, s", "a call, ms", "of a core, ms")

EPILOG = """\b
Examples:
  python -m benchmarks.gpu.calls                          the graphs that the profile gpu takes
  python -m benchmarks.gpu.calls --graph model.gpu.onnx   those for TensorRT instead, on the CUDA provider
  python -m benchmarks.gpu.calls --profile cpu --calls 1  does it work? No GPU is needed
"""

Times = tuple[float, float, float]


def times(session: ort.InferenceSession, batch: NDArray[np.uint8], calls: int) -> Times:
    """The first call's seconds, and of those after it the median and the CPU time of one, milliseconds.

    Args:
        session: Of a network with one input.
        batch: (N, height, width, 3) uint8.
        calls: That are measured, after some that are not.
    """
    feed = {session.get_inputs()[0].name: batch}
    start_s = time.perf_counter()
    session.run(None, feed)
    first_s = time.perf_counter() - start_s
    for _ in range(WARM_UPS):
        session.run(None, feed)
    each_s, used_s = [], time.process_time()
    for _ in range(calls):
        start_s = time.perf_counter()
        session.run(None, feed)
        each_s.append(time.perf_counter() - start_s)
    return first_s, median(each_s) * 1000, (time.process_time() - used_s) / calls * 1000


def measure(repository: Repository, profile: str, graph: str | None, calls: int) -> Iterator[tuple[str, str, Times]]:
    """Of each network in each shape: its name, the shape, and the times.

    Raises:
        NotExported: The networks are not what this version of the exporter writes.
        ProviderMissing: ONNX Runtime cannot use the GPU.
        StartError: The networks have not been exported, or there is no GPU.
    """
    layout.choose(profile, requirements.check_gpu)
    height = Weights.of(repository).recognizer.height
    shapes = {
        detector_of(repository): [(1, *page) for page in PAGES],
        repository.recognizer: [(crops, height, width) for crops, width in CALLS],
    }
    for model, each in shapes.items():
        config = repository.config(model, profile)
        if graph:
            config.default_model_filename = graph
        session = open_session(repository, model, config)
        for shape in each:
            batch = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
            yield model, " × ".join(map(str, shape)), times(session, batch, calls)


@click.command(epilog=EPILOG)
@click.option("--profile", type=click.Choice([GPU, CPU]), default=GPU, show_default=True, help="Whose configurations.")
@click.option("--graph", metavar="FILE", help="Another graph of the exported version than the profile's.")
@click.option("--calls", type=click.IntRange(1), default=20, show_default=True, help="Measured in each shape.")
@options.model_repository
def main(profile: str, graph: str | None, calls: int, root: Path) -> None:
    """Print how long a call of each network takes in each of the shapes for GPUs (ocr_core/shapes.py), alone."""
    rows = []
    try:
        for model, shape, (first_s, call_ms, cpu_ms) in measure(Repository(root.resolve()), profile, graph, calls):
            click.echo(f"{model} {shape} ...", err=True)
            rows.append((model, shape, f"{first_s:.1f}", f"{call_ms:.2f}", f"{cpu_ms:.2f}"))
    except (NotExported, StartError, ProviderMissing) as error:
        raise click.ClickException(str(error)) from error
    sys.stdout.write(tables.markdown(HEAD, rows, numbers_from=2))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.gpu.calls")
