"""A detector and a recognizer: built, compared with the originals, and given the graphs for CPUs and for GPUs."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import click
from onnx import ModelProto

from downloads import Source
from export import cpu, cuda, fixed_shapes, gpu, groups, likeness, verify, weights
from export.choices import Choice
from export.contract import DETECTOR_MODEL, RECOGNIZER_MODEL, DetectorExport, RecognizerExport
from export.errors import ExportError
from export.manifest import Inputs
from ocr_core import batching
from ocr_core.shapes import CALLS, PAGES

# About so many pages or calls are enough to show how great the values of a network become.
WATCHED = 10
# Networks whose GELU is approximated where that is faster. With the detector's, too, two more of 1,440 tokens that were
# read in street scenes were wrong.
NEARLY = ("recognizer",)
# What becomes of a network that would find or read something else.
UNCUT = "it stays as it is, and is slower"
STAYS, UNFIXED = "it stays in float32", "it gets no fixed shapes, and is slow on GPUs without TensorRT"
SAMPLES = Path(__file__).parent.parent / "samples"


@dataclasses.dataclass(frozen=True)
class Forms:
    """A network for each kind of processor.

    Attributes:
        floats: In float32, for CPUs without VNNI; a recognizer reads in groups.
        cpu: For those with it: in int8, or in float32 where that was not asked for; a recognizer reads in groups.
        gpu: In float16, for TensorRT; in float32 where that was not asked for, or finds or reads something else.
        cuda: In fixed shapes, where the network allows that.
    """

    floats: ModelProto
    cpu: ModelProto
    gpu: ModelProto
    cuda: ModelProto


@dataclasses.dataclass(frozen=True)
class Built:
    """A verified pair.

    Attributes:
        detector: For text_detection.
        recognizer: For text_recognition.
        forms: Of those that were asked for, by the names of their models.
    """

    detector: DetectorExport
    recognizer: RecognizerExport
    forms: dict[str, Forms]


def build(
    detector: tuple[Choice[DetectorExport], list[Source]],
    recognizer: tuple[Choice[RecognizerExport], list[Source]],
    inputs: Inputs,
) -> Built:
    """Build and verify a pair.

    Args:
        detector: The choice, and its files.
        recognizer: The same.
        inputs: What was asked of the models of these names: the precision of their graphs for CPUs and for GPUs. A
            detector that is not among them only finds the lines that the recognizer is verified on.

    Raises:
        DownloadError: A file is not within reach.
        ExportError: A file is another network's, or a graph differs from the original.
    """
    detector_export = detector[0].build(*weights.fetch_all(detector[1]))
    recognizer_export = recognizer[0].build(*weights.fetch_all(recognizer[1]))
    click.echo("Verifying the rewritten graphs against the originals ...", err=True)
    forms = {}
    if DETECTOR_MODEL in inputs:
        _say("detector", verify.verify_detector(detector_export, SAMPLES), "boxes")
    lines = verify.cut_lines(detector_export, recognizer_export.recognizer, SAMPLES)
    _say("recognizer", verify.verify_recognizer(recognizer_export, lines), "texts")
    if DETECTOR_MODEL in inputs:
        boxes, pages = likeness.Boxes(detector_export, SAMPLES), [(1, *page) for page in PAGES]
        forms[DETECTOR_MODEL] = _forms(boxes, inputs[DETECTOR_MODEL], pages)
    texts = likeness.Texts(recognizer_export, lines)
    calls = [(crops, recognizer_export.recognizer.height, width) for crops, width in CALLS]
    padding = batching.PADDING if recognizer_export.recognizer.padding == "grey" else None
    forms[RECOGNIZER_MODEL] = _forms(texts, inputs[RECOGNIZER_MODEL], calls, padding)
    if grouped := _in_groups(texts, forms[RECOGNIZER_MODEL]):
        forms[RECOGNIZER_MODEL] = grouped
        in_groups = dataclasses.replace(recognizer_export.recognizer, in_groups=True)
        recognizer_export = dataclasses.replace(recognizer_export, recognizer=in_groups)
    return Built(detector_export, recognizer_export, forms)


def _forms(
    wanted: likeness.Likeness,
    asked: Mapping[str, object],
    shapes: Sequence[fixed_shapes.Shape],
    padding: int | None = None,
) -> Forms:
    """The forms of one network, verified."""
    nearly = wanted.kind in NEARLY
    floats = cpus = _in_float32(wanted, "without VNNI", gelu_by_tanh=nearly)
    if asked["cpu_precision"] == "int8":
        cpus = _in_int8(wanted)
    elif nearly:
        cpus = _in_float32(wanted, "with VNNI", gelu_by_tanh=False)
    return Forms(
        floats=floats,
        cpu=cpus,
        gpu=_in_float16(wanted) if asked["gpu_precision"] == "float16" else wanted.graph,
        cuda=_in_fixed_shapes(wanted, shapes, padding),
    )


def _in_float32(wanted: likeness.Likeness, cpus: str, *, gelu_by_tanh: bool) -> ModelProto:
    graph = cpu.in_float32(wanted.graph, gelu_by_tanh=gelu_by_tanh)
    return _if_same(wanted, f"float32, for CPUs {cpus}", wanted.in_float32, graph, UNCUT)


def _in_int8(wanted: likeness.Likeness) -> ModelProto:
    graph = cpu.in_int8(wanted.graph, wanted.batches)
    report = wanted.in_int8(graph)
    report.check_in_int8()
    _say_same(f"{wanted.kind} in int8, for CPUs with VNNI", report)
    return graph


def _in_float16(wanted: likeness.Likeness) -> ModelProto:
    watched = wanted.batches[:: max(len(wanted.batches) // WATCHED, 1)]
    graph = gpu.for_gpus(wanted.graph, watched)
    return _if_same(wanted, "float16, for TensorRT", wanted.in_float16, graph, STAYS)


def _in_fixed_shapes(
    wanted: likeness.Likeness, shapes: Sequence[fixed_shapes.Shape], padding: int | None
) -> ModelProto:
    try:
        graph = cuda.for_cuda(wanted.graph, shapes, padding)
        return _if_same(wanted, "fixed shapes, for CUDA", wanted.in_fixed_shapes, graph, UNFIXED)
    except ExportError as error:
        click.echo(f"  {wanted.kind}: no fixed shapes, and slow on GPUs without TensorRT: {error}", err=True)
        return wanted.graph


def _in_groups(texts: likeness.Texts, forms: Forms) -> Forms | None:
    """The same, with the graphs for CPUs in groups, if these read what they read of each line alone."""
    grouped = dataclasses.replace(forms, floats=groups.in_groups(forms.floats), cpu=groups.in_groups(forms.cpu))
    reports = [texts.in_groups(grouped.floats, forms.floats), texts.in_groups(grouped.cpu, forms.cpu)]
    is_enough = all(report.is_enough for report in reports)
    for cpus, report in zip(("without VNNI", "with VNNI"), reports, strict=True):
        _say_same(f"recognizer in groups, for CPUs {cpus}", report, "" if is_enough else UNCUT)
    return grouped if is_enough else None


def _if_same(
    wanted: likeness.Likeness,
    form: str,
    compare: Callable[[ModelProto], likeness.Same],
    graph: ModelProto,
    otherwise: str,
) -> ModelProto:
    """The graph if it finds or reads the same, else the contract graph, and why."""
    report = compare(graph)
    _say_same(f"{wanted.kind} in {form}", report, "" if report.is_enough else otherwise)
    return graph if report.is_enough else wanted.graph


def _say(kind: str, report: verify.Report, decisions: str) -> None:
    click.echo(
        f"  {kind}: {report.batches} batches, largest difference {report.largest_difference:.1e}, "
        f"{report.decisions} {decisions} equal",
        err=True,
    )


def _say_same(what: str, report: likeness.Same, otherwise: str = "") -> None:
    kept = f"; too few, {otherwise}" if otherwise else ""
    click.echo(f"  {what}: {report.same} of {report.decisions} {report.what} are the same{kept}", err=True)
