"""A till receipt: a narrow, tall page of small print with prices on the right."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from samples.ink import Words, coverage
from samples.paper import clouds, grainy, paper, print_on, rgb
from samples.sample import Image, Sample

WIDTH_PX = 560
MARGIN_PX = 34
SMALL_PX, BODY_PX, LARGE_PX, TITLE_PX = 15, 18, 22, 34
FOOD_VAT, DRINK_VAT = 5, 20  # per cent, included in the prices

# quantity, name, price of one in cents, VAT
ITEMS = (
    (2, "Espresso", 250, DRINK_VAT),
    (1, "Flat White", 380, DRINK_VAT),
    (1, "Hot Chocolate", 420, DRINK_VAT),
    (3, "Orange Juice", 365, DRINK_VAT),
    (1, "Ginger Lemonade", 395, DRINK_VAT),
    (2, "Mint Tea", 310, DRINK_VAT),
    (4, "Butter Croissant", 215, FOOD_VAT),
    (2, "Almond Croissant", 285, FOOD_VAT),
    (1, "Cinnamon Roll", 325, FOOD_VAT),
    (1, "Blueberry Muffin", 340, FOOD_VAT),
    (2, "Cheese Sandwich", 560, FOOD_VAT),
    (1, "Smoked Salmon Bagel", 790, FOOD_VAT),
    (1, "Mushroom Omelette", 845, FOOD_VAT),
    (1, "Tomato Soup", 625, FOOD_VAT),
    (2, "Bowl of Porridge", 475, FOOD_VAT),
    (1, "Fruit Salad", 530, FOOD_VAT),
    (1, "Rye Loaf", 440, FOOD_VAT),
    (1, "Sourdough Loaf", 515, FOOD_VAT),
    (6, "Poppy Seed Bun", 95, FOOD_VAT),
    (1, "Jar of Plum Jam", 650, FOOD_VAT),
)


@dataclass(frozen=True)
class Row:
    """One line of print: cells at shares of the width, or a rule where there are none."""

    cells: tuple[str, ...]
    size_px: int = BODY_PX
    bold_px: float = 0

    @property
    def pitch_px(self) -> int:
        """From this row's top to the next one's."""
        return round(self.size_px * 1.42) if self.cells else 20


RULE = Row(())


def money(cents: int) -> str:
    """The amount as the till prints it.

    >>> money(1205)
    '12.05'
    """
    return f"{cents // 100}.{cents % 100:02}"


def _rows() -> Iterator[Row]:
    """Every row from the top."""
    yield from _head()
    yield from (Row((f"{count} x {name}", money(count * cents))) for count, name, cents, _ in ITEMS)
    yield RULE
    yield from _sums()
    yield RULE
    yield from _vat_table()
    yield RULE
    yield from _foot()


def _head() -> Iterator[Row]:
    yield Row(("CORNER BAKERY",), TITLE_PX, 1)
    yield Row(("Bread, Cakes and Coffee",), LARGE_PX)
    yield from (Row((line,)) for line in ("12 Harbour Street", "Northfield NF4 7QT", "Phone 555 283 647"))
    yield RULE
    yield Row(("Receipt 48273", "Counter 3"))
    yield Row(("Sunday 24 May 2026", "08:47"))
    yield Row(("Served by Maria", "Table 7"))
    yield RULE
    yield Row(("Item", "EUR"), BODY_PX, 0.25)


def _total_cents(vat: int | None = None) -> int:
    return sum(count * cents for count, _, cents, rate in ITEMS if vat in (None, rate))


def _sums() -> Iterator[Row]:
    yield Row(("Number of items", str(sum(item[0] for item in ITEMS))))
    yield Row(("TOTAL EUR", money(_total_cents())), 28, 1)
    yield Row(("Paid by card", money(_total_cents())))
    yield Row(("Card ending in", "4827"))
    yield Row(("Approved", "639 254"))


def _vat_table() -> Iterator[Row]:
    yield Row(("VAT", "Net", "Tax", "Gross"), SMALL_PX, 0.25)
    for rate in (FOOD_VAT, DRINK_VAT):
        gross = _total_cents(rate)
        net = round(gross * 100 / (100 + rate))
        yield Row((f"{rate} %", money(net), money(gross - net), money(gross)), SMALL_PX)


def _foot() -> Iterator[Row]:
    yield Row(("Thank you, please come again",), LARGE_PX)
    yield Row(("Open every day from 6:30 to 18:00",), BODY_PX)
    for line in (
        "Goods that are still wrapped can be returned",
        "within 14 days when you show this receipt.",
        "Please ask our staff about nuts, milk and wheat.",
        "VAT number 847 2935 61, register number 5528",
    ):
        yield Row((line,), SMALL_PX)


def _places(cells: tuple[str, ...], row: Row, baseline_px: float) -> Iterator[Words]:
    """One cell is centred; of more, the first stands at the left and the others end at even steps."""
    if len(cells) == 1:
        yield Words(cells[0], WIDTH_PX / 2, baseline_px, row.size_px, row.bold_px, "m")
        return
    step_px = (WIDTH_PX - 2 * MARGIN_PX) / (len(cells) - 1)
    yield Words(cells[0], MARGIN_PX, baseline_px, row.size_px, row.bold_px)
    for number, cell in enumerate(cells[1:], start=1):
        yield Words(cell, MARGIN_PX + number * step_px, baseline_px, row.size_px, row.bold_px, "r")


def _print(rows: list[Row]) -> Image:
    """How much ink covers each pixel, words and rules: (H, W) uint8."""
    words: list[Words] = []
    rules_px: list[int] = []
    y_px = 34
    for row in rows:
        if row.cells:
            words += _places(row.cells, row, y_px + row.size_px)
        else:
            rules_px.append(y_px + 11)
        y_px += row.pitch_px
    ink = coverage((WIDTH_PX, y_px + 40), words).copy()
    for rule_px in rules_px:
        ink[rule_px : rule_px + 2, MARGIN_PX:-MARGIN_PX] = 200
    return ink


def _fade(random: np.random.Generator, ink: Image) -> Image:
    """Ink as a worn thermal head leaves it: pale in places, with pixels missing."""
    size_wh = ink.shape[1], ink.shape[0]
    strength = 255 - clouds(random, size_wh, 90).astype(np.int32) * 100 // 255
    strength[random.integers(0, 30, ink.shape, dtype=np.uint8) == 0] //= 2
    return (ink * strength // 255).astype(np.uint8)


def draw_receipt() -> Sample:
    """A bakery's receipt on greyish thermal paper, worn ink, more than 40 rows of small print."""
    random = np.random.default_rng(2)
    rows = list(_rows())
    ink = _fade(random, _print(rows))
    sheet = paper(random, (ink.shape[1], ink.shape[0]), 232, 28)
    lines = tuple(" ".join(row.cells) for row in rows if row.cells)
    return Sample("receipt.png", rgb(grainy(random, print_on(sheet, ink, 52), 8)), lines)
