"""`python -m benchmarks.accuracy.words [DATA]`: how well the boxes of words lie on the words, and what they cost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks.accuracy.drawn_words import LARGE_SIZES_PX, VIEWS, TrueWord, draw_pages
from benchmarks.accuracy.labels import find_sets, read_set
from benchmarks.accuracy.word_boxes import BoxScore, score
from benchmarks.common import cpu_time, options, tables
from ocr_client import OcrClient, Page, ReadOptions, Word
from ocr_client.images import ImageLike
from ocr_launch.errors import StartError
from ocr_launch.repository import Repository
from server.triton import TritonServer

STEP = "ctc_decoding"
# The first pages of a set, and how often each is read: the kernel counts CPU time in units of 10 ms.
COST_PAGES, COST_TURNS = 3, 2

EPILOG = """\b
Examples:
  python -m benchmarks.accuracy.words                 words drawn in nine fonts: level, turned, in perspective
  python -m benchmarks.accuracy.words data/funsd      those, and a data set that is labelled by words

Of the words that were read letter for letter: IoU is the intersection of the box and the true one over their union;
overlap is the same along the line only. Drawn words end with their ink; people draw boxes with a margin.

`python -m benchmarks.accuracy --help` tells what DATA looks like.
"""


@dataclass(frozen=True, slots=True)
class WordPage:
    """An image and the words that are on it."""

    image: ImageLike
    words: tuple[TrueWord, ...]


def drawn_sets() -> Iterator[tuple[str, list[WordPage]]]:
    """The drawn pages, by how they lie, and those without small letters."""
    for view in VIEWS:
        yield f"drawn, {view}", [WordPage(page.image_rgb, page.words) for page in draw_pages(view)]
    large = (WordPage(page.image_rgb, page.words) for page in draw_pages("level", LARGE_SIZES_PX))
    yield f"drawn, level, {min(LARGE_SIZES_PX)} to {max(LARGE_SIZES_PX)} px", list(large)


def labelled_sets(folder: Path, limit: int | None) -> Iterator[tuple[str, list[WordPage]]]:
    """The data sets in a folder."""
    for name, path in find_sets(folder).items():
        images = read_set(path)[:limit]
        yield (
            name,
            [WordPage(each.path.read_bytes(), tuple(map(TrueWord, each.texts, each.quads))) for each in images],
        )


def measure(client: OcrClient, name: str, pages: Sequence[WordPage]) -> BoxScore:
    """Have a server read a set, and compare."""
    return score(name, ((_words(client.read(page.image, words=True)), page.words) for page in pages))


def _words(page: Page) -> list[Word]:
    return [word for line in page.lines for word in line.words or ()]


def cost_ms(server: TritonServer, client: OcrClient, pages: Sequence[WordPage], wanted: ReadOptions) -> float:
    """CPU time of the last step for a page, milliseconds."""
    before_ms = cpu_time.cpu_ms(server.pid)[STEP]
    images = [page.image for page in pages[:COST_PAGES]] * COST_TURNS
    for image in images:
        client.read(image, **wanted)
    return (cpu_time.cpu_ms(server.pid)[STEP] - before_ms) / len(images)


@click.command(epilog=EPILOG)
@click.argument(
    "folder", metavar="[DATA]", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@options.model_repository
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Only the first N images of each set of DATA.")
def main(folder: Path | None, root: Path, limit: int | None) -> None:
    """Serve the models, print how well words are found on drawn pages and on those of DATA, and what that costs."""
    sets = [*drawn_sets(), *(labelled_sets(folder.resolve(), limit) if folder else ())]
    rows = []
    try:
        with TritonServer(Repository(root).root) as server, OcrClient(server.url, timeout_s=300) as client:
            for name, pages in sets:
                found = measure(client, name, pages)
                wishes: tuple[ReadOptions, ...] = ({}, {"words": True}, {"characters": True})
                costs = [f"{cost_ms(server, client, pages, wanted):.0f}" for wanted in wishes]
                means = f"{found.iou:.3f}", f"{found.overlap:.3f}"
                rows.append([name, found.words, found.matched, *means, " / ".join(costs)])
    except StartError as error:
        raise click.ClickException(str(error)) from error
    head = ("set", "words", "read", "IoU", "overlap along the line", f"CPU of {STEP}: lines / words / characters, ms")
    click.echo(tables.markdown(head, rows, numbers_from=1))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.accuracy.words")
