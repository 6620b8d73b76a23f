"""PP-OCR: DB text detection and SVTR-LCNet recognition by the PaddleOCR authors, published as ONNX."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from export import graph
from export.contract import DetectorExport, RecognizerExport
from export.errors import ExportError
from export.pruning import drop_dead_channels
from ocr_core.geometry import CropGeometry

# Both networks take blue, green, red (their configuration's `img_mode: BGR`).
DETECTOR_MEAN = [0.485 * 255, 0.456 * 255, 0.406 * 255]
DETECTOR_STD = [0.229 * 255, 0.224 * 255, 0.225 * 255]
RECOGNIZER_MEAN = [127.5] * 3
RECOGNIZER_STD = [127.5] * 3
# Trained at height 48; 16 px are two time steps, and lines of 400 letters in 9600 px are still read without an error.
GEOMETRY = CropGeometry(height=48, min_width=16, max_width=9600)


def detector(weights: Path) -> DetectorExport:
    """Build a detector from its published ONNX file."""
    model = onnx.load(weights)
    graph.take_uint8_rgb(model, "image", DETECTOR_MEAN, DETECTOR_STD, bgr=True)
    graph.give_maps(model, channels=1)
    graph.zero_denormals(model)
    drop_dead_channels(model)
    scaled = partial(_scale, mean=DETECTOR_MEAN, std=DETECTOR_STD)
    run = _original(weights)
    return DetectorExport(model, lambda image: {"maps": run(scaled(image))})


def recognizer(weights: Path, characters: Path | None = None) -> RecognizerExport:
    """Build a recogniser from its published ONNX file.

    Args:
        weights: The ONNX file.
        characters: Its list of characters, one a line; by default the one in the file's metadata.

    Raises:
        ExportError: The list and the graph's classes differ in number.
    """
    model = onnx.load(weights)
    alphabet = ["", *_characters(model, characters), " "]
    classes = model.graph.output[0].type.tensor_type.shape.dim[2].dim_value
    if classes != len(alphabet):
        raise ExportError(f"the recogniser has {classes} classes, its character list gives {len(alphabet)}")
    graph.take_uint8_rgb(model, "crops", RECOGNIZER_MEAN, RECOGNIZER_STD, bgr=True)
    graph.give_best_class(model)
    graph.zero_denormals(model)
    scaled = partial(_scale, mean=RECOGNIZER_MEAN, std=RECOGNIZER_STD)
    run = _original(weights)
    return RecognizerExport(model, lambda crops: _best_class(run(scaled(crops))), alphabet, GEOMETRY)


def _characters(model: onnx.ModelProto, file: Path | None) -> list[str]:
    if file:
        return file.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    return str(metadata["character"]).split("\n")


def _original(weights: Path) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """The published network as it is: scaled float (N, 3, H, W) → its one output."""
    session = ort.InferenceSession(str(weights), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda scaled: np.asarray(session.run(None, {name: scaled})[0], np.float32)


def _scale(pixels_rgb: NDArray[np.uint8], mean: list[float], std: list[float]) -> NDArray[np.float32]:
    """What PaddleOCR does before the network: BGR, (pixel - mean) / std, channels first."""
    scaled = (pixels_rgb[..., ::-1].astype(np.float32) - np.array(mean, np.float32)) / np.array(std, np.float32)
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))


def _best_class(probabilities: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    return {
        "indices": probabilities.argmax(axis=2).astype(np.int32),
        "confidences": probabilities.max(axis=2),
    }
