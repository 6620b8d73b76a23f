"""`python -m benchmarks.layouts.sweep`: are the instances, threads and batching that the launcher chooses the best here?"""

import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from statistics import median

import click
from server.errors import StartError

from benchmarks.accuracy.__main__ import find_sets, load_set
from benchmarks.baselines import results
from benchmarks.baselines.comparison import rotated
from benchmarks.common import options
from benchmarks.latency.regression_check import IMAGES
from benchmarks.layouts.candidates import Point, around, configure, default
from ocr_client import OcrClient, OcrError
from ocr_client.load_generator import LoadGenerator
from server import layout
from server.triton import TritonServer

CONCURRENCY = 4
# So many requests at least, so that there is nearly always a next one for the cores.
MIN_REQUESTS = 2 * CONCURRENCY
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a server was.

    Attributes:
        images_per_s: Throughput with four requests under way.
        latency_ms: Time of a request that is alone; the mean over the images.
    """

    images_per_s: float
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Round:
    """A point and the default, measured one right after the other.

    Attributes:
        point: How the models were laid out.
        number: From 1.
        measured: The point's speed.
        reference: The default's.
    """

    point: Point
    number: int
    measured: Speed
    reference: Speed


class Measurer:
    """Measures servers by the same images."""

    def __init__(self, images: Sequence[bytes]) -> None:
        self._images = images

    def measure(self, client: OcrClient) -> Speed:
        """Throughput, then latency.

        Raises:
            OcrError: The server fails.
        """
        together = self._load(client, math.ceil(MIN_REQUESTS / len(self._images)), CONCURRENCY)
        alone = self._load(client, 1, 1)
        return Speed(1 / together, alone * 1000)

    def warm_up(self, client: OcrClient) -> None:
        """Have each instance meet the images' shapes."""
        self._load(client, 1, CONCURRENCY)

    def _load(self, client: OcrClient, repeats: int, concurrency: int) -> float:
        """Seconds an image."""
        speed = LoadGenerator(client.read, self._images, requests=len(self._images) * repeats).run(concurrency)
        if speed.errors:
            raise OcrError(next(iter(speed.messages.values())))
        return speed.seconds / speed.requests

    def compare(self, point: Point, ours: OcrClient, reference: OcrClient, rounds: int) -> Iterator[Round]:
        """Measure a point's server and the default's in turn; who begins a round changes."""
        self.warm_up(ours)
        for number in range(rounds):
            speeds = {client: self.measure(client) for client in rotated((ours, reference), number)}
            yield Round(point, number + 1, speeds[ours], speeds[reference])


@contextmanager
def served(repository: Path, point: Point) -> Iterator[OcrClient]:
    """A client of a server that is laid out as the point says.

    Raises:
        StartError: It does not start.
    """
    with tempfile.TemporaryDirectory() as folder:
        links = layout.link(repository, Path(folder), configure(point))
        with TritonServer(links, profile=layout.CONFIGURED) as server, OcrClient(server.url) as client:
            yield client


def sweep(repository: Path, points: Sequence[Point], images: Sequence[bytes], rounds: int) -> Iterator[Round]:
    """Serve each point in turn beside the first one, and compare them.

    Raises:
        OcrError: A server fails.
        StartError: One does not start.
    """
    measurer = Measurer(images)
    with served(repository, points[0]) as reference:
        measurer.warm_up(reference)
        for point in points[1:]:
            with served(repository, point) as ours:
                yield from measurer.compare(point, ours, reference, rounds)


def table(rounds: Sequence[Round], reference: Point) -> str:
    """What each point gains or loses beside the default, in Markdown; the fastest first."""
    of_point: dict[Point, list[Round]] = {}
    for row in rounds:
        of_point.setdefault(row.point, []).append(row)
    ratios = {point: _ratios(rows) for point, rows in of_point.items()} | {reference: (1.0, 1.0)}
    head = ["recognizer", "batching", "detector", f"throughput, {CONCURRENCY} at once", "latency, 1 at once"]
    ordered = sorted(ratios, key=lambda point: -ratios[point][0])
    cells = [head, ["---"] * len(head), *(_row(point, ratios[point], point == reference) for point in ordered)]
    images_per_s = median(row.reference.images_per_s for row in rounds)
    latency_ms = median(row.reference.latency_ms for row in rounds)
    return (
        "".join(f"| {' | '.join(row)} |\n" for row in cells)
        + f"\nInstances × threads. The default, in bold, is 1: {images_per_s:.2f} images/s and {latency_ms:.0f} ms.\n"
    )


