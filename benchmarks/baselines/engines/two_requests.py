"""A client that does the steps between the models itself, as the conceptual guide's first part does.

It decodes and scales the image, asks text_detection, cuts the crops, asks text_recognition with all of them padded
to the widest, and decodes the answer. `python -m … URL REPOSITORY`
"""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tritonclient.http import InferenceServerClient, InferInput

from benchmarks.baselines.engines.reader import Found, serve
from benchmarks.upper_bound.__main__ import MAX_MEGAPIXELS
from benchmarks.upper_bound.model_layout import newest_version, read_layout
from ocr_core import crops, ctc, detection, image
from ocr_core.batching import BUCKET_PX, PADDING
from ocr_core.crops import IntArray
from ocr_core.geometry import CropGeometry
from ocr_core.image import RgbArray
from ocr_core.options import Options


def load(url: str, repository: Path) -> Callable[[bytes], Iterator[Found]]:
    """Connect, and read what a client of this kind must know of the models."""
    client = InferenceServerClient(url, network_timeout=600)
    geometry = CropGeometry.load(newest_version(repository / "text_cropping"))
    characters = ctc.load_characters(newest_version(repository / "ctc_decoding"))
    max_batch = read_layout(repository, "text_recognition").max_batch

    def read(encoded: bytes) -> Iterator[Found]:
        page, page_size = image.decode(encoded, MAX_MEGAPIXELS)
        maps = _ask(client, "text_detection", "image", image.fit_to_detector(page)[None], "maps")[0]
        quads, _ = detection.decode(maps[0], image.size(page), Options())
        for start in range(0, len(quads), max_batch):
            part = quads[start : start + max_batch]
            batch = _pad(*crops.cut(page, part, geometry), geometry)
            outputs = _ask(client, "text_recognition", "crops", batch, "indices", "confidences")
            texts, confidences = ctc.decode(outputs[0], outputs[1], characters)
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


def _pad(strip: RgbArray, widths: IntArray, geometry: CropGeometry) -> RgbArray:
    """All crops of a strip as one batch, (N, height, width, 3) uint8."""
    width = min(-(-int(widths.max()) // BUCKET_PX) * BUCKET_PX, geometry.max_width)
    batch = np.full((len(widths), geometry.height, width, 3), PADDING, np.uint8)
    for row, crop in zip(batch, np.split(strip, np.cumsum(widths)[:-1], axis=1), strict=True):
        row[:, : crop.shape[1]] = crop
    return batch


if __name__ == "__main__":
    url, repository = sys.argv[1:]
    serve(partial(load, url, Path(repository)))
