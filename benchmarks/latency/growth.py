"""`python -m benchmarks.latency.growth`: how a running server's time grows with pixels, lines of text and clients."""

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from statistics import median
from time import perf_counter

import click
from PIL import Image, ImageDraw, ImageFont

from benchmarks.baselines import results
from benchmarks.common import options, plots
from ocr_client import OcrClient, OcrError
from ocr_client.load_generator import LoadGenerator

SAMPLES = Path(__file__).parent.parent.parent / "samples"
MEGAPIXELS = (0.3, 1, 2, 4, 8, 12, 16, 24)
LINES = (0, 1, 10, 50, 100, 200, 500, 1000, 2000)
CLIENTS = (1, 2, 4, 8, 16, 32, 64)
# Each request is sent so often; the median counts.
REPEATS = 3
# At each number of clients: enough for every client to be busy for a while.
REQUESTS_PER_CLIENT = 2
MIN_REQUESTS = 24
JPEG_QUALITY = 95
# Cells of drawn words: as small as text can be that is found in a page scaled to the detector.
CELL_WIDTH_PX, CELL_HEIGHT_PX = 56, 20
FONT_PX = 14

Point = tuple[float, float]
Curve = tuple[str, str, Callable[[OcrClient], Iterator[Point]], int]


def enlarged(sample: Path, megapixels: float) -> bytes:
    """A sample as a JPEG file of so many pixels."""
    with Image.open(sample) as image:
        ratio = math.sqrt(megapixels * 1e6 / (image.width * image.height))
        size = round(image.width * ratio), round(image.height * ratio)
        return _encoded(image.convert("RGB").resize(size, Image.Resampling.LANCZOS))


def page_of(lines: int) -> bytes:
    """A JPEG file of a page with so many short lines of text, in columns; always of the size that all of them take."""
    columns = math.ceil(math.sqrt(max(LINES) * CELL_HEIGHT_PX / CELL_WIDTH_PX))
    rows = math.ceil(max(LINES) / columns)
    page = Image.new("RGB", (columns * CELL_WIDTH_PX, rows * CELL_HEIGHT_PX), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(FONT_PX)
    for number in range(lines):
        row, column = divmod(number, columns)
        draw.text((column * CELL_WIDTH_PX + 8, row * CELL_HEIGHT_PX + 2), f"{number:04}", "black", font)
    return _encoded(page)


def _encoded(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()


def _over_pixels(client: OcrClient) -> Iterator[Point]:
    for megapixels in MEGAPIXELS:
        yield megapixels, _latency_ms(client, enlarged(SAMPLES / "street.jpg", megapixels))[0]


def _over_lines(client: OcrClient) -> Iterator[Point]:
    for lines in LINES:
        latency_ms, found = _latency_ms(client, page_of(lines))
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
    return median(seconds[1:]) * 1000, found  # the first meets new shapes


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


@click.command()
@click.option("--url", default="localhost:8000", envvar="OCR_URL", show_envvar=True, show_default=True)
@click.option("--only", "names", multiple=True, type=click.Choice(list(CURVES)), help="Only this; may be repeated.")
@options.output("the CSV files and plots")
def main(url: str, names: tuple[str, ...], output: Path) -> None:
    """Measure a running server: latency over pixels and over lines of text, throughput over clients.

    The images are made of the samples or drawn. There should be no cliff, and lines should cost alike.
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
    main()
