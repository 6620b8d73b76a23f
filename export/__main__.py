"""Command line of the exporter."""

import hashlib
import time
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any, NoReturn

import click
import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from downloads import DownloadError, Source, fetch
from export import cpu, graph, verify, weights
from export.choices import DETECTORS, RECOGNIZERS, Choice
from export.contract import DetectorExport, RecognizerExport
from export.errors import ExportError
from export.repository import PREFIX, TEMPLATE, ModelRepository

SAMPLES = Path(__file__).parent.parent / "samples"


class Name(click.Choice[str]):
    """One of a few names; another one ends as all errors of the exporter do, in one sentence and with status 1."""

    def fail(self, message: str, param: click.Parameter | None = None, ctx: click.Context | None = None) -> NoReturn:
        """Say which there are."""
        del param, ctx  # the names tell which option is meant
        raise click.ClickException(message)


def list_choices(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    """Print the table of choices and leave."""
    if not wanted or context.resilient_parsing:
        return
    for kind, choices in (("detector", DETECTORS), ("recognizer", RECOGNIZERS)):
        for choice in choices.values():
            megabytes = sum(source.size for source in choice.sources) / 1e6
            licences = ", ".join(sorted({source.licence for source in choice.sources}))
            click.echo(f"--{kind} {choice.name}")
            click.echo(f"    {megabytes:.1f} MB, {licences}; reads {choice.reads}; {choice.good_for}")
            for source in choice.sources:
                click.echo(f"    {source.name} from {source.origin}")
    context.exit()


@click.command(epilog="The graphs are checked against the original networks before anything is written.")
@click.option("--detector", type=Name(list(DETECTORS)), default="ppocrv6-small", show_default=True)
@click.option("--recognizer", type=Name(list(RECOGNIZERS)), default="ppocrv6-small", show_default=True)
@click.option(
    "--version",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Version directories to write.",
)
@click.option(
    "--model-repository",
    type=click.Path(path_type=Path, file_okay=False),
    default=TEMPLATE,
    help="Repository to write into; made if it is not there.  [default: the project's model_repository]",
)
@click.option(
    "--weights",
    "given",
    multiple=True,
    metavar="NAME=FILE",
    callback=weights.parse,
    help="Take a file of your own for a source (see --list); may be given for several.",
)
@click.option(
    "--cpu-precision",
    type=click.Choice(["int8", "float32"]),
    default="int8",
    show_default=True,
    help="Of what CPUs run. int8 is made for those that multiply bytes (AVX-512 VNNI, AVX-VNNI, AMX, Arm) and used "
    "where a choice reads as well with it. GPUs run float32, or what their profile makes of it.",
)
@click.option("--force", is_flag=True, help="Export even if the same models are there already.")
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=list_choices,
    help="List what can be chosen.",
)
def main(
    detector: str,
    recognizer: str,
    version: int,
    model_repository: Path,
    given: dict[str, Source],
    cpu_precision: str,
    force: bool,
) -> None:
    """Fetch a detector and a recognizer, rewrite them to the service's contract, verify and install them.

    Every detector works with every recognizer.
    """
    try:
        repository = ModelRepository(model_repository, version)
        _export(DETECTORS[detector], RECOGNIZERS[recognizer], repository, given, cpu_precision, force)
    except (ExportError, DownloadError) as error:
        raise click.ClickException(str(error)) from error


def _export(
    detector: Choice[DetectorExport],
    recognizer: Choice[RecognizerExport],
    repository: ModelRepository,
    given: dict[str, Source],
    cpu_precision: str,
    force: bool,
) -> None:
    weights.check_needed((detector, recognizer), given)
    detector_sources, recognizer_sources = weights.find(detector, given), weights.find(recognizer, given)
    notes = {
        "text_detection": _provenance(detector, detector_sources, cpu_precision),
        "text_recognition": _provenance(recognizer, recognizer_sources, cpu_precision),
    }
    if not force and all(repository.provenance(model) == entries for model, entries in notes.items()):
        click.echo(f"{detector.name} and {recognizer.name} are in {repository.root} already", err=True)
        return
    started = time.monotonic()
    detector_export = detector.build(*map(fetch, detector_sources))
    recognizer_export = recognizer.build(*map(fetch, recognizer_sources))
    click.echo("Verifying the rewritten graphs against the originals ...", err=True)
    _tell("detector", detector.name, verify.verify_detector(detector_export, SAMPLES), "boxes")
    lines = verify.cut_lines(detector_export, recognizer_export.recognizer, SAMPLES)
    _tell("recognizer", recognizer.name, verify.verify_recognizer(recognizer_export, lines), "texts")
    cpu_graphs = {"text_detection": detector_export.graph, "text_recognition": recognizer_export.graph}
    if notes["text_detection"]["cpu_precision"] == "int8":
        cpu_graphs["text_detection"] = _detector_in_8_bits(detector_export)
    if notes["text_recognition"]["cpu_precision"] == "int8":
        cpu_graphs["text_recognition"] = _recognizer_in_8_bits(recognizer_export, lines)
    for model, export in (("text_detection", detector_export), ("text_recognition", recognizer_export)):
        for form in (export.graph, cpu_graphs[model]):
            graph.set_provenance(form, {PREFIX + key: value for key, value in notes[model].items()})
    repository.write(detector_export, recognizer_export, cpu_graphs)
    click.echo(
        f"Exported to {repository.root}, version {repository.version}, in {time.monotonic() - started:.0f} s",
        err=True,
    )


def _detector_in_8_bits(export: DetectorExport) -> ModelProto:
    """The detector for CPUs, verified."""
    made = cpu.for_cpus(export.graph, verify.detector_inputs(export.detector, SAMPLES))
    _tell_8_bits("detector", verify.verify_cpu_detector(made, export, SAMPLES), "boxes")
    return made


def _recognizer_in_8_bits(export: RecognizerExport, lines: list[NDArray[np.uint8]]) -> ModelProto:
    """The recognizer for CPUs, verified."""
    made = cpu.for_cpus(export.graph, verify.line_batches(lines, export.recognizer))
    _tell_8_bits("recognizer", verify.verify_cpu_recognizer(made, export, lines), "texts")
    return made


def _provenance(choice: Choice[Any], sources: list[Source], cpu_precision: str) -> dict[str, str]:
    """Where a model comes from and what made it: two exports with equal entries are equal."""

    def join(field: str) -> str:
        return ", ".join(str(getattr(source, field)) for source in sources)

    return {
        "choice": choice.name,
        "source": join("origin"),
        "sha256": join("sha256"),
        "licence": join("licence"),
        "cpu_precision": cpu_precision if choice.in_8_bits else "float32",
        "onnx": package_version("onnx"),
        "exporter": _exporter_version(),
    }


def _exporter_version() -> str:
    """The project's version and a digest of the exporter's own code, so that a change of it exports anew."""
    code = b"".join(file.read_bytes() for file in sorted(Path(__file__).parent.rglob("*.py")))
    return f"{package_version('ocr-triton')}+{hashlib.sha256(code).hexdigest()[:12]}"


def _tell(kind: str, name: str, report: verify.Report, decisions: str) -> None:
    click.echo(
        f"  {kind} {name}: {report.batches} batches, largest difference {report.largest_difference:.1e}, "
        f"{report.decisions} {decisions} equal",
        err=True,
    )


def _tell_8_bits(kind: str, report: verify.SameOnCpu, decisions: str) -> None:
    click.echo(f"  {kind} in 8 bits, for CPUs: {report.same} of {report.decisions} {decisions} are the same", err=True)


if __name__ == "__main__":
    main(prog_name="python -m export")
