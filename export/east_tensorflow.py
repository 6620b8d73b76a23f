"""`python -m export.east_tensorflow VERB GRAPH PATH`: EAST's frozen graph where TensorFlow is.

Called by export/east.py, in an environment of TensorFlow's own that has nothing of this project.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"  # has to be set before TensorFlow is imported

import numpy as np
import tensorflow as tf  # type: ignore[import-not-found,import-untyped,unused-ignore]
import tf2onnx  # type: ignore[import-not-found,import-untyped,unused-ignore]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped,unused-ignore]

# Scaled float (N, H, W, 3) RGB in; score (N, H/4, W/4, 1), and the four distances and the angle (N, H/4, W/4, 5) out.
IMAGES = "input_images:0"
MAPS = ["feature_fusion/Conv_7/Sigmoid:0", "feature_fusion/concat_3:0"]
# Of red, green and blue, as in `mean_image_subtraction` of argman/EAST, which the frozen graph lacks.
MEAN = [123.68, 116.78, 103.94]
OPSET = 17


def load(file: Path) -> "tf.compat.v1.GraphDef":
    """Read a frozen graph; ends the program with one sentence if it is not EAST's."""
    definition = tf.compat.v1.GraphDef()
    try:
        definition.ParseFromString(file.read_bytes())
    except DecodeError:
        sys.exit(f"{file.name} is not a frozen TensorFlow graph")
    names = {node.name for node in definition.node}
    if missing := [tensor for tensor in (IMAGES, *MAPS) if tensor.removesuffix(":0") not in names]:
        sys.exit(f"{file.name} is not EAST's graph: it has no {missing[0]}")
    return definition


def convert(definition: "tf.compat.v1.GraphDef", target: Path) -> None:
    """Write the graph as ONNX, channels first: TensorFlow's channels last would cost a transposition at either end."""
    tf2onnx.convert.from_graph_def(
        definition,
        input_names=[IMAGES],
        output_names=MAPS,
        opset=OPSET,
        inputs_as_nchw=[IMAGES],
        outputs_as_nchw=MAPS,
        output_path=str(target),
    )


def detect(definition: "tf.compat.v1.GraphDef", folder: Path) -> None:
    """Have TensorFlow itself run the graph: the reference that the ONNX file is held against.

    Args:
        definition: As published.
        folder: Of .npy files, each a batch of images, (N, H, W, 3) uint8 RGB; beside each comes an .npz with `maps`,
            (N, 6, H/4, W/4) float32.
    """
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.import_graph_def(definition, name="")
        for file in folder.glob("*.npy"):
            centred = np.load(file).astype(np.float32) - np.array(MEAN, np.float32)
            maps = np.concatenate(session.run(MAPS, {IMAGES: centred}), axis=3)
            np.savez(file.with_suffix(".npz"), maps=maps.transpose(0, 3, 1, 2))


VERBS: dict[str, Callable[[tf.compat.v1.GraphDef, Path], None]] = {"convert": convert, "detect": detect}


def main(verb: str, graph: str, path: str) -> None:
    """Do as the command line says."""
    VERBS[verb](load(Path(graph)), Path(path))


if __name__ == "__main__":
    main(*sys.argv[1:])
