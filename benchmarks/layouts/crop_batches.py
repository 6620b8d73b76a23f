"""`python -m benchmarks.layouts.crop_batches IMAGE…`: which widths of buckets and numbers of crops a call suit the recognizer.

The recognizer alone runs in this process, laid out as the server has it, on the crops of the images; each way to batch
them takes its turn, so that the ratios hold on a noisy machine.
"""

import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.baselines.comparison import rotated
from benchmarks.common import options
from benchmarks.latency.regression_check import IMAGES
from benchmarks.upper_bound.__main__ import Limit
from ocr_core.batching import BUCKET_PX, MAX_CROPS, pack

BUCKETS_PX = (16, 32, 64, 128)
CROPS = (4, 8, 16)
DEFAULT = (BUCKET_PX, MAX_CROPS)

Way = tuple[int, int]
"""Width of buckets in pixels, crops a call at most."""
Pages = Sequence[Sequence[NDArray[np.uint8]]]
"""The batches of each page."""


def measure(limit: Limit, ways: dict[Way, Pages], rounds: int) -> Iterator[dict[Way, float]]:
    """Each round, the seconds that each way takes for all pages."""
    for number in range(rounds):
        yield {way: _seconds(limit, ways[way]) for way in rotated(list(ways), number)}


def table(rounds: Sequence[dict[Way, float]], ways: dict[Way, Pages]) -> str:
    """Time and calls over the default's, in Markdown: medians over the rounds."""
    rows = [["bucket, px", "crops a call", "calls a page", "time"], ["---"] * 4]
    for way, pages in ways.items():
        ratio = median(seconds[way] / seconds[DEFAULT] for seconds in rounds)
        calls = sum(map(len, pages)) / len(pages)
        cells = [*map(str, way), f"{calls:.1f}", f"{ratio:.2f}"]
        rows.append([f"**{cell}**" for cell in cells] if way == DEFAULT else cells)
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _seconds(limit: Limit, pages: Pages) -> float:
    start_s = time.perf_counter()
    for batches in pages:
        limit.recognize(batches)
    return time.perf_counter() - start_s


@click.command()
@click.argument("images", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Measurements of each way.")
@options.model_repository
def main(images: tuple[Path, ...], rounds: int, repository: Path) -> None:
    """Print how long the recognizer takes for the crops of IMAGES (by default three samples), batched in other ways.

    Times are over those of the default, in bold. In the server each call costs about a millisecond besides.
    """
    try:
        limit = Limit(repository)
    except FileNotFoundError as error:
        raise click.ClickException(str(error)) from error
    with limit:
        cut = [limit.cut(path.read_bytes())[1:] for path in images or IMAGES]
        ways: dict[Way, Pages] = {
            way: [pack(strip, widths, limit.geometry, *way)[1] for strip, widths in cut]
            for way in itertools.product(BUCKETS_PX, CROPS)
        }
        for _ in measure(limit, ways, 1):  # each shape is new once
            pass
        with click.progressbar(measure(limit, ways, rounds), length=rounds, label="rounds", file=sys.stderr) as bar:
            measured = list(bar)
    click.echo(table(measured, ways))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.layouts.crop_batches")
