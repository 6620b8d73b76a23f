"""`python -m benchmarks.layouts.crop_batches`: which crops should share a call of the recognizer?

The recognizer alone runs in this process, laid out as the server has it, on the crops of images; each way to batch them
takes its turn, so that the ratios hold on a noisy machine.
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

from benchmarks.common import options, tables
from benchmarks.common.images import MIXED_SAMPLES
from benchmarks.common.turns import rotated
from benchmarks.upper_bound.models_alone import ModelsAlone
from ocr_core.batching import BUCKET_PX, MAX_CROPS, pack
from ocr_core.errors import NotExported
from ocr_launch.errors import StartError

BUCKETS_PX = (16, 32, 64, 128)
CROPS = (4, 8, 16)
DEFAULT = (BUCKET_PX, MAX_CROPS)

Way = tuple[int, int]
"""Width of buckets in pixels, crops per call at most."""
Pages = Sequence[Sequence[NDArray[np.uint8]]]
"""The batches of each page."""


def measure(models: ModelsAlone, ways: dict[Way, Pages], rounds: int) -> Iterator[dict[Way, float]]:
    """Each round, the seconds that each way takes for all pages."""
    for number in range(rounds):
        yield {way: _seconds(models, ways[way]) for way in rotated(list(ways), number)}


def table(rounds: Sequence[dict[Way, float]], ways: dict[Way, Pages]) -> str:
    """Time and calls over the default's, in Markdown: medians over the rounds."""
    rows = []
    for way, pages in ways.items():
        ratio = median(seconds[way] / seconds[DEFAULT] for seconds in rounds)
        calls = sum(map(len, pages)) / len(pages)
        cells = [*map(str, way), f"{calls:.1f}", f"{ratio:.2f}"]
        rows.append(tables.bold(cells) if way == DEFAULT else cells)
    return tables.markdown(["bucket, px", "crops per call, at most", "calls per page", "time"], rows, numbers_from=0)


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
  bucket, px      crops of a call are padded to a multiple of this width
  crops per call  at most this many; calls per page is what that comes to
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
        ways: dict[Way, Pages] = {
            way: [pack(strip, widths, models.weights.recognizer, *way)[1] for strip, widths in cut]
            for way in itertools.product(BUCKETS_PX, CROPS)
        }
        for _ in measure(models, ways, 1):  # warm-up: each shape is new once
            pass
        with click.progressbar(measure(models, ways, rounds), length=rounds, label="rounds", file=sys.stderr) as bar:
            measured = list(bar)
    click.echo(table(measured, ways))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.layouts.crop_batches")
