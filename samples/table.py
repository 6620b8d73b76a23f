"""A dense stock table: more cells than a recognizer takes in one batch."""

from collections.abc import Iterator

import numpy as np

from samples.ink import Words, coverage
from samples.paper import print_on, rgb, smooth
from samples.sample import Image, Sample

SIZE_WH = 1600, 1326
TOP_PX, PITCH_PX, TEXT_PX = 12, 21, 17
ROWS = 61  # below the head
HEAD = ("Code", "Article", "Finish", "Supplier", "Shelf", "Stock", "Price")
# Where each column begins; the last two end there, as numbers do.
COLUMNS_PX = (40, 200, 545, 800, 1130, 1375, 1560)
NUMBERS_FROM = 5

ARTICLES = (
    "Hinge", "Bracket", "Door handle", "Hex bolt", "Wing nut", "Washer", "Cable clip", "Wall plug",
    "Hose clamp", "Pipe joint", "Angle iron", "Coat hook", "Drawer rail", "Table leg", "Padlock", "Spring",
)  # fmt: skip
SIZES = ("small", "medium", "large", "wide", "narrow", "heavy", "short", "long")
FINISHES = ("Brass", "Steel", "Zinc plated", "Chrome", "Matt black", "White enamel", "Copper", "Nickel")
SUPPLIERS = (
    "Anderson Metal", "Baker and Sons", "Carter Tools", "Dawson Supply", "Eastgate Works",
    "Foster Trading", "Greenwood Parts", "Hartley Brothers", "Kendrick", "Marlow Fittings",
)  # fmt: skip


def stock_rows() -> tuple[tuple[str, ...], ...]:
    """The table's rows from the head down, each of seven cells."""
    random = np.random.default_rng(4)
    return (HEAD, *(_row(random, number) for number in range(ROWS)))


def _row(random: np.random.Generator, number: int) -> tuple[str, ...]:
    article = f"{ARTICLES[number % len(ARTICLES)]} {random.choice(SIZES)}"
    shelf = f"{random.choice(list('ABCDEFGH'))}{random.integers(11, 99)}"
    stock, euros, cents = random.integers(12, 980), random.integers(2, 190), random.integers(10, 99)
    return (
        f"{random.choice(list('KMRTW'))}{4127 + 83 * number}",
        article,
        str(random.choice(FINISHES)),
        str(random.choice(SUPPLIERS)),
        shelf,
        str(stock),
        f"{euros}.{cents}",
    )


def _words(rows: tuple[tuple[str, ...], ...]) -> Iterator[Words]:
    for number, row in enumerate(rows):
        baseline_px = TOP_PX + number * PITCH_PX + 16
        for column, (cell, x_px) in enumerate(zip(row, COLUMNS_PX, strict=True)):
            bold_px = 0.25 if number == 0 else 0
            yield Words(cell, x_px, baseline_px, TEXT_PX, bold_px, "l" if column < NUMBERS_FROM else "r")


def _zebra() -> Image:
    """The empty form: every other row grey, rules around the head and below the last row."""
    width, height = SIZE_WH
    sheet = np.full((height, width), 250, np.uint8)
    for number in range(0, ROWS + 1, 2):
        sheet[TOP_PX + number * PITCH_PX :][:PITCH_PX, 24:-24] = 232
    for row in (0, 1, ROWS + 1):
        sheet[TOP_PX + row * PITCH_PX - 1 :][:2, 24:-24] = 110
    return sheet


def draw_table() -> Sample:
    """A warehouse's stock list: 62 rows of 7 cells on a striped page."""
    rows = stock_rows()
    page = print_on(_zebra(), coverage(SIZE_WH, _words(rows)), 40)
    return Sample("table.png", rgb(smooth(page, 16)), tuple(" ".join(row) for row in rows))
