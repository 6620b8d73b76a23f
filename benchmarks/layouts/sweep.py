"""`python -m benchmarks.layouts.sweep`: is there a better layout of the models here than the launcher's choice?"""

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from statistics import median

import click

from benchmarks.accuracy.labels import find_sets, read_set
from benchmarks.common import options, results, tables
from benchmarks.common.images import MIXED_SAMPLES
from benchmarks.common.turns import rotated
from benchmarks.layouts.candidates import on_cpus
from benchmarks.layouts.change import Change
from ocr_client import OcrClient, OcrError
from ocr_client.load_generator import LoadGenerator
from ocr_launch import layout
from ocr_launch.errors import StartError
from ocr_launch.profiles import CPU
from ocr_launch.repository import Repository
from server import requirements
from server.triton import TritonServer

CONCURRENCY = 4
# So many requests at least, so that there is nearly always a next one for the cores.
MIN_REQUESTS = 2 * CONCURRENCY
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Measured:
    """How fast a server was.

    Attributes:
        images_per_s: Throughput with four requests under way.
        latency_ms: Time of a request that is alone; the mean over the images.
    """

    images_per_s: float
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Round:
    """A changed layout and the launcher's choice, measured one right after the other.

    Attributes:
        change: What is changed.
        number: From 1.
        measured: With the change.
        reference: With the launcher's choice.
    """

    change: Change
    number: int
    measured: Measured
    reference: Measured


class Measurer:
    """Measures servers by the same images."""

    def __init__(self, images: Sequence[bytes]) -> None:
        self._images = images

    def measure(self, client: OcrClient) -> Measured:
        """Throughput, then latency.

        Raises:
            OcrError: The server fails.
        """
        together = self._load(client, math.ceil(MIN_REQUESTS / len(self._images)), CONCURRENCY)
        alone = self._load(client, 1, 1)
        return Measured(1 / together, alone * 1000)

    def warm_up(self, client: OcrClient) -> None:
        """Send each image once: the first request of a shape takes longer."""
        self._load(client, 1, CONCURRENCY)

    def _load(self, client: OcrClient, repeats: int, concurrency: int) -> float:
        """Seconds an image."""
        answered = LoadGenerator(client.read, self._images, requests=len(self._images) * repeats).run(concurrency)
        if answered.errors:
            raise OcrError(next(iter(answered.messages.values())))
        return answered.seconds / answered.requests

    def compare(self, change: Change, changed: OcrClient, reference: OcrClient, rounds: int) -> Iterator[Round]:
        """Measure two servers in turn; who begins a round changes."""
        self.warm_up(changed)
        for number in range(rounds):
            measured = {client: self.measure(client) for client in rotated((changed, reference), number)}
            yield Round(change, number + 1, measured[changed], measured[reference])


def sweep(root: Path, changes: Sequence[Change], images: Sequence[bytes], rounds: int) -> Iterator[Round]:
    """Serve each changed layout in turn beside the launcher's choice, and compare them.

    Raises:
        OcrError: A server fails.
        StartError: One does not start.
    """
    measurer = Measurer(images)
    with TritonServer(root, profile=CPU) as chosen, OcrClient(chosen.url) as reference:
        measurer.warm_up(reference)
        for change in changes:
            with TritonServer(root, profile=CPU, change=change) as server, OcrClient(server.url) as changed:
                yield from measurer.compare(change, changed, reference, rounds)


def table(rounds: Sequence[Round], chosen: str) -> str:
    """What each change gains or loses beside the launcher's choice, in Markdown; the fastest first."""
    by_name: dict[str, list[Round]] = {}
    for row in rounds:
        by_name.setdefault(row.change.name, []).append(row)
    ratios = {name: _ratios(rows) for name, rows in by_name.items()} | {chosen: (1.0, 1.0)}
    rows = [[name, *(f"{ratio:.2f}" for ratio in ratios[name])] for name in sorted(ratios, key=lambda n: -ratios[n][0])]
    head = ["instances × threads", f"throughput, {CONCURRENCY} at once", "latency, 1 at once"]
    shown = tables.markdown(head, (tables.bold(row) if row[0] == chosen else row for row in rows), numbers_from=1)
    images_per_s = median(row.reference.images_per_s for row in rounds)
    latency_ms = median(row.reference.latency_ms for row in rounds)
    return f"{shown}\nThe launcher's choice, in bold, is 1: {images_per_s:.2f} images/s and {latency_ms:.0f} ms.\n"


