"""A detector and a recognizer: built, compared with the originals, and given the graphs for CPUs and for GPUs."""

import dataclasses
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from downloads import Source
from export import cpu, fixed_shapes, gpu, likeness, verify, weights
from export.choices import Choice
from export.contract import DETECTOR_MODEL, RECOGNIZER_MODEL, DetectorExport, RecognizerExport
from export.errors import ExportError
from export.manifest import Inputs
from ocr_core import batching
from ocr_core.shapes import CALLS, PAGES

# Of so many calls one is enough to show how great a recognizer's values become.
WATCHED = 4
# What becomes of a network that would find or read something else.
STAYS, UNFIXED = "it stays in float32", "it gets no fixed shapes, and is slow on GPUs without TensorRT"
SAMPLES = Path(__file__).parent.parent / "samples"


@dataclasses.dataclass(frozen=True)
class Built:
    """A verified pair.

    Attributes:
        detector: For text_detection.
        recognizer: For text_recognition.
        cpu_graphs: The forms of both for CPUs, by the names of their models.
        gpu_graphs: Those for GPUs.
        cuda_graphs: Those in fixed shapes, where the networks allow that.
    """

    detector: DetectorExport
    recognizer: RecognizerExport
    cpu_graphs: dict[str, ModelProto]
    gpu_graphs: dict[str, ModelProto]
    cuda_graphs: dict[str, ModelProto]

    @property
    def graphs(self) -> dict[str, ModelProto]:
        """The float32 graphs of both."""
        return {DETECTOR_MODEL: self.detector.graph, RECOGNIZER_MODEL: self.recognizer.graph}


def build(
    detector: tuple[Choice[DetectorExport], list[Source]],
    recognizer: tuple[Choice[RecognizerExport], list[Source]],
    inputs: Inputs,
) -> Built:
    """Build and verify a pair.

    Args:
        detector: The choice, and its files.
        recognizer: The same.
        inputs: What was asked of the models of these names: the precision of their graphs for CPUs and for GPUs.

    Raises:
        DownloadError: A file is not within reach.
        ExportError: A file is another network's, or a graph differs from the original.
    """
    detector_export = detector[0].build(*weights.fetch_all(detector[1]))
    recognizer_export = recognizer[0].build(*weights.fetch_all(recognizer[1]))
    click.echo("Verifying the rewritten graphs against the originals ...", err=True)
    _say("detector", verify.verify_detector(detector_export, SAMPLES), "boxes")
    lines = verify.cut_lines(detector_export, recognizer_export.recognizer, SAMPLES)
    _say("recognizer", verify.verify_recognizer(recognizer_export, lines), "texts")
    floats = {DETECTOR_MODEL: detector_export.graph, RECOGNIZER_MODEL: recognizer_export.graph}
    cpu_graphs, gpu_graphs = dict(floats), dict(floats)
    if inputs[DETECTOR_MODEL]["cpu_precision"] == "int8":
        cpu_graphs[DETECTOR_MODEL] = _int8_detector(detector_export)
    if inputs[RECOGNIZER_MODEL]["cpu_precision"] == "int8":
        cpu_graphs[RECOGNIZER_MODEL] = _int8_recognizer(recognizer_export, lines)
    if inputs[DETECTOR_MODEL]["gpu_precision"] == "float16":
        gpu_graphs[DETECTOR_MODEL] = _half_detector(detector_export)
    if inputs[RECOGNIZER_MODEL]["gpu_precision"] == "float16":
        gpu_graphs[RECOGNIZER_MODEL] = _half_recognizer(recognizer_export, lines)
    cuda_graphs = {
        DETECTOR_MODEL: _fixed_detector(detector_export),
        RECOGNIZER_MODEL: _fixed_recognizer(recognizer_export, lines),
    }
    return Built(detector_export, recognizer_export, cpu_graphs, gpu_graphs, cuda_graphs)


