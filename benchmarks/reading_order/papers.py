"""Layouts of two columns with something between their lines or them: patents, papers, question papers."""

import numpy as np

from benchmarks.reading_order.columns import LEFT, TOP, lefts, sheet, spread
from benchmarks.reading_order.layout import Layout
from benchmarks.reading_order.sheet import Sheet, Style
from benchmarks.reading_order.typesetter import Block, column, line, paragraph, prose, words

Random = np.random.Generator


def patent(random: Random, style: Style) -> Sheet:
    """Each column has a number above it, and each fifth line one between the columns."""
    width, small, rows = style.ems(20), style.times(0.8), 38
    places = lefts(style, 2, 3, width)
    heads = [line(style, str(number), left + width / 2, TOP, "m") for number, left in enumerate(places, 1)]
    left, right = (column(random, style, place, TOP + style.ems(1.2), width, rows) for place in places)
    middle = LEFT + spread(style, 2, 3, width) / 2
    fifths = [line(small, str(row), middle, left.lines[row - 1].baseline_px, "m") for row in range(5, rows, 5)]
    return sheet(Block(tuple(heads), TOP), left, Block(tuple(fifths), TOP), right)


def equations(random: Random, style: Style) -> Sheet:
    """Formulas between paragraphs, in the middle of their column, with a number at its right edge."""
    width = style.ems(20)
    blocks: list[Block] = []
    for left in lefts(style, 2, 1.6, width):
        top = TOP
        for _ in range(3):
            text = column(random, style, left, top, width, int(random.integers(5, 9)))
            base = text.bottom_px + style.ems(1.4)
            formula = line(style, "E = mc + 12", left + width / 2, base, "m")
            number = line(style, f"({random.integers(1, 30)})", left + width, base, "r")
            blocks += [text, Block((formula, number), base)]
            top = base + style.ems(0.8)
    return sheet(*blocks)


def questions(random: Random, style: Style) -> Sheet:
    """Questions, each with four answers in two rows."""
    width = style.ems(20)
    blocks: list[Block] = []
    for left in lefts(style, 2, 2, width):
        top = TOP
        for number in range(1, 6):
            asked = paragraph(style, f"{number}. {prose(random, 14)}", left, top, width)
            answers = [
                line(style, f"{letter}) {words(random, 2)}", left + style.ems(10) * (place % 2),
                     asked.bottom_px + style.pitch_px * (place // 2 + 0.8))
                for place, letter in enumerate("ABCD")
            ]  # fmt: skip
            top = asked.bottom_px + 2.6 * style.pitch_px
            blocks += [asked, Block(tuple(answers), top)]
    return sheet(*blocks)


PAPERS = (
    Layout("numbers of lines between columns", patent),
    Layout("formulas with numbers in columns", equations),
    Layout("questions and answers in columns", questions),
)
