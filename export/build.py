"""A detector and a recognizer: built, compared with the originals, and given the graphs that CPUs run fastest."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from downloads import Source
from export import cpu, verify, weights
from export.choices import Choice
from export.contract import DETECTOR_MODEL, RECOGNIZER_MODEL, DetectorExport, RecognizerExport

SAMPLES = Path(__file__).parent.parent / "samples"


@dataclasses.dataclass(frozen=True)
class Built:
    """A verified pair.

    Attributes:
        detector: For text_detection.
        recognizer: For text_recognition.
        cpu_graphs: The forms of both for CPUs, by the names of their models.
    """

    detector: DetectorExport
    recognizer: RecognizerExport
    cpu_graphs: dict[str, ModelProto]


def build(
    detector: tuple[Choice[DetectorExport], list[Source]],
    recognizer: tuple[Choice[RecognizerExport], list[Source]],
    cpu_precision: Mapping[str, str],
) -> Built:
    """Build and verify a pair.

    Args:
        detector: The choice, and its files.
        recognizer: The same.
        cpu_precision: `int8` or `float32`, by the names of the models.

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
    cpu_graphs = {DETECTOR_MODEL: detector_export.graph, RECOGNIZER_MODEL: recognizer_export.graph}
    if cpu_precision[DETECTOR_MODEL] == "int8":
        cpu_graphs[DETECTOR_MODEL] = _int8_detector(detector_export)
    if cpu_precision[RECOGNIZER_MODEL] == "int8":
        cpu_graphs[RECOGNIZER_MODEL] = _int8_recognizer(recognizer_export, lines)
    return Built(detector_export, recognizer_export, cpu_graphs)


def _int8_detector(export: DetectorExport) -> ModelProto:
    """The detector for CPUs, verified."""
    graph = cpu.for_cpus(export.graph, verify.detector_inputs(export.detector, SAMPLES))
    _say_int8("detector", verify.verify_cpu_detector(graph, export, SAMPLES), "boxes")
    return graph


def _int8_recognizer(export: RecognizerExport, lines: list[NDArray[np.uint8]]) -> ModelProto:
    """The recognizer for CPUs, verified."""
    graph = cpu.for_cpus(export.graph, verify.line_batches(lines, export.recognizer))
    _say_int8("recognizer", verify.verify_cpu_recognizer(graph, export, lines), "texts")
    return graph


def _say(kind: str, report: verify.Report, decisions: str) -> None:
    click.echo(
        f"  {kind}: {report.batches} batches, largest difference {report.largest_difference:.1e}, "
        f"{report.decisions} {decisions} equal",
        err=True,
    )


def _say_int8(kind: str, report: verify.SameOnCpu, decisions: str) -> None:
    click.echo(f"  {kind} in int8, for CPUs: {report.same} of {report.decisions} {decisions} are the same", err=True)
