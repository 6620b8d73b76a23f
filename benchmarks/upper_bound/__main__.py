"""`python -m benchmarks.upper_bound IMAGE…`: what the models alone can do, which no server can beat.

The served ONNX graphs run in one process on the tensors that the pipeline makes of the images, laid out over the
cores of this machine as the server with its profile for CPUs lays them out. Decoding, boxes, crops and text are done
beforehand or not at all.
"""

import math
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any

import click
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from benchmarks.upper_bound.model_layout import ModelLayout, newest_version, read_layout
from ocr_core import batching, crops, detection, image
from ocr_core.geometry import CropGeometry
from ocr_core.options import Options
from server import layout
from server.backends.onnxruntime import gpu_providers

REPOSITORY = Path(__file__).parent.parent.parent / "model_repository"
# Whatever a benchmark is run on.
MAX_MEGAPIXELS = math.inf

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class PageTensors:
    """What the models get of one page.

    Attributes:
        detector_input: (1, height, width, 3) uint8 RGB.
        calls: The recognizer's batches, (n, height, width, 3) uint8 RGB each.
    """

    detector_input: Array
    calls: list[NDArray[np.uint8]]


class Model:
    """The instances of one ONNX model; a caller waits until one is free.

    Attributes:
        layout: How it is laid out.
    """

    def __init__(self, model: ModelLayout) -> None:
        self.layout = model
        self._free: SimpleQueue[ort.InferenceSession] = SimpleQueue()
        for _ in range(model.instances):
            providers = [*model.providers, ("CPUExecutionProvider", {})]
            session = ort.InferenceSession(model.file, _options(model), providers=providers)
            gpu_providers.check(session, list(model.providers))
            self._free.put(session)

    def run(self, batch: Array) -> list[Array]:
        """All outputs for one batch, whatever the graph calls them."""
        session = self._free.get()
        try:
            (tensor,) = session.get_inputs()
            outputs: list[Array] = session.run(None, {tensor.name: batch})
            return outputs
        finally:
            self._free.put(session)


class Limit:
    """Both models of a repository, and nothing else; a context manager.

    Args:
        repository: The model repository.
        profile: Whose layout of the models counts.

    Attributes:
        detector: One of the models.
        recognizer: The other.
        geometry: What the recognizer takes.

    Raises:
        FileNotFoundError: The models have not been exported.
        ProviderMissing: The profile is for a GPU, and ONNX Runtime cannot use it.
        StartError: The profile needs a GPU, or a library for it, that is not here.
    """

    def __init__(self, repository: Path = REPOSITORY, profile: str = layout.CPU) -> None:
        with tempfile.TemporaryDirectory() as folder:
            served = layout.arrange(repository, layout.choose(profile), Path(folder))
            recognizer = read_layout(served, "text_recognition", profile)
            self.detector = Model(read_layout(served, "text_detection", profile))
            self.recognizer = Model(recognizer)
        self.geometry = CropGeometry.load(newest_version(repository / "text_cropping"))
        self._callers = ThreadPoolExecutor(recognizer.instances)

    def __enter__(self) -> "Limit":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._callers.shutdown(cancel_futures=True)

    def prepare(self, encoded: bytes) -> PageTensors:
        """Make of an image's file what the pipeline makes of it."""
        detector_input, strip, widths = self.cut(encoded)
        return PageTensors(detector_input, batching.pack(strip, widths, self.geometry)[1])

    def cut(self, encoded: bytes) -> tuple[Array, NDArray[np.uint8], NDArray[np.int32]]:
        """What the detector gets of an image's file, and what is cut out of the page: the strip and its widths."""
        page, _ = image.decode(encoded, MAX_MEGAPIXELS)
        detector_input = image.fit_to_detector(page)[None]
        (maps,) = self.detector.run(detector_input)
        quads, _ = detection.decode(maps[0], image.size(page), Options())
        return detector_input, *crops.cut(page, quads, self.geometry)

    def measure(self, pages: Sequence[PageTensors], concurrency: int) -> float:
        """Seconds that the models need for pages of which `concurrency` are under way at once."""
        start_s = time.perf_counter()
        with ThreadPoolExecutor(concurrency) as pool:
            for _ in pool.map(self._run, pages):
                pass
        return time.perf_counter() - start_s

    def _run(self, page: PageTensors) -> None:
        self.detector.run(page.detector_input)
        self.recognize(page.calls)

    def recognize(self, calls: Sequence[NDArray[np.uint8]]) -> list[list[Array]]:
        """The recognizer's outputs for each of a page's batches, run on all its instances."""
        return list(self._callers.map(self.recognizer.run, calls))


def _options(model: ModelLayout) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = model.threads
    # As the server's backend does it: a thread that spins while it waits takes a core from another session.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


@click.command()
@click.argument("images", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--model-repository", "repository", default=REPOSITORY, type=click.Path(path_type=Path, file_okay=False))
@click.option("--concurrency", type=click.IntRange(1), default=4, show_default=True, help="Pages under way at once.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True, help="Times that all IMAGES are run.")
def main(images: tuple[Path, ...], repository: Path, concurrency: int, repeats: int) -> None:
    """Print how many IMAGES per second the models alone can do."""
    try:
        limit = Limit(repository)
    except FileNotFoundError as error:
        raise click.ClickException(str(error)) from error
    with limit:
        pages = [limit.prepare(path.read_bytes()) for path in images]
        seconds = limit.measure(pages * repeats, concurrency)
    click.echo(f"{len(pages) * repeats / seconds:.2f} images/s")


if __name__ == "__main__":
    main()
