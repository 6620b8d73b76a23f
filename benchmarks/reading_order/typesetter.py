"""Words, paragraphs and columns for the layouts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.reading_order.sheet import Line, Style
from samples.article import PROSE

VOCABULARY = sorted({word.strip(".,:?").lower() for word in PROSE.split()})


@dataclass(frozen=True)
class Block:
    """Lines that stand together, in reading order.

    Attributes:
        lines: Themselves.
        bottom_px: Where the next block may begin without a space.
    """

    lines: tuple[Line, ...]
    bottom_px: float


def words(random: np.random.Generator, count: int) -> str:
    """So many words, the first with a capital."""
    return " ".join(random.choice(VOCABULARY, count)).capitalize()


def prose(random: np.random.Generator, count: int) -> str:
    """A paragraph of about so many words, in sentences."""
    lengths = random.integers(6, 16, max(1, count // 10))
    return " ".join(f"{words(random, length)}." for length in lengths)


def line(style: Style, text: str, left: float, baseline: float, align: str = "l", width: float | None = None) -> Line:
    """A line that begins ("l"), has its middle ("m") or ends ("r") at `left`."""
    own = style.width_px(text)
    return Line(text, left - {"l": 0, "m": own / 2, "r": own}[align], baseline, style, own if width is None else width)


def broken(style: Style, text: str, width: float, indent: float = 0) -> list[str]:
    """The text in lines that fit the width; the first is shorter by the indent."""
    lines: list[str] = []
    current, free = "", width - indent
    for word in text.split():
        longer = f"{current} {word}".lstrip()
        if current and style.width_px(longer) > free:
            lines.append(current)
            longer, free = word, width
        current = longer
    return [*lines, current]


def paragraph(style: Style, text: str, left: float, top: float, width: float, indent: float = 0) -> Block:
    """A paragraph set into a column."""
    texts = broken(style, text, width, indent)
    set_lines = []
    for number, one in enumerate(texts):
        shift = 0 if number else indent
        full = style.justified and number < len(texts) - 1
        baseline = top + style.ems(0.8) + number * style.pitch_px
        set_lines.append(line(style, one, left + shift, baseline, width=width - shift if full else None))
    return Block(tuple(set_lines), top + len(texts) * style.pitch_px)


def paragraphs(
    style: Style, texts: Iterable[str], left: float, top: float, width: float, *, indent: float = 0, gap: float = 0
) -> Block:
    """Paragraphs below each other: `indent` in ems, `gap` between them in ems."""
    set_lines: list[Line] = []
    for number, text in enumerate(texts):
        block = paragraph(style, text, left, top + bool(number) * style.ems(gap), width, style.ems(indent))
        set_lines.extend(block.lines)
        top = block.bottom_px
    return Block(tuple(set_lines), top)


def column(random: np.random.Generator, style: Style, left: float, top: float, width: float, rows: int) -> Block:
    """Prose with indented paragraphs that fills so many rows of a column."""
    block = Block((), top)
    while len(block.lines) < rows:
        more = paragraph(style, prose(random, int(random.integers(25, 70))), left, block.bottom_px, width, style.ems(1))
        block = Block((*block.lines, *more.lines), more.bottom_px)
    cut = block.lines[:rows]
    return Block(cut, top + rows * style.pitch_px)


def listed(style: Style, texts: Sequence[str], left: float, top: float, align: str = "l") -> Block:
    """Lines below each other that are not broken."""
    lines = tuple(
        line(style, text, left, top + style.ems(0.8) + number * style.pitch_px, align)
        for number, text in enumerate(texts)
    )
    return Block(lines, top + len(texts) * style.pitch_px)


def stacked(blocks: Iterable[Block]) -> Block:
    """Blocks read one after the other."""
    together = list(blocks)
    return Block(tuple(one for block in together for one in block.lines), max(block.bottom_px for block in together))