def _ratios(rounds: Sequence[Round]) -> tuple[float, float]:
    """Throughput and latency over those of the launcher's choice: the medians over the rounds."""
    return (
        median(row.measured.images_per_s / row.reference.images_per_s for row in rounds),
        median(row.measured.latency_ms / row.reference.latency_ms for row in rounds),
    )


def write(rounds: Sequence[Round], chosen: str, folder: Path) -> str:
    """Write sweep.csv, a row for each round, and sweep.md; gives the table."""
    columns = ["change", "round", "images_per_s", "latency_ms", "chosen_images_per_s", "chosen_latency_ms"]
    rows = ([row.change.name, row.number, *astuple(row.measured), *astuple(row.reference)] for row in rounds)
    results.write_csv(columns, rows, folder / "sweep.csv")
    text = table(rounds, chosen)
    results.write_markdown(text, folder / "sweep.md")
    return text


def read_images(paths: Sequence[Path], per_set: int) -> list[bytes]:
    """Encoded images: files, and the first ones of labelled sets.

    Raises:
        click.UsageError: A folder is neither a labelled set nor a folder of them.
    """
    files: list[Path] = []
    for path in paths:
        sets = find_sets(path).values() if path.is_dir() else []
        files += [image.path for folder in sets for image in read_set(folder)[:per_set]] if sets else [path]
    return [file.read_bytes() for file in files]


def describe(chosen: layout.Layout) -> str:
    """The launcher's choice, in the words of the changes."""
    return (
        f"recognizers {chosen.recognizers} × 1, no batching, "
        f"detectors {chosen.detectors} × {chosen.detector_threads}: the launcher's choice"
    )


EPILOG = """\b
Examples:
  python -m benchmarks.layouts.sweep                     on three samples: a quarter of an hour
  python -m benchmarks.layouts.sweep DATA --per-set 2    on the first two images of each labelled set
  python -m benchmarks.layouts.sweep --dry-run           lists what would be compared
  python -m benchmarks.layouts.sweep --only detectors    only the changes whose names contain this

\b
How to read the table:
  recognizers, detectors  instances × threads; what a row does not name is as the launcher chooses it
  batching                how long a call to the recognizer waits for others to share its run
  throughput              over that of the launcher's choice, four requests under way; more is better
  latency                 over that of the launcher's choice, one request at a time; less is better

To keep a better layout, write it into config.pbtxt of text_recognition and text_detection (instance_group, the
parameter intra_op_thread_count, dynamic_batching), and serve with --profile configured.
"""


@click.command(epilog=EPILOG)
@click.argument("images", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--per-set", type=click.IntRange(1), default=1, show_default=True, help="Images of each labelled set.")
@click.option(
    "--rounds", type=click.IntRange(1), default=ROUNDS, show_default=True, help="Measurements of each change."
)
@click.option("--only", default="", metavar="WORDS", help="Only the changes whose names contain these words.")
@click.option("--dry-run", is_flag=True, help="Only list what would be compared.")
@options.model_repository
@options.output("sweep.md and sweep.csv")
def main(
    images: tuple[Path, ...], per_set: int, rounds: int, only: str, dry_run: bool, root: Path, output: Path
) -> None:
    """Compare other numbers of instances, threads and batching delays with those that the launcher chooses.

    IMAGES are files or labelled data sets; without any, three samples are read. A server with the launcher's choice
    runs all the time; beside it one is started for each change, and both read the same images in turn, so that other
    work of this machine slows both. Progress goes to stderr, the table to stdout.
    """
    chosen = layout.choose(CPU, requirements.check_gpu)
    try:
        changes = [change for change in on_cpus(Repository(root), chosen) if only in change.name]
    except StartError as error:
        raise click.ClickException(str(error)) from error
    if not changes:
        raise click.UsageError(f"--only {only}: no change has these words in its name; --dry-run lists the names")
    if dry_run:
        click.echo("\n".join((describe(chosen), *(change.name for change in changes))))
        return
    encoded = read_images(images or MIXED_SAMPLES, per_set)
    output.mkdir(parents=True, exist_ok=True)
    try:
        measured = list(_shown(sweep(root.resolve(), changes, encoded, rounds), len(changes) * rounds))
    except (OcrError, StartError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(write(measured, describe(chosen), output))


def _shown(rounds: Iterator[Round], length: int) -> Iterator[Round]:
    with click.progressbar(
        rounds,
        length=length,
        label="sweep",
        item_show_func=lambda row: row.change.name if row else "",
        file=sys.stderr,
    ) as bar:
        yield from bar


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.layouts.sweep")
