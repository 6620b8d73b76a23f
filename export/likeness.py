"""A graph for CPUs or GPUs against the float32 graph it was made of: what both find or read on the sample pages."""

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from export import exact_half, exact_int8
from export.contract import DetectorExport, RecognizerExport
from export.errors import ExportError
from export.verify import (
    DETECTOR_OUTPUTS,
    RECOGNIZER_OUTPUTS,
    check_signature,
    detector_inputs,
    runner,
)
from ocr_core import batching, ctc, detection, image
from ocr_core.options import Options
from ocr_core.quads import FloatArray

# int8 and float16 may move a box a little, and may read the odd doubtful character differently.
NEAR_PX = 3
MIN_SAME_ON_CPU = 0.97
MIN_SAME_ON_GPU = 0.99
# A CPU takes a second for a whole shape; of so many lines one tells whether a recognizer reads the same in it.
CHECKED = 3


@dataclasses.dataclass
class Same:
    """How alike a graph for CPUs or GPUs and the float32 graph are.

    Attributes:
        decisions: Number of boxes or texts.
        same: How many of them both graphs give.
    """

    decisions: int = 0
    same: int = 0

    @property
    def is_enough_on_gpus(self) -> bool:
        """Whether float16 will do."""
        return self.same >= MIN_SAME_ON_GPU * self.decisions

    def check_on_cpus(self, what: str) -> None:
        """Raise ExportError if there are too few in int8."""
        if self.same < MIN_SAME_ON_CPU * self.decisions:
            raise ExportError(
                f"in int8 only {self.same} of {self.decisions} {what} are the same; export with --cpu-precision float32"
            )


def verify_cpu_detector(graph: ModelProto, export: DetectorExport, samples: Path) -> Same:
    """Compare the boxes of a detector's CPU graph with those of its float32 graph on real pages.

    Raises:
        ExportError: They differ in names, axes or types, or too many boxes differ.
    """
    report = _same_boxes(graph, exact_int8.with_uint8_weights(graph), export, samples)
    report.check_on_cpus("boxes")
    return report


def verify_cpu_recognizer(graph: ModelProto, export: RecognizerExport, lines: list[NDArray[np.uint8]]) -> Same:
    """Compare the texts of a recognizer's CPU graph with those of its float32 graph on real lines.

    Raises:
        ExportError: They differ in names, axes or types, or too many texts differ.
    """
    report = _same_texts(graph, exact_int8.with_uint8_weights(graph), export, lines)
    report.check_on_cpus("texts")
    return report


def verify_gpu_detector(graph: ModelProto, export: DetectorExport, samples: Path) -> Same:
    """Compare the boxes of a detector's GPU graph, as GPUs round, with those of its float32 graph on real pages.

    Raises:
        ExportError: They differ in names, axes or types.
    """
    return _same_boxes(graph, exact_half.rounding(graph), export, samples)


def verify_gpu_recognizer(graph: ModelProto, export: RecognizerExport, lines: list[NDArray[np.uint8]]) -> Same:
    """Compare the texts of a recognizer's GPU graph, as GPUs round, with those of its float32 graph on real lines.

    Raises:
        ExportError: They differ in names, axes or types.
    """
    return _same_texts(graph, exact_half.rounding(graph), export, lines)


def verify_fixed_detector(graph: ModelProto, export: DetectorExport, samples: Path) -> Same:
    """Compare the boxes of a detector in fixed shapes with those of its float32 graph on real pages.

    Raises:
        ExportError: They differ in names, axes or types.
    """
    return _same_boxes(graph, graph, export, samples)


def verify_fixed_recognizer(graph: ModelProto, export: RecognizerExport, lines: list[NDArray[np.uint8]]) -> Same:
    """Compare the texts of a recognizer in fixed shapes, in calls that fill them, with those of its float32 graph.

    Raises:
        ExportError: They differ in names, axes or types.
    """
    return _same_texts(graph, graph, export, lines[::CHECKED], batching.FIXED)


def _same_boxes(graph: ModelProto, exact: ModelProto, export: DetectorExport, samples: Path) -> Same:
    """Compare boxes of `exact`, which computes what `graph` does on the processor that it is for."""
    check_signature(graph, "image", DETECTOR_OUTPUTS)
    run, run_float, report = runner(exact), runner(export.graph), Same()
    for page in detector_inputs(export.detector, samples):
        ours, theirs = (
            detection.decode(r(page)["maps"][0], image.size(page[0]), export.detector, Options())[0]
            for r in (run, run_float)
        )
        report.same += _near_boxes(ours, theirs)
        report.decisions += max(len(ours), len(theirs))
    return report


def _same_texts(
    graph: ModelProto,
    exact: ModelProto,
    export: RecognizerExport,
    lines: list[NDArray[np.uint8]],
    limits: batching.Limits = batching.SMALL,
) -> Same:
    """Compare texts in the same way; `limits` are of the calls that `exact` is given."""
    check_signature(graph, "crops", RECOGNIZER_OUTPUTS)
    ours, theirs = _texts(exact, export, lines, limits), _texts(export.graph, export, lines, batching.SMALL)
    return Same(len(lines), sum(ours[line] == theirs[line] for line in range(len(lines))))


def _texts(
    graph: ModelProto, export: RecognizerExport, lines: list[NDArray[np.uint8]], limits: batching.Limits
) -> dict[int, str]:
    """What a graph reads of each line, in calls of these limits."""
    widths = np.array([line.shape[1] for line in lines], np.int32)
    calls, batches = batching.pack(np.concatenate(lines, axis=1), widths, export.recognizer, limits)
    run = runner(graph)
    texts: dict[int, str] = {}
    for call, batch in zip(calls, batches, strict=True):
        read = run(batch)
        found, _ = ctc.decode(read["indices"], read["confidences"], export.recognizer.characters)
        texts |= dict(zip(call.tolist(), found, strict=True))
    return texts


def _near_boxes(ours: FloatArray, theirs: FloatArray) -> int:
    """How many of their boxes have one of ours in the same place."""
    if len(ours) == 0:
        return 0
    distances = np.abs(theirs[:, None] - ours).max(axis=(2, 3))
    return int((distances.min(axis=1, initial=np.inf) <= NEAR_PX).sum())
