"""`python -m benchmarks.accuracy.pairs DATA`: every detector with every recognizer, exported, served and measured.

Prints a Markdown table: a line a pair with its token F1 on each data set, seconds per image, sizes and licences.
"""

import itertools
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import click
import onnx

from benchmarks.accuracy.labels import find_sets, read_set
from benchmarks.accuracy.score import Score, measure, read_by
from benchmarks.common import tables
from ocr_client import OcrClient
from ocr_launch.errors import StartError
from ocr_launch.profiles import AUTO
from ocr_launch.repository import Repository
from server.triton import TritonServer

ROOT = Path(__file__).parent.parent.parent
DETECTORS = ("ppocrv6-small", "ppocrv6-tiny", "ppocrv5-mobile", "east")
SCRIPTS = ("latin", "cyrillic", "east-slavic", "korean", "arabic", "devanagari", "thai", "greek", "tamil", "telugu")
OF_A_SCRIPT = tuple(f"ppocrv5-{script}" for script in SCRIPTS)
RECOGNIZERS = ("ppocrv6-small", "ppocrv6-tiny", "ppocrv5-mobile", *OF_A_SCRIPT, "english-g2", "resnet-ctc")
# Their weights are on no package registry: --recognizer asks for them.
NOT_BY_DEFAULT = (*OF_A_SCRIPT, "resnet-ctc")


@dataclass(frozen=True, slots=True)
class Model:
    """An exported network.

    Attributes:
        bytes: Of its ONNX file.
        licence: Of its weights.
    """

    bytes: int
    licence: str


@dataclass(frozen=True, slots=True)
class Pair:
    """What a pair gave.

    Attributes:
        detector: Its choice.
        recognizer: Its choice.
        models: The two networks, the detector first.
        scores: One a data set.
    """

    detector: str
    recognizer: str
    models: tuple[Model, ...]
    scores: tuple[Score, ...]


def export(detector: str, recognizer: str, repository: Path, weights: Iterable[str]) -> None:
    """Run the exporter, which shows its progress on stderr.

    Raises:
        click.ClickException: It failed; the reason is on stderr already.
    """
    command = [sys.executable, "-m", "export", "--detector", detector, "--recognizer", recognizer]
    command += ["--model-repository", str(repository), *(f"--weights={file}" for file in weights)]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:  # noqa: S603 - our own program
        raise click.ClickException(f"{detector} + {recognizer} cannot be exported")


def describe(model: Path) -> Model:
    """Size and licence of a model out of its version directory; the exporter has noted the licence in the file."""
    file = model / "1" / "model.onnx"
    notes = {entry.key: entry.value for entry in onnx.load(file).metadata_props}
    licences = sorted(set(notes["ocr_triton.licence"].split(", ")))
    return Model(bytes=file.stat().st_size, licence=", ".join(licences))


@contextmanager
def serve(
    detector: str, recognizer: str, weights: Iterable[str] = (), profile: str = AUTO
) -> Iterator[tuple[Repository, OcrClient]]:
    """Export a pair into a folder of its own, serve it there, and connect.

    Raises:
        ClickException: It cannot be exported.
        StartError: It cannot be served.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        export(detector, recognizer, root, weights)
        with TritonServer(root, profile=profile) as server, OcrClient(server.url) as client:
            yield Repository(root), client


def measure_pair(
    detector: str, recognizer: str, sets: Sequence[Path], limit: int | None, concurrency: int, weights: Iterable[str]
) -> Pair:
    """Have a pair read the data sets."""
    with serve(detector, recognizer, weights) as (repository, client):
        models = tuple(describe(repository.root / model) for model in repository.onnx_models)
        read = partial(read_by, client)
        scores = [measure(path.name, read_set(path)[:limit], read, concurrency) for path in sets]
    return Pair(detector, recognizer, models, tuple(scores))


def table(pairs: Sequence[Pair]) -> str:
    """The pairs as Markdown, F1 and seconds per image of each data set in one column."""
    names = [score.name for score in pairs[0].scores] if pairs else []
    head = ["detector + recognizer", *(f"{name}: F1, s/image" for name in names), "MB", "licences"]
    rows = (
        [
            f"`{pair.detector}` + `{pair.recognizer}`",
            *(f"{score.f1:.3f}, {score.seconds_per_image:.2f}" for score in pair.scores),
            " + ".join(f"{model.bytes / 1e6:.1f}" for model in pair.models),
            ", ".join(dict.fromkeys(model.licence for model in pair.models)),
        ]
        for pair in pairs
    )
    return tables.markdown(head, rows)


EPILOG = """\b
Examples:
  python -m benchmarks.accuracy.pairs data                        whole sets: an hour and more
  python -m benchmarks.accuracy.pairs data --limit 10             does it work? Figures of ten images mean little
  python -m benchmarks.accuracy.pairs data --detector east        the pairs of one detector
  python -m benchmarks.accuracy.pairs data --output pairs.json    keeps what was measured, after each pair

`python -m benchmarks.accuracy --help` tells what DATA looks like.
"""


@click.command(epilog=EPILOG)
@click.argument("folder", metavar="DATA", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--detector", "detectors", type=click.Choice(DETECTORS), multiple=True, help="Only this; may be repeated."
)
@click.option(
    "--recognizer", "recognizers", type=click.Choice(RECOGNIZERS), multiple=True, help="Only this; may be repeated."
)
@click.option("--set", "names", multiple=True, metavar="NAME", help="Only this data set; may be repeated.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N images of each set.")
@click.option("--concurrency", type=click.IntRange(1), default=2, show_default=True, help="Requests under way at once.")
@click.option("--weights", multiple=True, metavar="NAME=FILE", help="Passed on to the exporter.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write what was measured as JSON.")
def main(
    folder: Path,
    detectors: tuple[str, ...],
    recognizers: tuple[str, ...],
    names: tuple[str, ...],
    limit: int | None,
    concurrency: int,
    weights: tuple[str, ...],
    output: Path | None,
) -> None:
    """Export and serve each pair, and print its token F1 and seconds per image on DATA: a labelled set, or several."""
    chosen = list(find_sets(folder.resolve(), names=names).values())
    recognizers = recognizers or tuple(name for name in RECOGNIZERS if name not in NOT_BY_DEFAULT)
    pairs: list[Pair] = []
    for detector, recognizer in itertools.product(detectors or DETECTORS, recognizers):
        click.echo(f"== {detector} + {recognizer}", err=True)
        try:
            pairs.append(measure_pair(detector, recognizer, chosen, limit, concurrency, weights))
        except StartError as error:
            raise click.ClickException(str(error)) from error
        if output:  # after each: the next may fail after an hour
            output.write_text(json.dumps([asdict(pair) for pair in pairs], indent=2) + "\n", encoding="utf-8")
    click.echo(table(pairs))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.accuracy.pairs")
