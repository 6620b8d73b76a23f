"""`python -m benchmarks.accuracy.letters`: which letters of each language a recognizer lacks, and which it misreads."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks.accuracy.alphabets import LISTED, OTHERS, lacking, letters
from benchmarks.accuracy.drawn_words import INK, PAPER, font_of
from benchmarks.common import options, tables
from ocr_client import OcrClient, Page
from ocr_core.recognizer import Recognizer
from ocr_launch.errors import StartError
from ocr_launch.repository import Repository
from server.triton import TritonServer

# Those with all of these letters, and what stands round each letter and its capital.
FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSerif", "DejaVuSerif-Italic")
SMALL, CAPITAL = ("{}ano", "re{}an", "mo{}"), ("{}ano", "RE{}AN", "MO{}")
SIZE_PX = 30
CELL_WH, COLUMNS, ROWS = (150, 60), 8, 25
# Most of its letters look like Latin ones, and can only be told from them beside others of their own.
NOT_DRAWN = "Greek"
# A letter is told as misread if fewer of its drawings are read right.
LEAST_RIGHT = 0.5
HEAD = "language", "letters beyond a to z", "lacks", "misread"

EPILOG = """\b
Example:
  python -m benchmarks.accuracy.letters   the table of docs/languages.md

Each letter is drawn in six fonts in words that are none: at the start, in the midst, at the end. Misread is one of
which fewer than half of the words are read letter for letter; the table gives their share. Greek is not drawn.
"""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A letter in a word that is to be drawn."""

    letter: str
    word: str
    font: str


def drawings(letter: str) -> list[Drawing]:
    """All of a letter's."""
    words = CAPITAL if letter.isupper() else SMALL
    return [Drawing(letter, word.format(letter), font) for font in FONTS for word in words]


def draw(drawn: Sequence[Drawing]) -> NDArray[np.uint8]:
    """A page of words, each in a cell of its own: (height, width, 3) uint8."""
    width, height = CELL_WH
    image = Image.new("RGB", (COLUMNS * width, ROWS * height), (PAPER,) * 3)
    pen = ImageDraw.Draw(image)
    for number, each in enumerate(drawn):
        row, column = divmod(number, COLUMNS)
        at = (column + 0.5) * width, (row + 0.65) * height
        pen.text(at, each.word, (INK,) * 3, font_of(each.font, SIZE_PX), anchor="ms")
    return np.asarray(image)


def count_right(drawn: Sequence[Drawing], page: Page) -> Counter[str]:
    """For each letter, how many of its words a page has in their cells."""
    found: dict[int, str] = {}
    for word in (word for line in page.lines for word in line.words or ()):
        column, row = (np.mean(word.quad, axis=0) // CELL_WH).astype(int).tolist()
        found[row * COLUMNS + column] = found.get(row * COLUMNS + column, "") + word.text
    return Counter(each.letter for number, each in enumerate(drawn) if found.get(number) == each.word)


def measure(client: OcrClient, known: Iterable[str]) -> dict[str, float]:
    """Have a server read letters: which share of each one's words is read right."""
    drawn = [drawing for letter in known for drawing in drawings(letter)]
    right: Counter[str] = Counter()
    for start in range(0, len(drawn), COLUMNS * ROWS):
        page = drawn[start : start + COLUMNS * ROWS]
        right += count_right(page, client.read(draw(page), words=True))
    return {each.letter: right[each.letter] / len(drawings(each.letter)) for each in drawn}


def row(language: str, characters: frozenset[str], right: Mapping[str, float]) -> list[str]:
    """What the table says of a language."""
    misread = [f"{letter} {right[letter]:.0%}" for letter in letters(language) if right.get(letter, 1) < LEAST_RIGHT]
    return [
        language,
        " ".join((LISTED | OTHERS)[language]),
        " ".join(lacking(language, characters)),
        ", ".join(misread),
    ]


@click.command(epilog=EPILOG)
@options.model_repository
def main(root: Path) -> None:
    """Serve the models, and print for each language the letters that the recognizer lacks and misreads."""
    repository = Repository(root).root
    characters = frozenset(Recognizer.load(repository / "ctc_decoding" / "1").characters)
    languages = sorted(LISTED | OTHERS)
    drawn = (each for language in languages if language != NOT_DRAWN for each in letters(language))
    known = dict.fromkeys(letter for letter in drawn if letter in characters)
    try:
        with TritonServer(repository) as server, OcrClient(server.url, timeout_s=300) as client:
            right = measure(client, known)
    except StartError as error:
        raise click.ClickException(str(error)) from error
    click.echo(tables.markdown(HEAD, [row(language, characters, right) for language in languages]))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.accuracy.letters")
