"""`python -m benchmarks.accuracy DATA`: token F1 of a running server on labelled images."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import click
from tabulate import tabulate

from benchmarks.accuracy.changed import ALL_LEVELS, read_changed
from benchmarks.accuracy.labels import find_sets, read_set
from benchmarks.accuracy.score import Score, measure
from benchmarks.common import options
from ocr_client import OcrClient

HEAD = ("set", "images", "precision", "recall", "F1", "s/image")
FORMATS = ("", "d", ".3f", ".3f", ".3f", ".2f")

EPILOG = """\b
Examples:
  make accuracy DATA=data                                  all sets in data/, of the server at localhost:8000
  python -m benchmarks.accuracy data/sroie --url box:8000  one set, another server
  python -m benchmarks.accuracy data --min-f1 sroie=0.93   status 1 if that set's F1 is lower
  python -m benchmarks.accuracy data --turn 90             images that lie on their side
  python -m benchmarks.accuracy data --fade 46             faded images

\b
A data set is a folder of images with a labels.json: a list of
  {"image": "a.png", "items": [{"quad": [[x, y], [x, y], [x, y], [x, y]], "text": "EXIT", "ignore": false}]}
Corners are in pixels. Regions with "ignore" are not judged: nobody could read them.

\b
F1 counts tokens: runs of letters and digits, upper and lower case alike, compared as multisets for each image,
and added up over the images of a set.
"""


def table(scores: Iterable[Score]) -> str:
    """The scores, one below the other."""
    rows = [list(asdict(score).values()) for score in scores]
    return str(tabulate(rows, HEAD, tablefmt="plain", floatfmt=FORMATS))


def _parse_minima(_ctx: click.Context, _param: click.Parameter, values: Iterable[str]) -> dict[str, float]:
    try:
        return {name: float(value) for name, value in (item.rsplit("=", 1) for item in values)}
    except ValueError as error:
        raise click.BadParameter("write NAME=VALUE, for example receipts=0.94") from error


@click.command(epilog=EPILOG)
@click.argument("folder", metavar="DATA", type=click.Path(exists=True, file_okay=False, path_type=Path))
@options.url
@click.option(
    "--min-f1",
    "minima",
    multiple=True,
    callback=_parse_minima,
    metavar="NAME=VALUE",
    help="Fail if this set's F1 is lower; may be given for several sets.",
)
@click.option("--concurrency", type=click.IntRange(1), default=2, show_default=True, help="Requests under way at once.")
@click.option(
    "--turn",
    "degrees",
    type=click.Choice(["0", "90", "180", "270"]),
    default="0",
    show_default=True,
    help="Turn the images so far counter-clockwise before they are sent.",
)
@click.option(
    "--fade",
    "levels",
    type=click.IntRange(2, ALL_LEVELS),
    default=ALL_LEVELS,
    metavar="N",
    help="Leave so many levels of each colour, the bright ones, before the images are sent.",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the scores as JSON.")
def main(
    folder: Path,
    url: str,
    minima: dict[str, float],
    concurrency: int,
    degrees: str,
    levels: int,
    output: Path | None,
) -> None:
    """Print the token F1 of a running server on DATA: a labelled data set, or a folder of them."""
    sets = find_sets(folder.resolve())
    find_sets(folder.resolve(), "--min-f1", minima)  # a misspelt name would check nothing
    with OcrClient(url) as client:
        read = partial(read_changed, client, int(degrees), levels)
        scores = [measure(name, read_set(path), read, concurrency) for name, path in sets.items()]
    click.echo(table(scores))
    if output:
        output.write_text(json.dumps([asdict(score) for score in scores], indent=2) + "\n")
    if low := [score for score in scores if score.f1 < minima.get(score.name, 0)]:
        text = ", ".join(f"{score.name} {score.f1:.3f} < {minima[score.name]:g}" for score in low)
        raise click.ClickException(f"F1 too low: {text}")


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.accuracy")