def _int8_detector(export: DetectorExport) -> ModelProto:
    """The detector for CPUs, verified."""
    graph = cpu.for_cpus(export.graph, verify.detector_inputs(export.detector, SAMPLES))
    _say_same("detector in int8, for CPUs", likeness.verify_cpu_detector(graph, export, SAMPLES), "boxes")
    return graph


def _int8_recognizer(export: RecognizerExport, lines: list[NDArray[np.uint8]]) -> ModelProto:
    """The recognizer for CPUs, verified."""
    graph = cpu.for_cpus(export.graph, verify.line_batches(lines, export.recognizer))
    _say_same("recognizer in int8, for CPUs", likeness.verify_cpu_recognizer(graph, export, lines), "texts")
    return graph


def _half_detector(export: DetectorExport) -> ModelProto:
    """The detector for GPUs: in float16 if it finds the same so."""
    graph = gpu.for_gpus(export.graph, verify.detector_inputs(export.detector, SAMPLES))
    report = likeness.verify_gpu_detector(graph, export, SAMPLES)
    return _if_enough("detector in float16, for TensorRT", report, "boxes", graph, export.graph, STAYS)


def _half_recognizer(export: RecognizerExport, lines: list[NDArray[np.uint8]]) -> ModelProto:
    """The recognizer for GPUs: in float16 if it reads the same so."""
    graph = gpu.for_gpus(export.graph, verify.line_batches(lines, export.recognizer)[::WATCHED])
    report = likeness.verify_gpu_recognizer(graph, export, lines)
    return _if_enough("recognizer in float16, for TensorRT", report, "texts", graph, export.graph, STAYS)


def _fixed_detector(export: DetectorExport) -> ModelProto:
    """The detector for CUDA: in fixed shapes if it finds the same so."""
    try:
        graph = fixed_shapes.with_shapes(export.graph, [(1, *page) for page in PAGES])
        report = likeness.verify_fixed_detector(graph, export, SAMPLES)
    except ExportError as error:
        return _unfixed("detector", export.graph, error)
    return _if_enough("detector in fixed shapes, for CUDA", report, "boxes", graph, export.graph, UNFIXED)


def _fixed_recognizer(export: RecognizerExport, lines: list[NDArray[np.uint8]]) -> ModelProto:
    """The recognizer for CUDA: in fixed shapes if it reads the same so."""
    height = export.recognizer.height
    try:
        padding = batching.PADDING if export.recognizer.padding == "grey" else None
        graph = fixed_shapes.with_shapes(export.graph, [(crops, height, width) for crops, width in CALLS], padding)
        report = likeness.verify_fixed_recognizer(graph, export, lines)
    except ExportError as error:
        return _unfixed("recognizer", export.graph, error)
    return _if_enough("recognizer in fixed shapes, for CUDA", report, "texts", graph, export.graph, UNFIXED)


def _unfixed(kind: str, graph: ModelProto, error: ExportError) -> ModelProto:
    click.echo(f"  {kind}: no fixed shapes, and slow on GPUs without TensorRT: {error}", err=True)
    return graph


def _if_enough(
    what: str, report: likeness.Same, decisions: str, graph: ModelProto, original: ModelProto, otherwise: str
) -> ModelProto:
    is_enough = report.is_enough_on_gpus
    _say_same(what, report, decisions, "" if is_enough else otherwise)
    return graph if is_enough else original


def _say(kind: str, report: verify.Report, decisions: str) -> None:
    click.echo(
        f"  {kind}: {report.batches} batches, largest difference {report.largest_difference:.1e}, "
        f"{report.decisions} {decisions} equal",
        err=True,
    )


def _say_same(what: str, report: likeness.Same, decisions: str, otherwise: str = "") -> None:
    kept = f"; too few, {otherwise}" if otherwise else ""
    click.echo(f"  {what}: {report.same} of {report.decisions} {decisions} are the same{kept}", err=True)
