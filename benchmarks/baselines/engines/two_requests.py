"""A client that does the steps between the models itself, as the first part of Triton's conceptual guide does.

It decodes and scales the image, asks the detector, cuts the crops, asks the recognizer with all of them padded to the
widest, and decodes the answer. `python -m … URL REPOSITORY`
"""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tritonclient.http import InferenceServerClient, InferInput

from benchmarks.baselines.engines.pipe import Found, answer
from benchmarks.common.weights import Weights
from benchmarks.upper_bound.models_alone import MAX_MEGAPIXELS, detector_of
from ocr_core import batching, crops, ctc, detection, image
from ocr_core.batching import SMALL, Limits
from ocr_core.crops import IntArray
from ocr_core.options import Options
from ocr_core.pixels import RgbArray
from ocr_core.recognizer import Recognizer
from ocr_launch.repository import Repository


def start(url: str, root: Path) -> Callable[[bytes], Iterator[Found]]:
    """Connect, and read what a client of this kind must know of the models."""
    repository = Repository(root)
    client = InferenceServerClient(url, network_timeout=600)
    weights = Weights.of(repository)
    detector = detector_of(repository)
    max_batch = repository.config(repository.recognizer).max_batch_size

    def read(encoded: bytes) -> Iterator[Found]:
        page, page_size = image.decode(encoded, MAX_MEGAPIXELS, weights.detector)
        maps = _ask(client, detector, "image", image.fit_to_detector(page, weights.detector)[None], "maps")[0]
        quads, _ = detection.decode(maps[0], image.size(page), weights.detector, Options())
        for first in range(0, len(quads), max_batch):
            part = quads[first : first + max_batch]
            batch = one_batch(*crops.cut(page, part, weights.recognizer), weights.recognizer)
            outputs = _ask(client, repository.recognizer, "crops", batch, "indices", "confidences")
            texts, confidences = ctc.decode(outputs[0], outputs[1], weights.recognizer.characters)
            kept = ctc.is_readable(np.array(texts, object), confidences, Options())
            shown = part * (np.array(page_size[::-1]) / page.shape[1::-1])
            yield from ((texts[i], shown[i].tolist()) for i in np.flatnonzero(kept))

    return read


def _ask(
    client: InferenceServerClient, model: str, name: str, array: NDArray[np.uint8], *outputs: str
) -> list[NDArray[Any]]:
    tensor = InferInput(name, array.shape, "UINT8")
    tensor.set_data_from_numpy(array)
    result = client.infer(model, [tensor])
    return [result.as_numpy(output) for output in outputs]


def one_batch(strip: RgbArray, widths: IntArray, recognizer: Recognizer) -> RgbArray:
    """All crops of a strip, one at least, padded to the widest as the recognizer asks: (N, height, width, 3) uint8."""
    widest_px = SMALL.padded_px(int(widths.max()))
    limits = Limits(bucket_px=widest_px, max_crops=len(widths), max_px=widest_px * len(widths))
    _, (batch,) = batching.pack(strip, widths, recognizer, limits)
    return batch


if __name__ == "__main__":
    url, root = sys.argv[1:]
    answer(partial(start, url, Path(root)))
