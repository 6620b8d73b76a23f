"""Detector and recognizer in one process, without a server: the upper bound of what a server can do.

The served ONNX graphs run on the tensors that the pipeline makes of images, laid out over the cores of this machine as
the server lays them out. Decoding, boxes, crops and text are done beforehand or not at all.
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

import numpy as np
import onnxruntime as ort
from google.protobuf import json_format  # type: ignore[import-untyped]
from numpy.typing import NDArray

from benchmarks.common.weights import Weights
from ocr_core import batching, crops, detection, image
from ocr_core.options import Options
from ocr_launch import layout, model_config
from ocr_launch.model_config import ModelConfig
from ocr_launch.profiles import CPU
from ocr_launch.repository import Repository
from server import requirements
from server.backends.onnxruntime import sessions

# Whatever a benchmark is run on.
MAX_MEGAPIXELS = math.inf
# A GPU profile is measured on the first GPU that is visible.
DEVICE_ID = "0"

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


def open_session(repository: Repository, name: str, config: ModelConfig) -> ort.InferenceSession:
    """Load an exported network as its configuration says, on a GPU if it says so.

    Raises:
        ProviderMissing: ONNX Runtime cannot use the GPU.
        StartError: The network has not been exported.
    """
    settings = json_format.MessageToDict(config, preserving_proto_field_name=True)
    on_gpu = any(group.get("kind") == "KIND_GPU" for group in settings.get("instance_group", ()))
    return sessions.open_session(repository.graph(name, config), settings, DEVICE_ID if on_gpu else None)


class Model:
    """The instances of one ONNX model; a caller waits until one is free.

    Args:
        repository: As the launcher arranged it.
        name: The model's.

    Attributes:
        instances: How many run side by side.
        max_batch: Rows that a run may have at most, if calls share runs; 0 if they do not.

    Raises:
        ProviderMissing: The configuration is for a GPU, and ONNX Runtime cannot use it.
        StartError: The model has not been exported.
    """

    def __init__(self, repository: Repository, name: str) -> None:
        config = repository.config(name)
        self.instances = model_config.instance_count(config)
        self.max_batch = int(config.max_batch_size) if config.HasField("dynamic_batching") else 0
        self._free: SimpleQueue[ort.InferenceSession] = SimpleQueue()
        for _ in range(self.instances):
            self._free.put(open_session(repository, name, config))

    def run(self, batch: Array) -> list[Array]:
        """All outputs for one batch, whatever the graph calls them."""
        session = self._free.get()
        try:
            (tensor,) = session.get_inputs()
            outputs: list[Array] = session.run(None, {tensor.name: batch})
            return outputs
        finally:
            self._free.put(session)


class ModelsAlone:
    """Both models of a repository, and nothing else; a context manager.

    Args:
        root: Folder with the exported models.
        profile: Whose layout of the models counts.

    Attributes:
        detector: One of the models.
        recognizer: The other.
        weights: What the weights ask of the steps around them.
        limits: Of calls of the recognizer.

    Raises:
        NotExported: What the steps around the models need has not been exported.
        ProviderMissing: The profile is for a GPU, and ONNX Runtime cannot use it.
        StartError: The models have not been exported, or the profile's needs are not here.
    """

    def __init__(self, root: Path, profile: str = CPU) -> None:
        exported = Repository(root.resolve())
        chosen = layout.choose(profile, requirements.check_gpu)
        with tempfile.TemporaryDirectory() as folder:
            served = Repository(layout.arrange(exported, chosen, Path(folder)))
            self.detector = Model(served, detector_of(served))
            self.recognizer = Model(served, served.recognizer)
        self.weights = Weights.of(exported)
        self.limits = batching.limits(chosen.calls, chosen.calls_under_way, self.weights.recognizer)
        self._callers = ThreadPoolExecutor(self.recognizer.instances)

    def __enter__(self) -> "ModelsAlone":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._callers.shutdown(cancel_futures=True)

    def prepare(self, encoded: bytes) -> PageTensors:
        """Make of an image's file what the pipeline makes of it."""
        detector_input, strip, widths = self.cut(encoded)
        calls = batching.pack(strip, widths, self.weights.recognizer, self.limits)[1]
        return PageTensors(detector_input, calls)

    def cut(self, encoded: bytes) -> tuple[Array, NDArray[np.uint8], NDArray[np.int32]]:
        """What the detector gets of an image's file, and what is cut out of the page: the strip and its widths."""
        page, _ = image.decode(encoded, MAX_MEGAPIXELS, self.weights.detector)
        detector_input = image.fit_to_detector(page, self.weights.detector)[None]
        (maps,) = self.detector.run(detector_input)
        quads, _ = detection.decode(maps[0], image.size(page), self.weights.detector, Options())
        return detector_input, *crops.cut(page, quads, self.weights.recognizer)

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


def detector_of(repository: Repository) -> str:
    """The name of the model that finds text: the ONNX model among the ensemble's steps."""
    (name,) = set(repository.onnx_models) & set(repository.steps)
    return name
