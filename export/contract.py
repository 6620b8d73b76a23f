"""What every model family hands to the exporter, whatever framework it comes from."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from ocr_core.geometry import CropGeometry

# uint8 (N, H, W, 3) RGB → the contract's outputs by name, computed by the original network in its own framework
# with its own pre-processing: what the exported graph is held against.
Reference = Callable[[NDArray[np.uint8]], dict[str, NDArray[Any]]]


@dataclasses.dataclass(frozen=True)
class DetectorExport:
    """A detector: `image` uint8 (N, H, W, 3) → `maps` float32 (N, channels, H, W)."""

    graph: ModelProto
    reference: Reference


@dataclasses.dataclass(frozen=True)
class RecognizerExport:
    """A recogniser: `crops` uint8 (N, H, W, 3) → `indices` int32 and `confidences` float32, (N, T) each.

    Attributes:
        characters: Entry i is class i; entry 0 is the CTC blank.
        geometry: The crops that it takes.
    """

    graph: ModelProto
    reference: Reference
    characters: list[str]
    geometry: CropGeometry
