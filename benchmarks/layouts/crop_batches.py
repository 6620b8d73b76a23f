"""`python -m benchmarks.layouts.crop_batches`: which crops should share a call of the recognizer?

The recognizer alone runs in this process, laid out as the server has it, on the crops of images; each way to batch them
takes its turn, so that the ratios hold on a noisy machine.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.common import options, tables
from benchmarks.common.images import MIXED_SAMPLES
from benchmarks.common.turns import rotated
from benchmarks.upper_bound.models_alone import ModelsAlone
from ocr_core.batching import Limits, pack
from ocr_core.errors import NotExported
from ocr_launch.errors import StartError

# Times the default.
FACTORS = (0.5, 2)

Pages = Sequence[Sequence[NDArray[np.uint8]]]
"""The batches of each page."""


def others(default: Limits) -> list[Limits]:
    """Ways that differ from the default in one thing."""
    return [
        replace(default, **{what: round(getattr(default, what) * factor)})
        for what in ("max_crops", "max_px", "least_px")
        for factor in FACTORS
    ]


def measure(models: ModelsAlone, ways: dict[Limits, Pages], rounds: int) -> Iterator[dict[Limits, float]]:
    """Each round, the seconds that each way takes for all pages."""
    for number in range(rounds):
        yield {way: _seconds(models, ways[way]) for way in rotated(list(ways), number)}


def table(rounds: Sequence[dict[Limits, float]], ways: dict[Limits, Pages]) -> str:
    """Time and calls over the default's, which comes first, in Markdown: medians over the rounds."""
    rows, default = [], next(iter(ways))
    for way, pages in ways.items():
        ratio = median(seconds[way] / seconds[default] for seconds in rounds)
        calls = sum(map(len, pages)) / len(pages)
        cells = [str(way.max_crops), str(way.max_px), str(way.least_px), f"{calls:.1f}", f"{ratio:.3f}"]
        rows.append(tables.bold(cells) if way == default else cells)
    head = ["crops per call, at most", "their width, px, at most", "a part, px", "calls per page", "time"]
    return tables.markdown(head, rows, numbers_from=0)


def _seconds(models: ModelsAlone, pages: Pages) -> float:
    start_s = time.perf_counter()
    for batches in pages:
        models.recognize(batches)
    return time.perf_counter() - start_s


EPILOG = """\b
Examples:
  python -m benchmarks.layouts.crop_batches                     the crops of three samples
  python -m benchmarks.layouts.crop_batches form.png            of an image of your own

\b
How to read the table:
  crops per call  at most this many, and together at most so wide; calls per page is what that comes to
  a part          what is left of a page is shared by one recognizer for each part so wide, at most by all of them
  time            over that of the default, in bold; less is better. In the server each call costs about 1 ms more
"""


@click.command(epilog=EPILOG)
@options.images
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True, help="Measurements of each way.")
@options.model_repository
def main(images: tuple[Path, ...], rounds: int, root: Path) -> None:
    """Print how long the recognizer takes for the crops of IMAGES (by default three samples), batched in other ways."""
    try:
        models = ModelsAlone(root)
    except (NotExported, StartError) as error:
        raise click.ClickException(str(error)) from error
    with models:
        cut = [models.cut(path.read_bytes())[1:] for path in images or MIXED_SAMPLES]
        ways: dict[Limits, Pages] = {
            way: [pack(strip, widths, models.weights.recognizer, way)[1] for strip, widths in cut]
            for way in (models.limits, *others(models.limits))
        }
        for _ in measure(models, ways, 1):  # warm-up: each shape is new once
            pass
        with click.progressbar(measure(models, ways, rounds), length=rounds, label="rounds", file=sys.stderr) as bar:
            measured = list(bar)
    click.echo(table(measured, ways))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.layouts.crop_batches")
