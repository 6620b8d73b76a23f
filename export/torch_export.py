"""Recognizers out of PyTorch checkpoints; torch runs in an environment of its own, see `export/torch_networks`."""

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from PIL import Image

from export import graph
from export.contract import Outputs, RecognizerExport
from export.environment import Environment
from ocr_core.recognizer import Recognizer

# Which build comes, for CUDA or for the CPU alone (1 GB installed), is up to pip's own settings: to the index it asks.
TORCH = Environment("torch", ("torch==2.13.0", "onnx==1.23.2", "numpy==2.2.6"))
MODULE = ("-m", "export.torch_networks")


def recognizer(network: str, checkpoint: Path, asks: Recognizer) -> RecognizerExport:
    """Build a recognizer from a PyTorch checkpoint.

    Args:
        network: Name in `export/torch_networks`.
        checkpoint: Its weights.
        asks: What the network asks of the steps around it.

    Raises:
        ExportError: torch cannot be installed, or the checkpoint is another network's or no checkpoint at all.
    """
    original = (network, checkpoint.absolute())
    with tempfile.TemporaryDirectory() as folder:
        converted = Path(folder) / "recognizer.onnx"
        TORCH.run(*MODULE, "convert", *original, converted)
        model = onnx.load(converted)
    graph.zero_denormals(model)
    return RecognizerExport(model, partial(_read, original), asks)


def _read(arguments: tuple[str | Path, ...], batches: Sequence[NDArray[np.uint8]]) -> list[Outputs]:
    """The original: Pillow's grey, the authors' scaling, and the network in torch."""
    grey = [np.stack([np.asarray(Image.fromarray(crop).convert("L")) for crop in batch]) for batch in batches]
    return TORCH.compute(grey, *MODULE, "read", *arguments)
