"""The graphs for CPUs and CUDA in the ONNX Runtime that the image's base has, which is older than the exporter's."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from export import runtime, verify
from export.contract import DetectorExport, RecognizerExport
from export.environment import Environment
from export.repository import CPU_MODEL_FILE, CUDA_MODEL_FILE, MODEL_FILE
from ocr_core import batching
from tests.image.standin.make import WHEELS
from tests.project import SAMPLES

pytestmark = pytest.mark.frameworks

RUNTIME = Environment("onnxruntime", WHEELS)
RUN_GRAPH = Path(__file__).with_name("run_graph.py")
# Rounding; of values from 0 to 1.
TOLERANCE = 1e-4

each_graph = pytest.mark.parametrize("file", [MODEL_FILE, CPU_MODEL_FILE, CUDA_MODEL_FILE])


def check(graph: Path, batches: list[NDArray[np.uint8]]) -> None:
    """Compare what a graph gives there with what it gives here."""
    session = runtime.open_session(graph)
    for batch, theirs in zip(batches, RUNTIME.compute(batches, RUN_GRAPH, graph), strict=True):
        ours = runtime.run(session, batch)
        assert theirs.keys() == ours.keys()
        for name, values in ours.items():
            np.testing.assert_allclose(theirs[name], values, atol=TOLERANCE, err_msg=name)


@each_graph
def test_a_detector_gives_the_same_maps(exported: Path, detector: DetectorExport, file: str) -> None:
    check(exported / "text_detection" / "1" / file, verify.detector_inputs(detector.detector, SAMPLES))


@each_graph
def test_a_recognizer_gives_the_same_classes(
    exported: Path, recognizer: RecognizerExport, lines: list[NDArray[np.uint8]], file: str
) -> None:
    widths = np.array([line.shape[1] for line in lines], np.int32)
    calls = batching.pack(np.concatenate(lines, axis=1), widths, recognizer.recognizer, batching.GROUPED)[1]
    check(exported / "text_recognition" / "1" / file, calls)


@each_graph
def test_crops_in_which_nothing_can_be_read_are_no_fault(exported: Path, file: str) -> None:
    """ONNX Runtime 1.27 does not reduce what has no elements, such as the logits of no character."""
    blank = np.full((2, 48, 96, 3), 255, np.uint8)
    check(exported / "text_recognition" / "1" / file, [blank, blank[:, :, :32]])
