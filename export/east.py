"""EAST (Zhou et al. 2017), as re-implemented in argman/EAST and published as a frozen TensorFlow graph."""

import hashlib
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper

from downloads import cache_directory
from export import east_boxes, graph
from export.contract import MAX_AREA_PX, MAX_SIDE_PX, DetectorExport, Outputs
from export.environment import Environment
from export.errors import ExportError
from export.pruning import drop_dead_channels
from ocr_core.detector import Detector

# One set of versions for Python 3.10 to 3.13; the last three are pinned because they decide what is converted how.
TENSORFLOW = Environment(
    "tensorflow",
    ("tensorflow-cpu==2.21.0", "tf2onnx==1.17.0", "onnx==1.23.2", "numpy==2.2.6", "protobuf==6.33.6"),
)
MODULE = ("-m", "export.east_tensorflow")
# Of red, green and blue; export/east_tensorflow.py says where it is from.
MEAN = [123.68, 116.78, 103.94]
DETECTOR = Detector(
    decoder="east",
    map_stride_px=4,
    side_multiple_px=32,
    max_area_px=MAX_AREA_PX,
    max_side_px=MAX_SIDE_PX,
    # The score threshold of the authors' re-implementation.
    map_threshold=0.8,
    quad_threshold=0.5,
    # In heights of the word: without, street scenes lose 6 % of first letters.
    unclip_ratio=0.1,
)


def detector(frozen: Path) -> DetectorExport:
    """Build the detector from its frozen TensorFlow graph.

    Raises:
        ExportError: TensorFlow cannot be installed, or the file is another graph or none at all.
    """
    model = onnx.load(_converted(frozen))
    graph.take_uint8_rgb(model, "image", MEAN, [1, 1, 1], bgr=False)
    _join_maps(model)
    graph.give_maps(model, DETECTOR.channels)
    # Weight decay has left more than half of the weights at next to nothing.
    graph.zero_denormals(model)
    drop_dead_channels(model)
    return DetectorExport(
        model, partial(_detect, frozen), DETECTOR, partial(east_boxes.check, stride_px=DETECTOR.map_stride_px)
    )


def _converted(frozen: Path) -> Path:
    """The graph as ONNX, kept: converting it takes half a minute."""
    code = Path(__file__).with_name("east_tensorflow.py").read_bytes()
    key = hashlib.sha256(frozen.read_bytes() + code + repr(TENSORFLOW).encode()).hexdigest()
    converted = cache_directory() / "converted" / f"east-{key[:16]}.onnx"
    if not converted.exists():
        try:
            converted.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=converted.parent, suffix=".part") as part:
                click.echo("Converting EAST from TensorFlow, once ...", err=True)
                TENSORFLOW.run(*MODULE, "convert", frozen, Path(part) / converted.name)
                (Path(part) / converted.name).replace(converted)
        except OSError as error:
            raise ExportError(f"cannot keep the converted graph: {error}") from error
    return converted


def _join_maps(model: ModelProto) -> None:
    """Give one output of 6 channels instead of two of 1 and 5."""
    outputs = model.graph.output
    model.graph.node.append(helper.make_node("Concat", [output.name for output in outputs], ["six_maps"], axis=1))
    del outputs[:]
    shape: list[str | int | None] = ["batch", DETECTOR.channels, "height", "width"]
    outputs.append(helper.make_tensor_value_info("six_maps", TensorProto.FLOAT, shape))


def _detect(frozen: Path, batches: Sequence[NDArray[np.uint8]]) -> list[Outputs]:
    """The original: TensorFlow, with its own mean subtraction."""
    return TENSORFLOW.compute(batches, *MODULE, "detect", frozen)
