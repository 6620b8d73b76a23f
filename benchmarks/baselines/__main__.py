"""`python -m benchmarks.baselines DATA`: this service, its models alone and other engines, side by side in one run."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import click

from benchmarks.accuracy.labels import LabelledImage, find_sets, read_set
from benchmarks.accuracy.pairs import serve
from benchmarks.baselines import perf_analyzer, results
from benchmarks.baselines.baseline import Baseline, Other, Service, UpperBound
from benchmarks.baselines.comparison import Measurement, compare
from benchmarks.baselines.engine import EngineFailed
from benchmarks.baselines.known import ENGINES, PAIRS, Served
from benchmarks.baselines.perf_analyzer import Level, PerfAnalyzerFailed
from benchmarks.common import options
from benchmarks.common.turns import deal
from benchmarks.upper_bound.models_alone import ModelsAlone
from downloads import DownloadError
from ocr_client import OcrClient, OcrError
from ocr_core.errors import NotExported
from ocr_launch.errors import StartError
from ocr_launch.profiles import CPU
from ocr_launch.repository import Repository
from server.triton import TritonServer

# One request at a time shows the latency, four keep the cores busy.
CONCURRENCIES = (1, 4)
PERF_ANALYZER_CONCURRENCIES = (1, 2, 4, 8)
# perf_analyzer sends some images of all sets in turn, each so often, and never fewer than are under way at once.
PERF_ANALYZER_IMAGES = 12
PERF_ANALYZER_REPEATS = 4
FAILURES = (DownloadError, NotExported, OcrError, EngineFailed, PerfAnalyzerFailed, StartError)

Sets = dict[str, list[LabelledImage]]

EPILOG = """\b
Examples:
  make bench                                                 all of it: half an hour for 155 images
  python -m benchmarks.baselines DATA --limit 3 --rounds 1   does it work?
  python -m benchmarks.baselines DATA --set funsd --engine none --pair none --no-perf-analyzer
                                                             the service and its models alone, on one set

\b
What is written to --output:
  table.md                  seconds per image, F1 and ratios; measurements.csv has each round of it
  share_of_upper_bound.png  throughput of the service over that of its models alone
  perf_analyzer.md          throughput and latencies over concurrency; perf_analyzer.csv has each step besides
  throughput.png            the first of these
  steps.png                 where a request's time goes

`python -m benchmarks.accuracy --help` tells what DATA looks like.
"""


@click.command(epilog=EPILOG)
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--rounds",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Chunks of each set.",
)
@click.option("--set", "names", multiple=True, metavar="NAME", help="Only this data set; may be repeated.")
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N images of each set.")
@options.names("--engine", "engines", ENGINES, "Only this other engine")
@options.names("--pair", "pairs", PAIRS, "This service with these weights, too")
@click.option(
    "--perf-analyzer/--no-perf-analyzer", "with_perf_analyzer", default=True, help="Run perf_analyzer afterwards."
)
@options.model_repository
@options.output("the results")
def main(
    data: Path,
    rounds: int,
    names: tuple[str, ...],
    limit: int | None,
    engines: list[str],
    pairs: list[str],
    with_perf_analyzer: bool,
    root: Path,
    output: Path,
) -> None:
    """Measure this service, its models alone and other engines on DATA: a labelled data set, or a folder of them.

    The command starts a server with the profile cpu. It deals each set into chunks, and round by round each
    baseline reads the same chunk, one after the other. Other work of this machine slows all of them alike, so that
    the ratios hold where the seconds do not. Progress goes to stderr, tables to stdout.
    """
    sets = _read_sets(data.resolve(), names, limit)
    output.mkdir(parents=True, exist_ok=True)
    try:
        with TritonServer(root.resolve(), profile=CPU) as server, ExitStack() as stack:
            click.echo(server.layout, err=True)
            served = Served(server.url, server.own_url, root.resolve())
            baselines = [
                *_baselines(served, server.grpc_url, stack),
                *_pairs(pairs, stack),
                *_engines(engines, served, stack),
            ]
            click.echo(results.write_comparison(list(_compare(sets, baselines, rounds)), output))
            stack.close()  # so that nobody else holds memory while perf_analyzer runs
            if with_perf_analyzer:
                repository = Repository(root)
                levels = list(_levels(sets, server.url, server.grpc_url, repository))
                click.echo(results.write_levels(levels, repository, output))
    except FAILURES as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"All results are in {output}", err=True)


def _read_sets(data: Path, names: Sequence[str], limit: int | None) -> Sets:
    sets = {name: read_set(folder)[:limit] for name, folder in find_sets(data, names=names).items()}
    if empty := [name for name, images in sets.items() if not images]:
        raise click.UsageError(f"no images in {', '.join(empty)}; leave it out with --set")
    return sets


def _baselines(served: Served, grpc_url: str, stack: ExitStack) -> Iterator[Baseline]:
    clients = {"HTTP": OcrClient(served.url), "gRPC": OcrClient(f"grpc://{grpc_url}")}
    models = stack.enter_context(ModelsAlone(served.root))
    for client in clients.values():
        stack.enter_context(client)
    for concurrency in CONCURRENCIES:
        yield from (Service(protocol, client, concurrency) for protocol, client in clients.items())
        yield UpperBound(models, concurrency)


def _pairs(names: Sequence[str], stack: ExitStack) -> Iterator[Baseline]:
    for name in names:
        click.echo(f"Exporting and serving {name} ...", err=True)
        _, client = stack.enter_context(serve(name, name, profile=CPU))
        yield from (Service(f"{name}, HTTP", client, concurrency) for concurrency in CONCURRENCIES)


def _engines(names: Sequence[str], served: Served, stack: ExitStack) -> Iterator[Baseline]:
    for name in names:
        click.echo(f"Starting {name} ...", err=True)
        yield Other(stack.enter_context(ENGINES[name](served)))


def _compare(sets: Sets, baselines: Sequence[Baseline], rounds: int) -> Iterator[Measurement]:
    for name, images in sets.items():
        length = len(baselines) * len(deal(images, rounds))
        with click.progressbar(
            compare(name, images, baselines, rounds),
            length=length,
            label=name,
            item_show_func=lambda measured: measured.baseline if measured else "warm-up",
            file=sys.stderr,
        ) as bar:
            yield from bar


def _levels(sets: Sets, url: str, grpc_url: str, repository: Repository) -> Iterator[Level]:
    images = [image.path for images in sets.values() for image in images[: PERF_ANALYZER_IMAGES // len(sets) or 1]]
    run = partial(
        perf_analyzer.run,
        perf_analyzer.find(),
        images=images,
        requests=max(len(images) * PERF_ANALYZER_REPEATS, *PERF_ANALYZER_CONCURRENCIES),
        recognizer=repository.recognizer,
    )
    levels = [
        (protocol, at, concurrency)
        for protocol, at in (("HTTP", url), ("gRPC", grpc_url))
        for concurrency in PERF_ANALYZER_CONCURRENCIES
    ]
    with click.progressbar(levels, label="perf_analyzer", file=sys.stderr) as bar:
        for protocol, address, concurrency in bar:
            yield run(protocol, address, concurrency=concurrency)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.baselines")
