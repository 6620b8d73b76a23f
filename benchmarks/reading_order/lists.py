"""Layouts of short lines: lists, verse, indexes, addresses, letters."""

from functools import partial

import numpy as np

from benchmarks.reading_order.columns import LEFT, TOP, sheet, title
from benchmarks.reading_order.layout import Layout
from benchmarks.reading_order.sheet import Line, Sheet, Style
from benchmarks.reading_order.typesetter import (
    Block,
    broken,
    line,
    listed,
    paragraph,
    paragraphs,
    prose,
    stacked,
    words,
)

Random = np.random.Generator


def phrases(random: Random, style: Style, count: int, least: int, most: int, ems: float) -> list[str]:
    """Short texts of `least` to `most` words that are no wider than so many ems."""
    texts = [words(random, int(random.integers(least, most + 1))) for _ in range(count)]
    return [broken(style, text, style.ems(ems))[0] for text in texts]


def short_lists(random: Random, style: Style, gap: float) -> Sheet:
    """Two lists under headings of their own, of different lengths."""
    blocks = []
    for number, count in enumerate(random.permutation([6, 9])):
        left = LEFT + number * style.ems(14 + gap)
        head = title(random, style, left, TOP, 1, 1.3)
        entries = [f"• {text}" for text in phrases(random, style, int(count), 1, 3, 12)]
        blocks += [head, listed(style, entries, left, head.bottom_px)]
    return sheet(*blocks)


def numbered_list(random: Random, style: Style) -> Sheet:
    """Numbers, and entries of several lines that hang beside them."""
    head = title(random, style, LEFT, TOP)
    lines: list[Line] = []
    top = head.bottom_px
    for number in range(1, 8):
        entry = paragraph(style, prose(random, int(random.integers(10, 45))), LEFT + style.ems(2), top, style.ems(30))
        lines += [line(style, f"{number}.", LEFT, entry.lines[0].baseline_px), *entry.lines]
        top = entry.bottom_px + style.ems(0.5)
    return sheet(head, Block(tuple(lines), top))


def verse(random: Random, style: Style, gap: float) -> Sheet:
    """Poems in two columns of stanzas, the second poem shorter."""
    blocks = []
    for number, stanzas in enumerate((6, 5)):
        left, top = LEFT + number * style.ems(20 + gap), TOP
        head = title(random, style, left, top, 2, 1.3)
        top = head.bottom_px
        blocks.append(head)
        for _ in range(stanzas):
            stanza = listed(style, phrases(random, style, 4, 4, 6, 19), left, top)
            blocks.append(stanza)
            top = stanza.bottom_px + style.ems(1)
    return sheet(*blocks)


def single_verse(random: Random, style: Style) -> Sheet:
    """Stanzas below each other."""
    blocks, top = [], TOP
    for _ in range(5):
        stanza = listed(style, phrases(random, style, 4, 4, 7, 30), LEFT, top)
        blocks.append(stanza)
        top = stanza.bottom_px + style.ems(1)
    return sheet(*blocks)


def index(random: Random, style: Style) -> Sheet:
    """Three columns of short entries with the numbers of their pages, some indented."""
    blocks = []
    for number in range(3):
        left, top = LEFT + number * style.ems(17), TOP
        lines = []
        for row in range(34):
            pages = ", ".join(str(page) for page in sorted(random.integers(2, 400, int(random.integers(1, 3)))))
            shift = style.ems(1) * bool(random.random() < 0.3)
            (entry,) = phrases(random, style, 1, 1, 2, 9)
            text = f"{entry.lower()}, {pages}"
            lines.append(line(style, text, left + shift, top + style.ems(0.8) + row * style.pitch_px))
        blocks.append(Block(tuple(lines), top))
    return sheet(*blocks)


def contents(random: Random, style: Style) -> Sheet:
    """Titles of chapters, and at the right edge their pages."""
    head = title(random, style, LEFT, TOP, 1)
    lines, page = [], 1
    for row in range(16):
        base = head.bottom_px + style.ems(0.8) + row * style.pitch_px * 1.15
        lines.append(line(style, f"{row + 1} {words(random, int(random.integers(2, 7)))}", LEFT, base))
        lines.append(line(style, str(page), LEFT + style.ems(34), base, "r"))
        page += int(random.integers(3, 25))
    return sheet(head, Block(tuple(lines), 0))


