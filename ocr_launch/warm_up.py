"""Requests that Triton sends to the networks itself before it says that it is ready.

A GPU takes its time for a shape that is new to an instance. Most pages have one of few shapes, and the crops of a call
are padded to one of few widths: with these made ready beforehand, the first users do not wait for it.
"""

from collections.abc import Iterable

from tritonclient.grpc import model_config_pb2

from ocr_core.batching import COARSE
from ocr_core.detector import Detector
from ocr_core.image import detector_size
from ocr_core.recognizer import Recognizer
from ocr_launch.model_config import ModelConfig

# Width and height in pixels: A4 and Letter at 150 dpi, photos of 4:3 and 16:9, both ways.
PAGES_WH = ((1240, 1754), (1275, 1650), (4032, 3024), (1920, 1080))
# Lines as wide as a page; a few are longer.
MAX_WIDTH_PX = 2048


def add_pages(config: ModelConfig, detector: Detector) -> None:
    """Have the detector warmed up with pages of usual proportions, level and on their side."""
    sizes = {
        detector_size(*size, detector) for width, height in PAGES_WH for size in ((width, height), (height, width))
    }
    _add(config, ((1, (height, width, 3)) for width, height in sorted(sizes)))


def add_crops(config: ModelConfig, recognizer: Recognizer) -> None:
    """Have the recognizer warmed up with calls of one crop and of as many as it takes, of each width up to a page's."""
    calls = ((crops, width) for width in widths(recognizer) for crops in sorted({1, most_crops(width)}))
    _add(config, ((crops, (recognizer.height, width, 3)) for crops, width in calls))


def most_crops(width_px: int) -> int:
    """Of a call of this width; see `batching.plan`."""
    return max(1, min(COARSE.max_crops, COARSE.max_px // width_px))


def widths(recognizer: Recognizer, longest_px: int = MAX_WIDTH_PX) -> list[int]:
    """All widths that calls have on a GPU, up to one of them, pixels."""
    longest_px = min(longest_px, recognizer.max_width)
    padded = {COARSE.padded_px(width) for width in range(recognizer.min_width, longest_px + 1)}
    return sorted({min(width, recognizer.max_width) for width in padded})


def _add(config: ModelConfig, shapes: Iterable[tuple[int, tuple[int, ...]]]) -> None:
    (tensor,) = config.input
    for rows, dims in shapes:
        warm_up = config.model_warmup.add(name=f"{rows}x{'x'.join(map(str, dims))}", batch_size=rows)
        sent = warm_up.inputs[tensor.name]
        sent.data_type, sent.zero_data = model_config_pb2.TYPE_UINT8, True
        sent.dims.extend(dims)
