"""Layouts that are read by rows: tables, forms, receipts, bills."""

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from benchmarks.reading_order.columns import COLUMNS, LEFT, TOP, set_columns, sheet, title
from benchmarks.reading_order.layout import Layout
from benchmarks.reading_order.lists import address, phrases
from benchmarks.reading_order.sheet import Line, Sheet, Style
from benchmarks.reading_order.typesetter import Block, column, line, listed, paragraph, prose, words

Random = np.random.Generator


def money(random: Random) -> str:
    """An amount."""
    return f"{random.integers(1, 900)}.{random.integers(10, 99)}"


def grid(style: Style, rows: Sequence[Sequence[str]], places: Sequence[float], top: float, pitch: float,
         left: float = LEFT, right_from: int = 99) -> Block:  # fmt: skip
    """Cells of one line each: `places` in ems are where they begin, or end from column `right_from` on."""
    lines = []
    for number, row in enumerate(rows):
        base = top + style.ems(0.8) + number * style.ems(pitch)
        for index, (text, place) in enumerate(zip(row, places, strict=True)):
            if text:
                lines.append(line(style, text, left + style.ems(place), base, "r" if index >= right_from else "l"))
    return Block(tuple(lines), top + len(rows) * style.ems(pitch))


def numbers(random: Random, style: Style) -> Sheet:
    """Names, and numbers that end at the same place."""
    head = ["Name", *phrases(random, style, 4, 1, 1, 9)]
    rows = [[words(random, int(random.integers(1, 3))), *(money(random) for _ in range(4))] for _ in range(20)]
    return sheet(grid(style, [head, *rows], (0, 16, 22, 28, 34), TOP, 1.5, right_from=1))


def names(random: Random, style: Style) -> Sheet:
    """Short words in each of four columns, rows close together."""
    rows = [phrases(random, style, 4, 1, 2, 10) for _ in range(24)]
    return sheet(grid(style, rows, (0, 11, 22, 33), TOP, style.pitch))


def long_cells(random: Random, style: Style, pitch: float) -> Sheet:
    """Three columns, two of them of phrases; a cell fills its column or does not."""
    rows = [[str(random.integers(100, 999)), *phrases(random, style, 2, 2, 4, 18)] for _ in range(18)]
    return sheet(grid(style, [["No.", "Article", "Remarks"], *rows], (0, 4, 23), TOP, pitch))


def two_long_cells(random: Random, style: Style) -> Sheet:
    """Questions and answers of up to five words, in rows that stand apart."""
    rows = [phrases(random, style, 2, 2, 5, 21) for _ in range(14)]
    return sheet(grid(style, rows, (0, 22), TOP, 1.9))


def cells_of_several_lines(random: Random, style: Style, gap: float) -> Sheet:
    """Each cell a small paragraph; rows begin where the longest cell of the row above has ended."""
    places, widths = (0, 9, 25), (7, 14, 12)
    top = TOP
    lines: list[Line] = []
    for _ in range(9):
        cells = []
        for number, (place, width) in enumerate(zip(places, widths, strict=True)):
            count = 1 if number == 0 else int(random.integers(2, 16))
            text = words(random, count)
            cells.append(paragraph(style, text, LEFT + style.ems(place), top, style.ems(width)))
        lines += [one for cell in cells for one in cell.lines]
        top = max(cell.bottom_px for cell in cells) + style.ems(gap)
    return sheet(Block(tuple(lines), top))


def receipt(random: Random, style: Style) -> Sheet:
    """Shop, address, articles and prices, sums, thanks."""
    shop = title(random, style, LEFT + style.ems(4), TOP, 2, 1.5)
    where = listed(style, address(random)[1:3], LEFT + style.ems(6), shop.bottom_px)
    entries = [
        [f"{random.integers(1, 5)} x {words(random, int(random.integers(1, 4)))}", money(random)] for _ in range(16)
    ]
    body = grid(style, entries, (0, 26), where.bottom_px + style.ems(1), 1.4, right_from=1)
    paid = [["Total", money(random)], ["Card", money(random)]]
    sums = grid(style, paid, (0, 26), body.bottom_px + style.ems(0.8), 1.4, right_from=1)
    thanks = listed(style, [f"{words(random, 5)}!"], LEFT + style.ems(6), sums.bottom_px + style.ems(1))
    return sheet(shop, where, body, sums, thanks)


def form(random: Random, style: Style, pairs: int) -> Sheet:
    """Labels and what was filled in, one or two pairs a row."""
    head = title(random, style, LEFT, TOP, 3)
    rows = []
    for _ in range(14):
        cells = []
        for _ in range(pairs):
            cells += [f"{words(random, int(random.integers(1, 3)))}:", words(random, int(random.integers(1, 4)))]
        rows.append(cells)
    return sheet(head, grid(style, rows, (0, 10, 24, 34)[: 2 * pairs], head.bottom_px, 1.7))


