"""`python -m benchmarks.accuracy.odd_lines`: how well lines are read that are tiny, bent or turned."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks.accuracy.drawn_words import FONTS, INK, OVERSAMPLING, PAPER, TEXT, font_of
from benchmarks.common import options, tables
from benchmarks.reading_order.distance import distance
from ocr_client import OcrClient
from ocr_launch.errors import StartError
from ocr_launch.repository import Repository
from server.triton import TritonServer

GreyArray = NDArray[np.uint8]

# A4 at 300 dpi, and the size of the pages with one odd line.
A4_WH, DPI, POINTS_PER_INCH = (2480, 3508), 300, 72
PAGE_WH, MARGIN_PX, SIZE_PX, LEADING_EM = (1000, 900), 60, 32, 1.6
LINES, WORDS = 8, 6
ODD = "Harbour & lighthouse trust, since 1894"
# A line counts as found if so much of it is right.
FOUND = 0.5

EPILOG = """\b
Example:
  python -m benchmarks.accuracy.odd_lines   the table of docs/measure.md

Pages are drawn in nine fonts. The character error rate is the least distance (Levenshtein's, over the longer of both)
of a line that is there from one that was read.
"""


@dataclass(frozen=True, slots=True)
class OddPage:
    """A page.

    Attributes:
        image: (height, width) uint8.
        lines: Those which are compared.
    """

    image: GreyArray
    lines: tuple[str, ...]


def small(points: float, font: str) -> OddPage:
    """An A4 page at 300 dpi with lines of so many points."""
    size_px = points / POINTS_PER_INCH * DPI
    image = _paper(A4_WH)
    lines = _set_lines(image, font, size_px, A4_WH[0] // 8, A4_WH[1] // 4)
    return OddPage(_averaged(image, A4_WH), lines)


def on_arc(radius_px: int, font: str, side: int = 1) -> OddPage:
    """A line on an arc, over level ones; of side 1 its middle is its top, of side -1 the lowest part of it."""
    page = _body(font, PAGE_WH[1] // 2)
    strip, radius = _strip(font), radius_px * OVERSAMPLING
    height, width = strip.shape
    # From each pixel of the page back to the strip, whose middle lies in the arc's.
    y, x = np.indices(page.shape, np.float32)
    middle, lies = page.shape[1] / 2, (MARGIN_PX if side > 0 else PAGE_WH[1] // 2 - MARGIN_PX) * OVERSAMPLING
    centre = lies + side * (height / 2 + radius)
    away, angle = np.hypot(x - middle, y - centre), np.arctan2(x - middle, side * (centre - y))
    along = np.asarray(angle * radius + width / 2, np.float32)
    across = np.asarray(side * (radius - away) + height / 2, np.float32)
    bent = cv2.remap(strip, along, across, cv2.INTER_LINEAR, borderValue=(PAPER,))
    return OddPage(_averaged(np.minimum(page, bent), PAGE_WH), (ODD,))


def against_the_page(quarters: int, font: str) -> OddPage:
    """A line turned counter-clockwise by quarters, beside or below level ones."""
    page = _body(font, MARGIN_PX)
    turned = np.rot90(_strip(font), quarters)
    height, width = turned.shape
    right, bottom = ((side - MARGIN_PX) * OVERSAMPLING for side in PAGE_WH)
    page[bottom - height : bottom, right - width : right] = turned
    return OddPage(_averaged(page, PAGE_WH), (ODD,))


CASES: dict[str, Callable[[str], OddPage]] = {
    **{f"{points} pt at 300 dpi": partial(small, points) for points in (4, 5, 6)},
    **{f"on an arc, radius {radius} px": partial(on_arc, radius) for radius in (900, 600, 300)},
    **{f"below the middle of one, radius {radius} px": partial(on_arc, radius, side=-1) for radius in (900, 600, 300)},
    "upwards": partial(against_the_page, 1),
    "on its head": partial(against_the_page, 2),
    "downwards": partial(against_the_page, 3),
}


def error_rates(wanted: Iterable[str], read: Iterable[str]) -> list[float]:
    """Of each line that is there, how far the nearest one that was read is from it, 0 … 1.

    >>> error_rates(["abcd"], ["xy", "abcx"])
    [0.25]
    """
    found = ["", *read]
    return [min(distance(line, wanted_line) for line in found) for wanted_line in wanted]


def measure(client: OcrClient) -> Iterator[list[str]]:
    """Have a server read all cases: the table's rows."""
    for case, draw in CASES.items():
        rates: list[float] = []
        for page in map(draw, FONTS):
            read = client.read(np.repeat(page.image[:, :, None], 3, axis=2))
            rates += error_rates(page.lines, (line.text for line in read.lines))
        found = sum(rate <= FOUND for rate in rates)
        yield [case, str(len(rates)), str(found), f"{np.mean(rates):.3f}"]


def _body(font: str, top: int) -> GreyArray:
    """A page of level lines on the left, at `OVERSAMPLING` times its size."""
    page = _paper(PAGE_WH)
    _set_lines(page, font, SIZE_PX * 0.75, MARGIN_PX, top)
    return page


def _set_lines(page: GreyArray, font: str, size_px: float, left: int, top: int) -> tuple[str, ...]:
    """Set lines of a few words each; what they say."""
    words = cycle(TEXT.split())
    lines = tuple(" ".join(islice(words, WORDS)) for _ in range(LINES))
    image = Image.fromarray(page)
    for number, line in enumerate(lines):
        at = left * OVERSAMPLING, round((top + (number + 1) * LEADING_EM * size_px) * OVERSAMPLING)
        ImageDraw.Draw(image).text(at, line, INK, font_of(font, round(size_px * OVERSAMPLING)), anchor="ls")
    page[:] = np.asarray(image)
    return lines


def _strip(font: str) -> GreyArray:
    """The odd line alone, level."""
    face = font_of(font, SIZE_PX * OVERSAMPLING)
    image = Image.new("L", (round(face.getlength(ODD)) + 2 * SIZE_PX, 3 * SIZE_PX), PAPER)
    ImageDraw.Draw(image).text((SIZE_PX, 1.5 * SIZE_PX), ODD, INK, face, anchor="lm")
    return np.asarray(image, np.uint8)


def _paper(size_wh: tuple[int, int]) -> GreyArray:
    return np.full([side * OVERSAMPLING for side in reversed(size_wh)], PAPER, np.uint8)


def _averaged(image: GreyArray, size_wh: tuple[int, int]) -> GreyArray:
    return np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)


@click.command(epilog=EPILOG)
@options.model_repository
def main(root: Path) -> None:
    """Serve the models, and print how well lines are read that are rarely met."""
    try:
        with TritonServer(Repository(root).root) as server, OcrClient(server.url, timeout_s=300) as client:
            rows = list(measure(client))
    except StartError as error:
        raise click.ClickException(str(error)) from error
    click.echo(tables.markdown(("lines", "drawn", "found", "character error rate"), rows, numbers_from=1))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.accuracy.odd_lines")
