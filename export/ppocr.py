"""PP-OCR, versions 3 to 6: DB text detection and CTC recognition by the PaddleOCR authors, as ONNX files."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto

from export import graph, runtime
from export.contract import MAX_AREA_PX, MAX_SIDE_PX, DetectorExport, RecognizerExport
from export.errors import ExportError
from export.pruning import drop_dead_channels
from ocr_core.detector import Detector
from ocr_core.recognizer import Recognizer

# Both networks take blue, green, red (their configuration's `img_mode: BGR`).
DETECTOR_MEAN = [0.485 * 255, 0.456 * 255, 0.406 * 255]
DETECTOR_STD = [0.229 * 255, 0.224 * 255, 0.225 * 255]
RECOGNIZER_MEAN = [127.5] * 3
RECOGNIZER_STD = [127.5] * 3
DETECTOR = Detector(
    decoder="db",
    map_stride_px=1,
    side_multiple_px=32,
    max_area_px=MAX_AREA_PX,
    max_side_px=MAX_SIDE_PX,
    # RapidOCR's values but for the threshold of boxes.
    map_threshold=0.3,
    quad_threshold=0.5,
    unclip_ratio=1.6,
)
# All recognizers since PP-OCRv3; those before took 32.
HEIGHT_PX = 48
MIN_WIDTH_PX = 16
# Added to the logit of the space. The networks drop spaces: in capitals, behind full stops, between a date and a time,
# in faces of narrow spaces. Up to about here, more of those that this brings are right than wrong.
SPACE_BIAS = 2.5

# Sizes; None where any will do.
Axes = list[int | None]
Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def detector(weights: Path) -> DetectorExport:
    """Build a detector of PP-OCRv3 to v6 from its ONNX file.

    Raises:
        ExportError: The file is another network or none at all.
    """
    model, original = _load(weights, "detector", takes=[None, 3, None, None], gives=[None, 1, None, None])
    graph.take_uint8_rgb(model, "image", DETECTOR_MEAN, DETECTOR_STD, bgr=True)
    graph.give_maps(model, DETECTOR.channels)
    graph.zero_denormals(model)
    drop_dead_channels(model)
    scaled = partial(_scale, mean=DETECTOR_MEAN, std=DETECTOR_STD)
    return DetectorExport(model, lambda batches: [{"maps": original(scaled(batch))} for batch in batches], DETECTOR)


def recognizer(weights: Path, characters: Path | None = None, *, space_bias: float = SPACE_BIAS) -> RecognizerExport:
    """Build a recognizer of PP-OCRv3 to v6 from its ONNX file.

    Args:
        weights: The ONNX file.
        characters: Its list of characters, one a line; by default the one in the file's metadata.
        space_bias: Added to the logit of the space.

    Raises:
        ExportError: The file is another network or none at all, or has no classes for just these characters.
    """
    model, original = _load(weights, "recognizer", takes=[None, 3, HEIGHT_PX, None], gives=[None, None, None])
    alphabet = ["", *_characters(model, characters, weights.name), " "]
    classes = original(np.zeros((1, 3, HEIGHT_PX, MIN_WIDTH_PX), np.float32)).shape[2]
    if classes != len(alphabet):
        raise ExportError(
            f"the recognizer has {classes} classes, its character list gives {len(alphabet)}: "
            f"the blank, {len(alphabet) - 2} characters and the space"
        )
    graph.take_uint8_rgb(model, "crops", RECOGNIZER_MEAN, RECOGNIZER_STD, bgr=True)
    graph.raise_logit(model, alphabet.index(" "), space_bias)
    graph.give_argmax(model)
    graph.zero_denormals(model)
    scaled = partial(_scale, mean=RECOGNIZER_MEAN, std=RECOGNIZER_STD)
    raised = partial(_raised, place=alphabet.index(" "), by=space_bias)
    return RecognizerExport(
        model,
        lambda batches: [_argmax(raised(original(scaled(batch)))) for batch in batches],
        _recognizer(alphabet),
    )


def _recognizer(characters: list[str]) -> Recognizer:
    """16 px are two time steps, and lines of 400 letters in 9600 px are read without an error."""
    return Recognizer(height=HEIGHT_PX, min_width=MIN_WIDTH_PX, max_width=9600, characters=tuple(characters))


def _load(weights: Path, kind: str, takes: Axes, gives: Axes) -> tuple[ModelProto, Network]:
    """The graph of a published file, and the network as it is: scaled float (N, 3, H, W) → its one output.

    Raises:
        ExportError: The file is not an ONNX file, or the network takes or gives something else.
    """
    try:
        model = onnx.load(weights)
    except Exception as error:  # protobuf and the reading of tensors in other files have errors of their own
        raise ExportError(f"{weights.name} is not an ONNX file, or is a broken one") from error
    session = runtime.open_session(weights)
    found = [_axes(tensor.shape) for tensor in (*session.get_inputs(), *session.get_outputs())]
    wanted = [takes, gives]
    if len(found) != 2 or any(not _fits(*pair) for pair in zip(found, wanted, strict=True)):
        raise ExportError(
            f"{weights.name} is not a {kind} of PP-OCR: it takes and gives {_written(found)}, not {_written(wanted)}"
        )
    graph.gather_weights(model)
    return model, lambda scaled: next(iter(runtime.run(session, scaled).values()))


def _axes(shape: list[int | str | None]) -> Axes:
    return [size if isinstance(size, int) and size > 0 else None for size in shape]


def _fits(found: Axes, wanted: Axes) -> bool:
    """Whether no size is another than the one wanted; a file may leave any of them open."""
    return len(found) == len(wanted) and all(
        None in (size, other) or size == other for size, other in zip(wanted, found, strict=True)
    )


def _written(shapes: list[Axes]) -> str:
    return ", ".join("×".join("?" if size is None else str(size) for size in shape) for shape in shapes)


def _characters(model: ModelProto, file: Path | None, name: str) -> list[str]:
    if file:
        try:
            return file.read_text(encoding="utf-8-sig").removesuffix("\n").split("\n")
        except UnicodeDecodeError as error:
            raise ExportError(f"{file.name} is not a list of characters in UTF-8") from error
    for entry in model.metadata_props:
        if entry.key == "character":
            return str(entry.value).split("\n")
    raise ExportError(f"{name} carries no list of its characters; give it with --characters FILE, one a line")


def _scale(pixels_rgb: NDArray[np.uint8], mean: list[float], std: list[float]) -> NDArray[np.float32]:
    """What PaddleOCR does before the network: BGR, (pixel - mean) / std, channels first."""
    scaled = (pixels_rgb[..., ::-1].astype(np.float32) - np.array(mean, np.float32)) / np.array(std, np.float32)
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))


def _raised(probabilities: NDArray[np.float32], place: int, by: float) -> NDArray[np.float32]:
    """What the softmax would have given, (N, T, classes), had this class's logit been greater by so much."""
    odds = np.where(np.arange(probabilities.shape[2]) == place, np.float32(np.exp(by)), np.float32(1))
    raised = probabilities * odds
    return np.asarray(raised / raised.sum(axis=2, keepdims=True), np.float32)


def _argmax(probabilities: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    return {
        "indices": probabilities.argmax(axis=2).astype(np.int32),
        "confidences": probabilities.max(axis=2),
    }