def address(random: Random) -> list[str]:
    """Name, street, town, country."""
    street, town = words(random, 1), words(random, 1)
    name = " ".join(word.capitalize() for word in words(random, 2).split())
    return [name, f"{random.integers(1, 200)} {street} Street", f"{town} {random.integers(10000, 99999)}", "England"]


def letter(random: Random, style: Style) -> Sheet:
    """The sender at the right, the one addressed at the left below, date, paragraphs."""
    right = LEFT + style.ems(30)
    sender = listed(style, address(random), right, TOP, "r")
    to = listed(style, address(random), LEFT, sender.bottom_px + style.ems(2))
    date = Block(
        (line(style, "14 March 2026", right, to.bottom_px + style.ems(1.5), "r"),), to.bottom_px + style.ems(3)
    )
    texts = ["Dear Sir,", *(prose(random, int(random.integers(25, 70))) for _ in range(4)), "Yours faithfully,"]
    body = paragraphs(style, texts, LEFT, date.bottom_px, style.ems(30), gap=0.8)
    signed = listed(style, [words(random, 2)], LEFT, body.bottom_px + style.ems(3))
    return sheet(sender, to, date, body, signed)


def letterhead(random: Random, style: Style) -> Sheet:
    """A firm's name above, a letter, and in small print its offices side by side below."""
    head = title(random, style, LEFT, TOP, 3, 2)
    body = paragraphs(
        style, ["Dear Madam,", *(prose(random, 60) for _ in range(4))], LEFT, head.bottom_px + style.ems(2),
        style.ems(32), gap=0.8,
    )  # fmt: skip
    small = style.times(0.75)
    top = body.bottom_px + style.ems(4)
    feet = [listed(small, address(random), LEFT + number * style.ems(11.5), top) for number in range(3)]
    return sheet(head, body, *feet)


def two_addresses(random: Random, style: Style) -> Sheet:
    """Bill to, ship to: side by side, then prose."""
    head = title(random, style, LEFT, TOP, 1)
    blocks = []
    for number, name in enumerate(("Bill to:", "Ship to:")):
        blocks.append(listed(style, [name, *address(random)], LEFT + number * style.ems(18), head.bottom_px))
    below = paragraph(style, prose(random, 60), LEFT, blocks[0].bottom_px + style.ems(2), style.ems(34))
    return sheet(head, *blocks, below)


def dialogue(random: Random, style: Style) -> Sheet:
    """Names of speakers at the left, what they say in lines beside them."""
    lines: list[Line] = []
    top = TOP
    for turn in range(9):
        said = paragraph(style, prose(random, int(random.integers(10, 40))), LEFT + style.ems(7), top, style.ems(26))
        lines += [line(style, ("ANNA", "BERTRAM")[turn % 2], LEFT, said.lines[0].baseline_px), *said.lines]
        top = said.bottom_px + style.ems(0.4)
    return sheet(Block(tuple(lines), top))


def list_in_columns(random: Random, style: Style) -> Sheet:
    """Two columns of prose with a list of short points in each."""
    width = style.ems(20)
    columns = []
    for left in (LEFT, LEFT + width + style.ems(1.5)):
        first = paragraph(style, prose(random, 60), left, TOP, width)
        points = [f"• {text}" for text in phrases(random, style, int(random.integers(4, 8)), 2, 5, 17)]
        middle = listed(style, points, left + style.ems(1), first.bottom_px + style.ems(0.5))
        last = paragraph(style, prose(random, 90), left, middle.bottom_px + style.ems(0.5), width)
        columns.append(stacked([first, middle, last]))
    return sheet(*columns)


LISTS = (
    Layout("short lists side by side, far apart", partial(short_lists, gap=5)),
    Layout("short lists side by side", partial(short_lists, gap=1)),
    Layout("numbered list of long entries", numbered_list),
    Layout("verse in one column", single_verse),
    Layout("verse in two columns, far apart", partial(verse, gap=3)),
    Layout("verse in two columns", partial(verse, gap=1)),
    Layout("index in three columns", index),
    Layout("contents", contents),
    Layout("letter", letter),
    Layout("letterhead with offices below", letterhead),
    Layout("two addresses side by side", two_addresses),
    Layout("dialogue with names beside it", dialogue),
    Layout("lists within two columns", list_in_columns),
)
