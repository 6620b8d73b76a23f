"""`python -m benchmarks.latency.before_after BEFORE`: what a change costs, by two checkouts that take turns."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click

from benchmarks.common import tables
from benchmarks.common.cpu_time import cpu_ms
from benchmarks.common.images import MIXED_SAMPLES
from benchmarks.common.turns import rotated
from benchmarks.layouts.sweep import read_images
from ocr_client import OcrClient, OcrError
from ocr_client.load_generator import LoadGenerator

HERE = Path(__file__).parent.parent.parent
CONCURRENCY = 4
ROUNDS = 10
# So many requests at least in each turn, so that there is nearly always a next one for the cores.
MIN_REQUESTS = 2 * CONCURRENCY
HEAD = ("", "images/s", "CPU ms/image")

EPILOG = """\b
Example:
  git worktree add ../before v1.0 && make -C ../before export
  python -m benchmarks.latency.before_after ../before                  three samples
  python -m benchmarks.latency.before_after ../before DATA --per-set 5 the first five images of each labelled set

\b
Both servers run all the time; in each round the one and then the other reads all images, and who begins changes. The
medians over the rounds count, and for the last row the medians of the rounds' ratios. CPU time is that of all processes
of a server. It is the surer figure: other work of this machine takes time from both, and hardly adds to it.
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one turn took.

    Attributes:
        images_per_s: With four requests under way.
        cpu_ms: For each image, of all processes of the server.
    """

    images_per_s: float
    cpu_ms: float


@dataclass(frozen=True, slots=True)
class Server:
    """A checkout's server.

    Attributes:
        pid: Of its first process.
        client: Speaks with it.
    """

    pid: int
    client: OcrClient

    def read(self, images: Sequence[bytes]) -> Cost:
        """Read all images, several times if they are few.

        Raises:
            OcrError: One cannot be read.
        """
        requests = requests_of_a_turn(images)
        before_ms = sum(cpu_ms(self.pid).values())
        speed = LoadGenerator(self.client.read, images, requests=requests).run(CONCURRENCY)
        if speed.errors:
            raise OcrError(next(iter(speed.messages.values())))
        return Cost(speed.images_per_s, (sum(cpu_ms(self.pid).values()) - before_ms) / requests)


def requests_of_a_turn(images: Sequence[bytes]) -> int:
    """How many images a server reads in its turn: all of them, several times if they are few."""
    return -(-MIN_REQUESTS // len(images)) * len(images)


@contextmanager
def serve(checkout: Path) -> Iterator[Server]:
    """Run a checkout's server, with the packages of its own environment.

    Raises:
        click.ClickException: It has no environment, or its server does not start.
    """
    python = checkout / ".venv" / "bin" / "python"
    if not python.exists():
        raise click.ClickException(f"{python} is missing: run `make export` in {checkout}")
    # The command tells its server's address, and ends when this process closes the pipe or ends itself.
    command = ("sh", "-c", 'echo "$OCR_URL"; exec cat')
    ports = ("--http-port", "0", "--grpc-port", "0", "--metrics-port", "0")
    with subprocess.Popen(  # noqa: S603 - the caller's own checkout
        [python.absolute(), "-m", "server", *ports, "--profile", "cpu", "--", *command],
        cwd=checkout,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        if not process.stdout or not (url := process.stdout.readline().strip()):
            raise click.ClickException(f"the server of {checkout} does not start")
        with OcrClient(url) as client:
            yield Server(process.pid, client)


def compare(before: Server, after: Server, images: Sequence[bytes], rounds: int) -> Iterator[tuple[Cost, Cost]]:
    """Measure two servers in turn, after a turn of each for warming up."""
    for server in (before, after):
        server.read(images)
    for number in range(rounds):
        costs = {id(server): server.read(images) for server in rotated((before, after), number)}
        yield costs[id(before)], costs[id(after)]


def table(rounds: Sequence[tuple[Cost, Cost]]) -> str:
    """The medians of both, and of their ratios, in Markdown."""
    old, new = zip(*rounds, strict=True)
    rows = [_row("before", old, "{:.2f}", "{:.0f}"), _row("after", new, "{:.2f}", "{:.0f}")]
    ratios = [Cost(after.images_per_s / before.images_per_s, after.cpu_ms / before.cpu_ms) for before, after in rounds]
    return tables.markdown(HEAD, [*rows, _row("after / before", ratios, "{:.3f}", "{:.3f}")], numbers_from=1)


def _row(name: str, costs: Sequence[Cost], speed: str, cpu: str) -> list[str]:
    return [
        name,
        speed.format(median(cost.images_per_s for cost in costs)),
        cpu.format(median(cost.cpu_ms for cost in costs)),
    ]


@click.command(epilog=EPILOG)
@click.argument("before", metavar="BEFORE", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("images", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--after",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=HERE,
    help="Another checkout.  [default: this one]",
)
@click.option("--per-set", type=click.IntRange(1), default=1, show_default=True, help="Images of each labelled set.")
@click.option("--rounds", type=click.IntRange(1), default=ROUNDS, show_default=True, help="Turns of each server.")
def main(before: Path, images: tuple[Path, ...], after: Path, per_set: int, rounds: int) -> None:
    """Compare the throughput and the CPU time of the server in the checkout BEFORE with those of this one.

    IMAGES are files or labelled data sets; without any, three samples are read. Both checkouts need an environment and
    exported models: `make export` makes them.
    """
    encoded = read_images(images or MIXED_SAMPLES, per_set)
    try:
        with serve(before) as old, serve(after) as new:
            bar = click.progressbar(compare(old, new, encoded, rounds), length=rounds, label="rounds", file=sys.stderr)
            with bar as measured:
                click.echo(table(list(measured)))
    except OcrError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.latency.before_after")
