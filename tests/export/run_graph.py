"""`run_graph.py GRAPH FOLDER`: what a graph with one input gives for each .npy file, as an .npz file beside it.

Runs where there is another ONNX Runtime than the exporter's.
"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime as ort


def main(graph: str, folder: str) -> None:
    """Run the graph."""
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    for file in sorted(Path(folder).glob("*.npy")):
        outputs = session.run(names, {session.get_inputs()[0].name: np.load(file)})
        np.savez(file.with_suffix(".npz"), **dict(zip(names, outputs, strict=True)))


if __name__ == "__main__":
    main(*sys.argv[1:])
