"""Other graphs of a network against its contract graph: what they find or read on the sample pages."""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
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
    line_batches,
    runner,
)
from ocr_core import batching, ctc, detection, image
from ocr_core.options import Options
from ocr_core.quads import FloatArray

# int8 and float16 may move a box a little, and may read the odd doubtful character differently.
NEAR_PX = 3
MIN_SAME_IN_INT8 = 0.97
MIN_SAME = 0.99
# A CPU takes a second for a whole shape; of so many lines one tells whether a recognizer reads the same in it.
CHECKED = 3


@dataclasses.dataclass
class Same:
    """How alike a graph and the contract graph are.

    Attributes:
        what: Was compared: boxes or texts.
        decisions: Their number.
        same: How many of them both graphs give.
    """

    what: str
    decisions: int = 0
    same: int = 0

    @property
    def is_enough(self) -> bool:
        """Whether the graph will do in the place of the contract graph."""
        return self.same >= MIN_SAME * self.decisions

    def check_in_int8(self) -> None:
        """Raise ExportError if there are too few in int8."""
        if self.same < MIN_SAME_IN_INT8 * self.decisions:
            raise ExportError(
                f"in int8 only {self.same} of {self.decisions} {self.what} are the same; "
                "export with --cpu-precision float32"
            )


class Likeness(ABC):
    """What a contract graph gives for the samples, which is asked of its other graphs.

    All methods raise ExportError if a graph differs in names, axes or types.

    Attributes:
        kind: Of network.
        graph: The contract graph.
        batches: The samples as the network will get them, (N, height, width, 3) uint8 RGB each.
    """

    kind: str

    def __init__(self, graph: ModelProto, batches: Sequence[NDArray[np.uint8]]) -> None:
        self.graph, self.batches = graph, batches

    def in_float32(self, graph: ModelProto) -> Same:
        """Of a graph in float32."""
        return self._compare(graph, graph)

    def in_int8(self, graph: ModelProto) -> Same:
        """Of one in int8, as processors with VNNI compute it."""
        return self._compare(graph, exact_int8.with_uint8_weights(graph))

    def in_float16(self, graph: ModelProto) -> Same:
        """Of one in float16, as GPUs round."""
        return self._compare(graph, exact_half.rounding(graph))

    def in_fixed_shapes(self, graph: ModelProto) -> Same:
        """Of one in fixed shapes."""
        return self._compare(graph, graph)

    @abstractmethod
    def _compare(self, graph: ModelProto, exact: ModelProto) -> Same:
        """Compare with `exact`, which computes what `graph` does on the processor that it is for."""


class Boxes(Likeness):
    """Those that a detector finds on the sample pages."""

    kind = "detector"

    def __init__(self, export: DetectorExport, samples: Path) -> None:
        super().__init__(export.graph, detector_inputs(export.detector, samples))
        self._detector = export.detector

    @cached_property
    def _wanted(self) -> list[FloatArray]:
        return self._find(self.graph)

    def _compare(self, graph: ModelProto, exact: ModelProto) -> Same:
        check_signature(graph, "image", DETECTOR_OUTPUTS)
        report = Same("boxes")
        for ours, theirs in zip(self._find(exact), self._wanted, strict=True):
            report.same += _near_boxes(ours, theirs)
            report.decisions += max(len(ours), len(theirs))
        return report

    def _find(self, graph: ModelProto) -> list[FloatArray]:
        run = runner(graph)
        return [
            detection.decode(run(page)["maps"][0], image.size(page[0]), self._detector, Options())[0]
            for page in self.batches
        ]


class Texts(Likeness):
    """Those that a recognizer reads in the lines of the sample pages, (height, width, 3) uint8 RGB each."""

    kind = "recognizer"

    def __init__(self, export: RecognizerExport, lines: list[NDArray[np.uint8]]) -> None:
        super().__init__(export.graph, line_batches(lines, export.recognizer))
        self._recognizer, self._lines = export.recognizer, lines

    @cached_property
    def _wanted(self) -> list[str]:
        return self._read(self.graph, self._lines, batching.ALONE)

    def in_groups(self, graph: ModelProto, alone: ModelProto) -> Same:
        """Of one that reads in groups, with what the same network reads of each line alone."""
        check_signature(graph, "crops", RECOGNIZER_OUTPUTS)
        lines = self._lines[::CHECKED]
        read = (self._read(graph, lines, batching.GROUPED), self._read(alone, lines, batching.ALONE))
        return Same("texts", len(lines), sum(our == their for our, their in zip(*read, strict=True)))

    def in_fixed_shapes(self, graph: ModelProto) -> Same:
        """Of one in fixed shapes, in calls that fill them."""
        return self._compare(graph, graph, every=CHECKED, limits=batching.FIXED)

    def _compare(
        self, graph: ModelProto, exact: ModelProto, every: int = 1, limits: batching.Limits = batching.ALONE
    ) -> Same:
        check_signature(graph, "crops", RECOGNIZER_OUTPUTS)
        ours, theirs = self._read(exact, self._lines[::every], limits), self._wanted[::every]
        return Same("texts", len(theirs), sum(our == their for our, their in zip(ours, theirs, strict=True)))

    def _read(self, graph: ModelProto, lines: list[NDArray[np.uint8]], limits: batching.Limits) -> list[str]:
        """What a graph reads in each line, in calls of these limits."""
        widths = np.array([line.shape[1] for line in lines], np.int32)
        calls, batches = batching.pack(np.concatenate(lines, axis=1), widths, self._recognizer, limits)
        run, texts = runner(graph), [""] * len(lines)
        for call, batch in zip(calls, batches, strict=True):
            read = run(batch)
            found, _ = ctc.decode(read["indices"], read["confidences"], self._recognizer.characters)
            for line, text in zip(call.tolist(), found, strict=True):
                texts[line] = text
        return texts


def _near_boxes(ours: FloatArray, theirs: FloatArray) -> int:
    """How many of their boxes have one of ours in the same place."""
    if len(ours) == 0:
        return 0
    distances = np.abs(theirs[:, None] - ours).max(axis=(2, 3))
    return int((distances.min(axis=1, initial=np.inf) <= NEAR_PX).sum())
