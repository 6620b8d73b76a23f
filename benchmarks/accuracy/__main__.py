"""`python -m benchmarks.accuracy DATA`: token F1 of a running server on labelled images.

A data set is a folder of images and `labels.json`: a list of `{"image": file name, "items": [{"quad":
[[x, y] x 4] in pixels, "text", "ignore": whether no one could read it}]}`.
"""

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import click

from benchmarks.accuracy.token_f1 import Counts, compare, outside
from ocr_client import OcrClient, OcrError, Page
from ocr_client.results import Quad

Read = Callable[[Path], Page]


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """An image and the truth about it.

    Attributes:
        path: The image.
        texts: What can be read in it.
        ignored: Regions that are not to be judged.
    """

    path: Path
    texts: tuple[str, ...]
    ignored: tuple[Quad, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """What a data set gave.

    Attributes:
        name: The folder's.
        images: How many there are.
        precision: Micro-averaged over tokens, like recall and f1; 0 to 1.
        recall: See above.
        f1: See above.
        seconds_per_image: Wall-clock time of the whole set over its images, at the concurrency asked for.
    """

    name: str
    images: int
    precision: float
    recall: float
    f1: float
    seconds_per_image: float


def find_sets(folder: Path) -> list[Path]:
    """The data set itself, or the data sets in a folder of them, by name.

    Raises:
        click.UsageError: There are none.
    """
    if (folder / "labels.json").is_file():
        return [folder]
    sets = sorted(labels.parent for labels in folder.glob("*/labels.json"))
    if not sets:
        raise click.UsageError(f"neither {folder} nor a folder in it has a labels.json")
    return sets


def load_set(folder: Path) -> list[LabelledImage]:
    """Read a data set's labels."""
    entries = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    return [
        LabelledImage(
            path=folder / entry["image"],
            texts=tuple(item["text"] for item in entry["items"] if not item["ignore"]),
            ignored=tuple(item["quad"] for item in entry["items"] if item["ignore"]),
        )
        for entry in entries
    ]


def judge(image: LabelledImage, page: Page) -> Counts:
    """Compare what was read with what is there."""
    return compare((line.text for line in outside(page.lines, image.ignored)), image.texts)


def measure(name: str, images: Sequence[LabelledImage], read: Read, concurrency: int) -> Score:
    """Have all images read and judge them, showing progress on stderr.

    Whatever `read` raises ends it: a score over the other images would flatter.
    """
    start_s = time.perf_counter()
    with ThreadPoolExecutor(concurrency) as pool:
        pages = pool.map(read, [image.path for image in images])
        with click.progressbar(pages, length=len(images), label=name, file=sys.stderr) as bar:
            counts = sum(map(judge, images, bar), Counts())
    wall_s = time.perf_counter() - start_s
    return Score(
        name=name,
        images=len(images),
        precision=counts.precision,
        recall=counts.recall,
        f1=counts.f1,
        seconds_per_image=wall_s / max(len(images), 1),
    )


def table(scores: Iterable[Score]) -> str:
    """The scores, one below the other."""
    head = f"{'set':<16} {'images':>6} {'precision':>9} {'recall':>6} {'F1':>6} {'s/image':>7}"
    rows = (
        f"{score.name:<16} {score.images:>6} {score.precision:>9.3f} {score.recall:>6.3f} {score.f1:>6.3f} "
        f"{score.seconds_per_image:>7.2f}"
        for score in scores
    )
    return "\n".join((head, *rows))


def _parse_minima(_ctx: click.Context, _param: click.Parameter, values: Iterable[str]) -> dict[str, float]:
    try:
        return {name: float(value) for name, value in (item.rsplit("=", 1) for item in values)}
    except ValueError as error:
        raise click.BadParameter("write NAME=VALUE, for example receipts=0.94") from error


def read_by(client: OcrClient, path: Path) -> Page:
    """Have a server read an image.

    Raises:
        click.ClickException: It cannot; which image it was is told.
    """
    try:
        return client.read(path)
    except OcrError as error:
        raise click.ClickException(f"{path}: {error}") from error


@click.command()
@click.argument("folder", metavar="DATA", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--url", default="localhost:8000", envvar="OCR_URL", show_envvar=True, show_default=True)
@click.option(
    "--min-f1",
    "minima",
    multiple=True,
    callback=_parse_minima,
    metavar="NAME=VALUE",
    help="Fail if this set's F1 is lower; may be given for several sets.",
)
@click.option("--concurrency", type=click.IntRange(1), default=2, show_default=True)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the scores as JSON.")
def main(folder: Path, url: str, minima: dict[str, float], concurrency: int, output: Path | None) -> None:
    """Print the token F1 of a running server on DATA: a labelled data set, or a folder of them."""
    sets = {path.name: path for path in find_sets(folder.resolve())}
    if unknown := minima.keys() - sets.keys():
        raise click.UsageError(f"--min-f1 names {', '.join(unknown)}; there are {', '.join(sets)}")
    with OcrClient(url) as client:
        read = partial(read_by, client)
        scores = [measure(name, load_set(path), read, concurrency) for name, path in sets.items()]
    click.echo(table(scores))
    if output:
        output.write_text(json.dumps([asdict(score) for score in scores], indent=2) + "\n")
    if low := [score for score in scores if score.f1 < minima.get(score.name, 0)]:
        told = ", ".join(f"{score.name} {score.f1:.3f} < {minima[score.name]:g}" for score in low)
        raise click.ClickException(f"F1 too low: {told}")


if __name__ == "__main__":
    main()
