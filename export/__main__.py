"""Command line of the exporter."""

import textwrap
import time
from pathlib import Path
from typing import NoReturn

import click

from downloads import DownloadError, Source
from export import graph, own_files, templates, weights
from export.build import Built, build
from export.choices import DETECTORS, RECOGNIZERS, Choice
from export.contract import DETECTOR_MODEL, RECOGNIZER_MODEL, DetectorExport, RecognizerExport
from export.errors import ExportError
from export.further_language import LANGUAGE, MAX_CHARACTERS, FurtherLanguage
from export.manifest import Inputs
from export.provenance import provenance
from export.repository import ModelRepository
from ocr_core.options import DEFAULT_LANGUAGE

# Keys of the provenance in an ONNX file's metadata begin with this.
PREFIX = "ocr_triton."
INDENT = " " * 4  # of the list


class Name(click.Choice[str]):
    """One of a few names or a file; anything else ends as all errors of the exporter do, in one sentence, status 1."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Let a file pass."""
        return value if value.startswith(own_files.PREFIX) else super().convert(value, param, ctx)

    def fail(self, message: str, param: click.Parameter | None = None, ctx: click.Context | None = None) -> NoReturn:
        """Say which there are."""
        del param, ctx  # the names tell which option is meant
        raise click.ClickException(f"{message.removesuffix('.')}; a file of your own is {own_files.FORM}")


