"""`python -m benchmarks.reading_order`: layout by layout, how far the order of tokens is from the true one."""

import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from statistics import mean
from typing import NamedTuple

import click
import numpy as np
from tabulate import tabulate

from benchmarks.common import options
from benchmarks.reading_order.columns import COLUMNS
from benchmarks.reading_order.distance import distance, tokens
from benchmarks.reading_order.layout import Layout, page
from benchmarks.reading_order.lists import LISTS
from benchmarks.reading_order.papers import PAPERS
from benchmarks.reading_order.right_to_left import RIGHT_TO_LEFT
from benchmarks.reading_order.sheet import Sheet, boxes, draw
from benchmarks.reading_order.tables import ASKEW, PHOTOGRAPHED, TABLES
from ocr_client import OcrClient
from ocr_core.reading_order import reading_order

LEFT_TO_RIGHT = (*COLUMNS, *PAPERS, *LISTS, *TABLES, *ASKEW, *PHOTOGRAPHED)
LAYOUTS = (*LEFT_TO_RIGHT, *RIGHT_TO_LEFT)
FILE = Path(__file__).with_name("distances.csv")
SEEDS = 4
# Of the default detector: `Detector.overhang`.
OVERHANG = 0.45

EPILOG = """\b
Examples:
  python -m benchmarks.reading_order
  python -m benchmarks.reading_order --draw pages
  python -m server -- python -m benchmarks.reading_order --through-server --seeds 1

A distance is that of Levenshtein between the tokens as they were read and as they were set, over their number: 0 is the
same order, 0.9 is two columns read across. Rules were made on the pages of `development`; those of `held out` have
other words, fonts, sizes and distances of lines. Without a server, boxes are the true ones, lengthened as a detector
does; with it, distances count what is misread, too, and pages from right to left are left out: their words are Latin.
"""


class Row(NamedTuple):
    """Mean distances of a layout."""

    layout: str
    development: float
    held_out: float


def distance_by_geometry(sheet: Sheet) -> float:
    """Distance of the order of a page's boxes, which arrive in no order."""
    random = np.random.default_rng(len(sheet.lines))
    found = boxes(sheet, random)
    shuffled = random.permutation(len(found))
    order = shuffled[reading_order(found[shuffled], OVERHANG, right_to_left=sheet.right_to_left)]
    return distance(tokens(sheet.lines[place].text for place in order), tokens(line.text for line in sheet.lines))


def measure(layouts: Iterable[Layout], seeds: int, measured: Callable[[Sheet], float]) -> Iterable[Row]:
    """Rows, one after the other."""
    for layout in layouts:
        means = [
            mean(measured(page(layout, seed, held_out=held_out)) for seed in range(seeds)) for held_out in (False, True)
        ]
        yield Row(layout.name, *means)


def means(rows: Sequence[Row]) -> Row:
    """The mean of all layouts."""
    return Row("mean", mean(row.development for row in rows), mean(row.held_out for row in rows))


def kept() -> list[Row]:
    """The rows of `distances.csv`."""
    with FILE.open(encoding="utf-8", newline="") as stream:
        return [Row(name, float(development), float(held_out)) for name, development, held_out in csv.reader(stream)]


def keep(rows: Iterable[Row]) -> None:
    """Write `distances.csv`."""
    with FILE.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerows((row.layout, f"{row.development:.3f}", f"{row.held_out:.3f}") for row in rows)


def _through(client: OcrClient) -> Callable[[Sheet], float]:
    def measured(sheet: Sheet) -> float:
        read = client.read(draw(sheet).convert("RGB"))
        return distance(tokens(line.text for line in read.lines), tokens(line.text for line in sheet.lines))

    return measured


def _draw(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for layout in LAYOUTS:
        draw(page(layout, 0)).save(folder / f"{layout.name}.png")


@click.command(epilog=EPILOG)
@click.option("--through-server", is_flag=True, help="Have a server find and read the lines.")
@options.url
@click.option("--seeds", default=SEEDS, show_default=True, help="Pages of each layout.")
@click.option("--draw", "folder", type=click.Path(file_okay=False, path_type=Path), help="Only draw a page of each.")
@click.option("--keep", "keeps", is_flag=True, help=f"Write the result to {FILE.name}, which a test holds.")
def main(through_server: bool, url: str, seeds: int, folder: Path | None, keeps: bool) -> None:
    """Measure the reading order of drawn pages."""
    if folder:
        return _draw(folder)
    if through_server:
        with OcrClient(url) as client:
            rows = list(measure(LEFT_TO_RIGHT, seeds, _through(client)))
    else:
        rows = list(measure(LAYOUTS, seeds, distance_by_geometry))
    if keeps:
        keep(rows)
    click.echo(tabulate([*rows, means(rows)], ["layout", "development", "held out"], floatfmt=".3f", tablefmt="github"))
    return None


if __name__ == "__main__":
    main()
