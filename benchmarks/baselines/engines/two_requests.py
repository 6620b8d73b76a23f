"""A client that does the steps between the models itself, as the first part of Triton's conceptual guide does.

It decodes and scales the image, asks the detector, cuts the crops, asks the recognizer with all of them padded to the
widest, as many at once as it takes, and decodes the answer. `python -m … URL REPOSITORY`
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
from ocr_launch import model_config
from ocr_launch.repository import Repository


def start(url: str, root: Path) -> Callable[[bytes], Iterator[Found]]:
    """Connect, and read what a client of this kind must know of the models."""
    repository = Repository(root)
    client = InferenceServerClient(url, network_timeout=600)
    weights = Weights.of(repository)
    detector = detector_of(repository)
    config = repository.config(repository.recognizer)
    max_pixels = int(model_config.parameter(config, "max_input_pixels"))

    def read(encoded: bytes) -> Iterator[Found]:
        page, page_size = image.decode(encoded, MAX_MEGAPIXELS, weights.detector)
        maps = _ask(client, detector, "image", image.fit_to_detector(page, weights.detector)[None], "maps")[0]
        quads, _ = detection.decode(maps[0], image.size(page), weights.detector, Options())
        strip, widths = crops.cut(page, quads, weights.recognizer)
        for places, batch in padded_to_the_widest(strip, widths, weights.recognizer, config.max_batch_size, max_pixels):
            outputs = _ask(client, repository.recognizer, "crops", batch, "indices", "confidences")
            texts, confidences = ctc.decode(outputs[0], outputs[1], weights.recognizer.characters)
            kept = ctc.is_readable(np.array(texts, object), confidences, Options())
            shown = quads[places] * (np.array(page_size[::-1]) / page.shape[1::-1])
            yield from ((texts[i], shown[i].tolist()) for i in np.flatnonzero(kept))

    return read


def _ask(
    client: InferenceServerClient, model: str, name: str, array: NDArray[np.uint8], *outputs: str
) -> list[NDArray[Any]]:
    tensor = InferInput(name, array.shape, "UINT8")
    tensor.set_data_from_numpy(array)
    result = client.infer(model, [tensor])
    return [result.as_numpy(output) for output in outputs]


def padded_to_the_widest(
    strip: RgbArray, widths: IntArray, recognizer: Recognizer, max_crops: int, max_pixels: int
) -> Iterator[tuple[IntArray, RgbArray]]:
    """All crops of a strip, as few calls as the recognizer takes them in.

    Args:
        strip: (height, sum of widths, channels) uint8, the crops side by side.
        widths: (N,) int32, pixels.
        recognizer: The crops that it takes.
        max_crops: Of a call.
        max_pixels: Of a call; where one crop has more, it is a call of its own.

    Yields:
        For each call the indices of its crops, (n,) int32, and the crops, padded to the widest of all as the recognizer
        asks: (n, height, width, 3) uint8.
    """
    if not len(widths):
        return
    widest_px = SMALL.padded_px(int(widths.max()))
    most = min(max_crops, max(max_pixels // (recognizer.height * widest_px), 1))
    limits = Limits(bucket_px=widest_px, max_crops=most, max_px=widest_px * most)
    yield from zip(*batching.pack(strip, widths, recognizer, limits), strict=True)


if __name__ == "__main__":
    url, root = sys.argv[1:]
    answer(partial(start, url, Path(root)))
