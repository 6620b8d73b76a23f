"""What every model family hands to the exporter, whatever framework it comes from."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from ocr_core.detector import Detector
from ocr_core.quads import FloatArray
from ocr_core.recognizer import Recognizer

# What a detector's input has at most: more pixels find hardly more text, and cost time in proportion.
MAX_AREA_PX = 1280 * 960
# Beyond that, OpenCV cannot warp pages.
MAX_SIDE_PX = 32_000
# The models that the networks are exported for.
DETECTOR_MODEL, RECOGNIZER_MODEL = "text_detection", "text_recognition"
# The contract's outputs by name.
Outputs = dict[str, NDArray[Any]]
# Batches, uint8 (N, H, W, 3) RGB each → the outputs of each, computed by the original network in its own framework
# with its own pre-processing: what the exported graph is held against. All at once: a framework is slow to start.
Reference = Callable[[Sequence[NDArray[np.uint8]]], list[Outputs]]


@dataclasses.dataclass(frozen=True)
class DetectorExport:
    """A detector: `image` uint8 (N, H, W, 3) → `maps` float32 (N, channels, H, W).

    Attributes:
        graph: The network, rewritten to the contract.
        reference: The original.
        detector: What the network asks of the steps around it.
        check_decoding: Holds what we read in one page's maps, float32 (channels, H, W), against what another program
            does, where there is one, and raises ExportError.
    """

    graph: ModelProto
    reference: Reference
    detector: Detector
    check_decoding: Callable[[FloatArray], None] | None = None


@dataclasses.dataclass(frozen=True)
class RecognizerExport:
    """A recognizer: `crops` uint8 (N, H, W, 3) → `indices` int32 and `confidences` float32, (N, T) each.

    Attributes:
        graph: The network, rewritten to the contract.
        reference: The original.
        recognizer: What the network asks of the steps around it.
    """

    graph: ModelProto
    reference: Reference
    recognizer: Recognizer