def bill(random: Random, style: Style) -> Sheet:
    """Two addresses, a table, sums at the right, terms below."""
    head = title(random, style, LEFT, TOP, 1, 2)
    to = [listed(style, ["From", *address(random)], LEFT, head.bottom_px),
          listed(style, ["To", *address(random)], LEFT + style.ems(20), head.bottom_px)]  # fmt: skip
    rows = [[words(random, int(random.integers(1, 4))), str(random.integers(1, 40)), money(random), money(random)]
            for _ in range(9)]  # fmt: skip
    table = grid(style, [["Article", "Number", "Price", "Sum"], *rows], (0, 20, 27, 34),
                 to[0].bottom_px + style.ems(2), 1.6, right_from=1)  # fmt: skip
    sums = grid(style, [[name, money(random)] for name in ("Net", "Tax", "Total")], (24, 34),
                table.bottom_px + style.ems(0.5), 1.6, right_from=1)  # fmt: skip
    terms = paragraph(style, prose(random, 40), LEFT, sums.bottom_px + style.ems(2), style.ems(34))
    return sheet(head, *to, table, sums, terms)


def table_between_prose(random: Random, style: Style) -> Sheet:
    """Prose above and below a table."""
    above = column(random, style, LEFT, TOP, style.ems(36), 8)
    rows = [[words(random, 2), *(money(random) for _ in range(3))] for _ in range(8)]
    table = grid(style, rows, (2, 18, 26, 34), above.bottom_px + style.ems(1), 1.5, right_from=1)
    return sheet(above, table, column(random, style, LEFT, table.bottom_px + style.ems(1), style.ems(36), 8))


def table_above_columns(random: Random, style: Style) -> Sheet:
    """A table over two columns of prose."""
    rows = [[words(random, 2), *(money(random) for _ in range(3))] for _ in range(8)]
    table = grid(style, rows, (2, 20, 30, 40), TOP, 1.5, right_from=1)
    return sheet(table, set_columns(random, style, 2, 1.6, ems=20, rows=20, top=table.bottom_px + style.ems(1.5)))


def table_in_a_column(random: Random, style: Style) -> Sheet:
    """A small table within the first of two columns."""
    width = style.ems(20)
    above = column(random, style, LEFT, TOP, width, 9)
    rows = [[words(random, 1), money(random), money(random)] for _ in range(6)]
    table = grid(style, rows, (0, 13, 20), above.bottom_px + style.ems(0.8), 1.5, right_from=1)
    below = column(random, style, LEFT, table.bottom_px + style.ems(0.8), width, 9)
    return sheet(above, table, below, column(random, style, LEFT + width + style.ems(1.6), TOP, width, 27))


def timetable(random: Random, style: Style) -> Sheet:
    """Stations, and the times of six trains, some of which do not stop."""
    rows = []
    for row in range(18):
        times = [f"{6 + row // 3 + train}:{random.integers(10, 59)}" for train in range(6)]
        rows.append([words(random, 1), *(time if random.random() < 0.85 else "" for time in times)])
    return sheet(grid(style, rows, (0, 12, 16, 20, 24, 28, 32), TOP, 1.4))


def askew(layouts: Sequence[Layout], name: str, angle_deg: float) -> Layout:
    """Another layout, on a page that lies askew."""
    return _changed(layouts, name, f"askew by {angle_deg} degrees", partial(dataclasses.replace, angle_deg=angle_deg))


def photographed(layouts: Sequence[Layout], name: str, narrowed: float) -> Layout:
    """Another layout, on a page whose top is further away than its bottom."""
    how = f"its top narrower by {narrowed:.0%}"
    return _changed(layouts, name, how, partial(dataclasses.replace, narrowed=narrowed))


def _changed(layouts: Sequence[Layout], name: str, how: str, change: Callable[[Sheet], Sheet]) -> Layout:
    (straight,) = (layout for layout in layouts if layout.name == name)
    return Layout(f"{name}, {how}", lambda random, style: change(straight.set(random, style)))


TABLES = (
    Layout("table of numbers", numbers),
    Layout("table of names", names),
    Layout("table with long cells, wide pitch", partial(long_cells, pitch=1.8)),
    Layout("table with long cells, close pitch", partial(long_cells, pitch=1.35)),
    Layout("table of two long cells", two_long_cells),
    Layout("cells of several lines, rows apart", partial(cells_of_several_lines, gap=1)),
    Layout("cells of several lines, rows close", partial(cells_of_several_lines, gap=0.4)),
    Layout("receipt", receipt),
    Layout("form", partial(form, pairs=1)),
    Layout("form with two pairs a row", partial(form, pairs=2)),
    Layout("bill", bill),
    Layout("table between prose", table_between_prose),
    Layout("table above columns", table_above_columns),
    Layout("table in a column", table_in_a_column),
    Layout("timetable with gaps", timetable),
)
ASKEW = (
    askew(COLUMNS, "two columns, gutter 1.5 em", 4),
    askew(COLUMNS, "two columns, gutter 1.2 em", -9),
    askew(COLUMNS, "title over two columns", 30),
    askew(TABLES, "table of numbers", -6),
    askew(TABLES, "table with long cells, wide pitch", 20),
    askew(TABLES, "receipt", 3),
)
PHOTOGRAPHED = (
    photographed(COLUMNS, "two columns, gutter 2.0 em", 0.1),
    photographed(COLUMNS, "three columns, gutter 2.0 em", 0.15),
    photographed(COLUMNS, "running head and page number", 0.1),
    photographed(TABLES, "receipt", 0.15),
    photographed(TABLES, "form", 0.1),
)
