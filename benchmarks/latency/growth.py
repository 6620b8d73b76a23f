"""`python -m benchmarks.latency.growth`: how a running server's time grows with pixels, lines of text and clients."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

import click

from benchmarks.common import options, plots, results
from benchmarks.common.images import SAMPLES, enlarged, page_of
from benchmarks.common.plots import Point
from ocr_client import OcrClient, OcrError
from ocr_client.load_generator import LoadGenerator

MEGAPIXELS = (0.3, 1, 2, 4, 8, 12, 16, 24)
LINES = (0, 1, 10, 50, 100, 200, 500, 1000, 2000)
CLIENTS = (1, 2, 4, 8, 16, 32, 64)
# Each request is sent so often; the median counts.
REPEATS = 3
# At each number of clients: enough for every client to be busy for a while.
REQUESTS_PER_CLIENT = 2
MIN_REQUESTS = 24

Curve = tuple[str, str, Callable[[OcrClient], Iterator[Point]], int]


def _over_pixels(client: OcrClient) -> Iterator[Point]:
    for megapixels in MEGAPIXELS:
        yield megapixels, _latency_ms(client, enlarged(SAMPLES / "street.jpg", megapixels))[0]


def _over_lines(client: OcrClient) -> Iterator[Point]:
    for lines in LINES:
        latency_ms, found = _latency_ms(client, page_of(lines, room_for=max(LINES)))
        yield found, latency_ms  # what was found is what was paid for


def _over_clients(client: OcrClient) -> Iterator[Point]:
    images = [(SAMPLES / name).read_bytes() for name in ("label.png", "street.jpg")]
    for clients in CLIENTS:
        requests = max(MIN_REQUESTS, clients * REQUESTS_PER_CLIENT)
        speed = LoadGenerator(client.read, images, requests=requests).run(clients)
        if speed.errors:
            raise click.ClickException(f"{clients} clients: {next(iter(speed.messages.values()))}")
        yield clients, speed.images_per_s


def _latency_ms(client: OcrClient, image: bytes) -> tuple[float, int]:
    """The median of some requests' times, and how many lines were read."""
    seconds = []
    for _ in range(REPEATS + 1):
        start_s = perf_counter()
        found = len(client.read(image).lines)
        seconds.append(perf_counter() - start_s)
    return median(seconds[1:]) * 1000, found  # the first is the warm-up


# Name of the files → what is on the axes, how to measure it, of how many points.
CURVES: dict[str, Curve] = {
    "pixels": ("megapixels", "latency in ms", _over_pixels, len(MEGAPIXELS)),
    "lines": ("lines of text read", "latency in ms", _over_lines, len(LINES)),
    "clients": ("clients", "images per second", _over_clients, len(CLIENTS)),
}


def _measure(name: str, client: OcrClient, output: Path) -> Sequence[Point]:
    x_label, y_label, over, count = CURVES[name]
    with click.progressbar(over(client), length=count, label=name, file=sys.stderr) as bar:
        points = list(bar)
    results.write_csv((x_label, y_label), points, output / f"growth_{name}.csv")
    plots.curve(points, (x_label, y_label), output / f"growth_{name}.png")
    return points


EPILOG = """\b
Examples:
  make bench-growth                                       all three, of a server that is started for it
  python -m benchmarks.latency.growth --only lines        of a running server, only the lines of text

\b
What is written to --output:
  growth_pixels.csv, .png   latency over megapixels, of one sample that is enlarged
  growth_lines.csv, .png    latency over lines of text, of drawn pages of one size
  growth_clients.csv, .png  throughput over clients
"""


@click.command(epilog=EPILOG)
@options.url
@click.option("--only", "names", multiple=True, type=click.Choice(list(CURVES)), help="Only this; may be repeated.")
@options.output("the CSV files and plots")
def main(url: str, names: tuple[str, ...], output: Path) -> None:
    """Measure a running server: latency over pixels and over lines of text, throughput over clients.

    The images are made of the samples or drawn. The curves should have no cliff, and latency should be linear in lines.
    """
    output.mkdir(parents=True, exist_ok=True)
    with OcrClient(url, timeout_s=600) as client:
        for name in names or CURVES:
            try:
                points = _measure(name, client, output)
            except OcrError as error:
                raise click.ClickException(str(error)) from error
            x_label, y_label, *_ = CURVES[name]
            click.echo(f"{x_label}: {y_label}")
            click.echo("".join(f"  {x:g}: {y:.4g}\n" for x, y in points), nl=False)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.latency.growth")
