"""Requests that Triton sends to the networks itself before it says that it is ready.

A GPU takes seconds to prepare for a shape. The networks compute in few of them, whatever they are sent
(export/fixed_shapes.py); with these made ready beforehand, no user waits for it.
"""

from collections.abc import Iterable

from tritonclient.grpc import model_config_pb2

from ocr_core.recognizer import Recognizer
from ocr_core.shapes import CALLS, PAGES
from ocr_launch.model_config import ModelConfig


def add_pages(config: ModelConfig) -> None:
    """Have the detector warmed up with a page of each shape."""
    _add(config, ((1, (height, width, 3)) for height, width in PAGES))


def add_crops(config: ModelConfig, recognizer: Recognizer) -> None:
    """Have the recognizer warmed up with a call of each shape that it may get; TensorRT takes smaller ones."""
    calls = ((min(crops, config.max_batch_size), width) for crops, width in CALLS if width <= recognizer.max_width)
    _add(config, ((crops, (recognizer.height, width, 3)) for crops, width in calls))


def _add(config: ModelConfig, shapes: Iterable[tuple[int, tuple[int, ...]]]) -> None:
    (tensor,) = config.input
    for rows, dims in shapes:
        warm_up = config.model_warmup.add(name=f"{rows}x{'x'.join(map(str, dims))}", batch_size=rows)
        sent = warm_up.inputs[tensor.name]
        sent.data_type, sent.zero_data = model_config_pb2.TYPE_UINT8, True
        sent.dims.extend(dims)
