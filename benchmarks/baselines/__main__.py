"""`python -m benchmarks.baselines DATA`: this service, its limit and its peers, side by side in one go."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from benchmarks.accuracy.__main__ import LabelledImage, find_sets, load_set
from benchmarks.baselines import perf_analyzer, results
from benchmarks.baselines.baseline import Contestant, Models, Other, Service
from benchmarks.baselines.comparison import Measurement, deal, race
from benchmarks.baselines.engine import PeerFailed
from benchmarks.baselines.known import PEERS, Served
from benchmarks.baselines.perf_analyzer import Load, PerfAnalyzerFailed
from benchmarks.common import options
from benchmarks.upper_bound.__main__ import Limit
from downloads import DownloadError
from ocr_client import OcrClient, OcrError
from server.errors import StartError
from server.layout import CPU
from server.triton import TritonServer

# One request at a time tells the latency, four keep the cores busy.
CONCURRENCIES = (1, 4)
LOADS = (1, 2, 4, 8)
# perf_analyzer sends some images of all sets in turn, each a few times.
LOAD_IMAGES = 12
LOAD_REQUESTS = 48
FAILURES = (DownloadError, FileNotFoundError, OcrError, PeerFailed, PerfAnalyzerFailed, StartError)

Sets = dict[str, list[LabelledImage]]

EPILOG = """\b
Examples:
  make bench                                                 all of it
  python -m benchmarks.baselines DATA --limit 3 --rounds 1       does it work?
  python -m benchmarks.baselines DATA --sets funsd --peers none  this service and its limit on one set

\b
What is written to --output:
  table.md             seconds per image, F1 and ratios; measurements.csv has each round of it
  share_of_limit.png   this service's throughput over that of the models alone
  perf_analyzer.md     throughput and latencies over concurrency; perf_analyzer.csv has each step besides
  throughput.png       the first of these
  steps.png            where a request's time goes
"""


@click.command(epilog=EPILOG)
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True, help="Chunks to deal each set into.")
@click.option("--sets", "chosen", multiple=True, metavar="NAME", help="Only this set; may be given several times.")
@click.option("--limit", "max_images", type=click.IntRange(1), metavar="N", help="Only the first N images of each set.")
@click.option(
    "--peers",
    multiple=True,
    default=list(PEERS),
    type=click.Choice([*PEERS, "none"]),
    help="Only this one; may be given several times.  [default: all]",
)
@click.option("--perf-analyzer/--no-perf-analyzer", "with_loads", default=True, help="Run perf_analyzer afterwards.")
@options.model_repository
@options.output("the results")
def main(
    data: Path,
    rounds: int,
    chosen: tuple[str, ...],
    max_images: int | None,
    peers: tuple[str, ...],
    with_loads: bool,
    repository: Path,
    output: Path,
) -> None:
    """Measure this service, the models alone and peers on DATA: a labelled data set, or a folder of them.

    A server is started for it, with the profile for CPUs. Each set is dealt into chunks, and round by round
    everyone reads the same chunk, one after the other: what else the machine does hits all of them alike, so that
    the ratios hold where the seconds do not. Progress goes to stderr, tables to stdout.
    """
    sets = _load(data.resolve(), chosen, max_images)
    output.mkdir(parents=True, exist_ok=True)
    try:
        with TritonServer(repository.resolve(), profile=CPU) as server, ExitStack() as stack:
            click.echo(server.layout, err=True)
            served = Served(server.url, repository.resolve())
            contestants = _contestants(served, server.grpc_url, [name for name in peers if name != "none"], stack)
            click.echo(results.write_race(list(_race(sets, contestants, rounds)), output))
            stack.close()  # so that nobody else holds memory while perf_analyzer runs
            if with_loads:
                click.echo(results.write_loads(list(_loads(sets, server.url, server.grpc_url)), output))
    except FAILURES as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"All results are in {output}", err=True)


def _load(data: Path, chosen: Sequence[str], max_images: int | None) -> Sets:
    sets = {path.name: path for path in find_sets(data)}
    if unknown := set(chosen) - set(sets):
        raise click.UsageError(f"--sets names {', '.join(sorted(unknown))}; there are {', '.join(sets)}")
    loaded = {name: load_set(path)[:max_images] for name, path in sets.items() if not chosen or name in chosen}
    if empty := [name for name, images in loaded.items() if not images]:
        raise click.UsageError(f"no images in {', '.join(empty)}; leave it out with --sets")
    return loaded


def _contestants(served: Served, grpc_url: str, peers: Sequence[str], stack: ExitStack) -> list[Contestant]:
    clients = {"HTTP": OcrClient(served.url), "gRPC": OcrClient(f"grpc://{grpc_url}")}
    limit = stack.enter_context(Limit(served.repository))
    contestants: list[Contestant] = []
    for concurrency in CONCURRENCIES:
        contestants += [Service(name, stack.enter_context(client), concurrency) for name, client in clients.items()]
        contestants.append(Models(limit, concurrency))
    for name in peers:
        click.echo(f"Starting {name} ...", err=True)
        contestants.append(Other(stack.enter_context(PEERS[name](served))))
    return contestants


def _race(sets: Sets, contestants: Sequence[Contestant], rounds: int) -> Iterator[Measurement]:
    for name, images in sets.items():
        length = len(contestants) * len(deal(images, rounds))
        with click.progressbar(
            race(name, images, contestants, rounds),
            length=length,
            label=name,
            item_show_func=lambda measured: measured.contestant if measured else "warm-up",
            file=sys.stderr,
        ) as bar:
            yield from bar


def _loads(sets: Sets, url: str, grpc_url: str) -> Iterator[Load]:
    command = perf_analyzer.find()
    images = [image.path for images in sets.values() for image in images[: LOAD_IMAGES // len(sets) or 1]]
    levels = [(name, at, count) for name, at in (("HTTP", url), ("gRPC", grpc_url)) for count in LOADS]
    with click.progressbar(levels, label="perf_analyzer", file=sys.stderr) as bar:
        for protocol, address, concurrency in bar:
            yield perf_analyzer.run(command, protocol, address, images, concurrency, LOAD_REQUESTS)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.baselines")