def _ratios(rounds: Sequence[Round]) -> tuple[float, float]:
    """Throughput and latency over the default's: the medians over the rounds."""
    return (
        median(row.measured.images_per_s / row.reference.images_per_s for row in rounds),
        median(row.measured.latency_ms / row.reference.latency_ms for row in rounds),
    )


def _row(point: Point, ratios: tuple[float, float], is_default: bool) -> list[str]:
    cells = [
        f"{point.recognizers} × {point.recognizer_threads}",
        "none" if point.delay_us is None else f"{point.delay_us} µs",
        f"{point.detectors} × {point.detector_threads}",
        *(f"{ratio:.2f}" for ratio in ratios),
    ]
    return [f"**{cell}**" for cell in cells] if is_default else cells


def write(rounds: Sequence[Round], reference: Point, folder: Path) -> str:
    """Write sweep.csv, a row for each round, and sweep.md; gives the table."""
    columns = [field.name for field in fields(Point)]
    columns += ["round", "images_per_s", "latency_ms", "default_images_per_s", "default_latency_ms"]
    rows = ([*astuple(row.point), row.number, *astuple(row.measured), *astuple(row.reference)] for row in rounds)
    results.write_csv(columns, rows, folder / "sweep.csv")
    told = table(rounds, reference)
    (folder / "sweep.md").write_text(f"{told}\n{results.machine()}\n", encoding="utf-8")
    return told


def read_images(paths: Sequence[Path], per_set: int) -> list[bytes]:
    """Encoded images: files, and the first ones of labelled sets.

    Raises:
        click.UsageError: A folder is neither a labelled set nor a folder of them.
    """
    files: list[Path] = []
    for path in paths:
        sets = find_sets(path) if path.is_dir() else []
        files += [image.path for found in sets for image in load_set(found)[:per_set]] if sets else [path]
    return [file.read_bytes() for file in files]


EPILOG = """\b
Examples:
  python -m benchmarks.layouts.sweep                     on three samples: some minutes
  python -m benchmarks.layouts.sweep DATA --per-set 2    on the first two images of each labelled set
  python -m benchmarks.layouts.sweep --dry-run           what would be compared

\b
How to read the table:
  recognizer, detector  instances × threads of each
  batching              how long a call of the recognizer waits for others to share its run
  throughput            over the default's, four requests under way; more is better
  latency               over the default's, of a request that is alone; less is better

To keep what is better here, write it into config.pbtxt of text_recognition and text_detection (instance_group, the
parameter intra_op_thread_count, dynamic_batching), and serve with --profile configured.
"""


@click.command(epilog=EPILOG)
@click.argument("images", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--per-set", type=click.IntRange(1), default=1, show_default=True, help="Images of each labelled set.")
@click.option("--rounds", type=click.IntRange(1), default=ROUNDS, show_default=True, help="Measurements of each point.")
@click.option("--dry-run", is_flag=True, help="Only list what would be compared.")
@options.model_repository
@options.output("sweep.md and sweep.csv")
def main(images: tuple[Path, ...], per_set: int, rounds: int, dry_run: bool, repository: Path, output: Path) -> None:
    """Compare other numbers of instances, threads and batching delays with those that the launcher chooses.

    IMAGES are files or labelled data sets; without any, three samples are read. The default's server runs all the
    time; beside it each other one is started, and both read the same images in turn, so that what else the machine
    does hits both alike. Progress goes to stderr, the table to stdout.
    """
    chosen = layout.choose(layout.CPU)
    points = around(default(chosen), chosen.cores)
    if dry_run:
        click.echo("\n".join(map(str, points)))
        return
    encoded = read_images(images or IMAGES, per_set)
    output.mkdir(parents=True, exist_ok=True)
    try:
        measured = list(_shown(sweep(repository.resolve(), points, encoded, rounds), (len(points) - 1) * rounds))
    except (OcrError, StartError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(write(measured, points[0], output))


def _shown(rounds: Iterator[Round], length: int) -> Iterator[Round]:
    with click.progressbar(
        rounds, length=length, label="sweep", item_show_func=lambda row: str(row.point) if row else "", file=sys.stderr
    ) as bar:
        yield from bar


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.layouts.sweep")
