"""The parts of the pipeline one after the other in one process, each timed: what a request would cost without a server.

They are the functions of ocr_core that the Python steps call, and the ONNX graphs laid out as the server has them.
"""

import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from benchmarks.upper_bound.models_alone import MAX_MEGAPIXELS, ModelsAlone
from ocr_core import batching, crops, ctc, detection, image
from ocr_core.options import Options

P = ParamSpec("P")
R = TypeVar("R")

# Step of the ensemble → the parts of it, in the data's order.
PARTS = {
    "image_preprocessing": ("decode", "fit to detector"),
    "text_detection": ("detector",),
    "text_cropping": ("boxes", "crops"),
    "ctc_decoding": ("packing", "recognizer", "CTC"),
}


class Parts:
    """The whole pipeline in this process.

    Args:
        models: Detector and recognizer.
    """

    def __init__(self, models: ModelsAlone) -> None:
        self._models = models

    def measure(self, encoded: bytes) -> dict[str, float]:
        """Read an image's file: milliseconds of each of the `PARTS`."""
        watch, detector, recognizer = Stopwatch(), self._models.weights.detector, self._models.weights.recognizer
        page, _ = watch.time("decode", image.decode, encoded, MAX_MEGAPIXELS, detector)
        fitted = watch.time("fit to detector", image.fit_to_detector, page, detector)
        (maps,) = watch.time("detector", self._models.detector.run, fitted[None])
        quads, _ = watch.time("boxes", detection.decode, maps[0], image.size(page), detector, Options())
        strip, widths = watch.time("crops", crops.cut, page, quads, recognizer)
        calls, batches = watch.time("packing", batching.pack, strip, widths, recognizer, self._models.limits)
        outputs = watch.time("recognizer", self._models.recognize, batches)
        watch.time("CTC", ctc.decode_calls, calls, outputs, recognizer.characters)
        return watch.times_ms


class Stopwatch:
    """Times calls, and keeps the times by name."""

    def __init__(self) -> None:
        self.times_ms: dict[str, float] = {}

    def time(self, name: str, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call, and note how long it took."""
        start_s = time.perf_counter()
        result = function(*args, **kwargs)
        self.times_ms[name] = (time.perf_counter() - start_s) * 1000
        return result