def _service(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
    if value is not None and not templates.SERVICE.fullmatch(value):
        raise click.ClickException(f"{value!r} is no name of a service: small letters and digits, such as signs")
    return value or ""


def _language(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
    if value is not None and not (LANGUAGE.fullmatch(value) and value != DEFAULT_LANGUAGE):
        raise click.ClickException(
            f"{value!r} is no name of a further language: at most {MAX_CHARACTERS} small letters, digits and hyphens, "
            "such as ru"
        )
    return value or ""


def list_choices(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    """Print every choice and leave."""
    if not wanted or context.resilient_parsing:
        return
    for kind, choices in (("detector", DETECTORS), ("recognizer", RECOGNIZERS)):
        for choice in choices.values():
            megabytes = sum(source.size for source in choice.sources) / 1e6
            licences = ", ".join(sorted({source.licence for source in choice.sources}))
            click.echo(f"--{kind} {choice.name}")
            click.echo(f"    {choice.good_for}")
            click.echo(textwrap.fill(f"reads {choice.reads}", 100, initial_indent=INDENT, subsequent_indent=INDENT))
            click.echo(f"    {licences}; {megabytes:.1f} MB to fetch:")
            for source in choice.sources:
                click.echo(f"      {source.name} from {source.origin}")
    context.exit()


@click.command(epilog="The exported models are compared with the original ones before anything is written.")
@click.option(
    "--detector",
    type=Name(list(DETECTORS)),
    default="ppocrv6-small",
    show_default=True,
    help="Finds the lines of text. --list describes each. paddleocr:FILE.onnx is a PP-OCR file of your own.",
)
@click.option(
    "--recognizer",
    type=Name(list(RECOGNIZERS)),
    default="ppocrv6-small",
    show_default=True,
    help="Reads the lines. --list describes each. paddleocr:FILE.onnx is a PP-OCR file of your own.",
)
@click.option(
    "--characters",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Characters of the recognizer paddleocr:FILE.onnx, one a line; by default those in its metadata.",
)
@click.option(
    "--version",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Number of the version to write, beside others. A server starts with the highest one.",
)
@click.option(
    "--service",
    metavar="NAME",
    callback=_service,
    help="Write a further service: an ensemble ocr_ensemble_NAME with models of its own, beside the default one.",
)
@click.option(
    "--language",
    metavar="NAME",
    callback=_language,
    help="Write the recognizer alone, beside the default pair, which must be there: requests with the option "
    "language=NAME are read by it.",
)
@click.option(
    "--model-repository",
    type=click.Path(path_type=Path, file_okay=False),
    default=templates.TEMPLATE,
    help="Folder to write into. It is created if needed.  [default: the project's model_repository]",
)
@click.option(
    "--weights",
    "given",
    multiple=True,
    metavar="NAME=FILE",
    callback=weights.parse,
    help="Use a file of your own for the download of this NAME (see --list). May be repeated.",
)
@click.option(
    "--cpu-precision",
    type=click.Choice(["int8", "float32"]),
    default="int8",
    show_default=True,
    help="Precision of the models for CPUs. int8 is faster on processors with AVX-512 VNNI, AVX-VNNI, AMX or Arm's dot "
    "products. A model that reads worse in int8 stays in float32.",
)
@click.option(
    "--gpu-precision",
    type=click.Choice(["float16", "float32"]),
    default="float16",
    show_default=True,
    help="Precision of the models for TensorRT. A model that reads worse in float16 stays in float32.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Export even if nothing has changed, and replace configurations that you have edited (kept as *.old).",
)
@click.option(
    "--list",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=list_choices,
    help="List the detectors and recognizers, then exit.",
)
def main(
    detector: str,
    recognizer: str,
    characters: Path | None,
    version: int,
    service: str,
    language: str,
    model_repository: Path,
    given: dict[str, Source],
    cpu_precision: str,
    gpu_precision: str,
    force: bool,
) -> None:
    """Fetch a detector and a recognizer and write them into a model repository.

    Every detector works with every recognizer. If nothing has changed since the last export, nothing is written.
    """
    if service and language:
        raise click.ClickException("--language is for the default service; leave out --service")
    try:
        repository = (
            FurtherLanguage(model_repository, version, language)
            if language
            else ModelRepository(model_repository, version, service)
        )
        chosen = own_files.detector(detector), own_files.recognizer(recognizer, characters)
        _export(*chosen, repository, given, (cpu_precision, gpu_precision), force)
    except (ExportError, DownloadError) as error:
        raise click.ClickException(str(error)) from error


def _export(
    detector: Choice[DetectorExport],
    recognizer: Choice[RecognizerExport],
    repository: ModelRepository | FurtherLanguage,
    given: dict[str, Source],
    precisions: tuple[str, str],
    force: bool,
) -> None:
    repository.check()
    weights.check_needed((detector, recognizer), given)
    detector_sources, recognizer_sources = weights.find(detector, given), weights.find(recognizer, given)
    inputs = {
        DETECTOR_MODEL: provenance(detector, detector_sources, *precisions),
        RECOGNIZER_MODEL: provenance(recognizer, recognizer_sources, *precisions),
    }
    what = f"{detector.name} and {recognizer.name}"
    if isinstance(repository, FurtherLanguage):
        del inputs[DETECTOR_MODEL]
        what = f"{recognizer.name} for language={repository.language}"
    if not force and repository.holds(inputs):
        _say_kept(repository.refresh(), repository.templates)
        click.echo(f"{repository.root} has {what} already", err=True)
        return
    started = time.monotonic()
    built = build((detector, detector_sources), (recognizer, recognizer_sources), inputs)
    _note(built, inputs)
    kept = repository.write(built, inputs, force=force)
    _say_kept(kept, repository.templates)
    click.echo(
        f"Exported {what} to {repository.root}, version {repository.version}, in {time.monotonic() - started:.0f} s",
        err=True,
    )


def _note(built: Built, inputs: Inputs) -> None:
    """Write where the graphs come from into their metadata."""
    for model, entries in inputs.items():
        for form in vars(built.forms[model]).values():
            graph.set_provenance(form, {PREFIX + key: value for key, value in entries.items()})


def _say_kept(configs: list[str], own: templates.Templates) -> None:
    for config in configs:
        ours = own.origin(config)
        change = f"has changed: merge {ours}" if ours.exists() else "is gone: remove yours"
        click.echo(f"Kept {config}, which you have edited; the project's own {change}, or use --force", err=True)


if __name__ == "__main__":
    main(prog_name="python -m export")
