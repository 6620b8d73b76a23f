"""Layouts of prose: columns, and what stands above, below, beside and across them."""

from collections.abc import Iterable
from functools import partial

import numpy as np

from benchmarks.reading_order.layout import Layout
from benchmarks.reading_order.sheet import Sheet, Style
from benchmarks.reading_order.typesetter import Block, column, line, paragraph, paragraphs, prose, stacked, words

LEFT = TOP = 90.0
Random = np.random.Generator


def lefts(style: Style, count: int, gutter: float, width: float) -> list[float]:
    """Where columns of this width begin."""
    return [LEFT + number * (width + style.ems(gutter)) for number in range(count)]


def spread(style: Style, count: int, gutter: float, width: float) -> float:
    """The width of columns and gutters together."""
    return count * width + (count - 1) * style.ems(gutter)


def set_columns(
    random: Random, style: Style, count: int, gutter: float, *, ems: float, rows: int, top: float = TOP,
    last_rows: int | None = None,
) -> Block:  # fmt: skip
    """Columns of prose side by side."""
    width = style.ems(ems)
    heights = [rows] * (count - 1) + [last_rows or rows]
    placed = zip(lefts(style, count, gutter, width), heights, strict=True)
    return stacked(column(random, style, left, top, width, height) for left, height in placed)


def title(random: Random, style: Style, left: float, top: float, count: int = 5, factor: float = 1.8) -> Block:
    """A line of large letters, and room below it."""
    large = style.times(factor)
    text = words(random, count)
    return Block((line(large, text, left, top + large.ems(0.8)),), top + large.ems(1.9))


def wide_title(random: Random, style: Style, width: float, top: float = TOP) -> Block:
    """A title that reaches over most of the width."""
    large = style.times(1.7)
    text = words(random, 2)
    while large.width_px(text) < 0.75 * width:
        text += f" {words(random, 1).lower()}"
    return Block((line(large, text, LEFT + width / 2, top + large.ems(0.8), "m"),), top + large.ems(1.9))


def sheet(*blocks: Block, pictures: Iterable[tuple[float, float, float, float]] = ()) -> Sheet:
    """A page of blocks."""
    return Sheet(stacked(blocks).lines, tuple(pictures))


def plain(random: Random, style: Style, count: int, gutter: float, ems: float, rows: int) -> Sheet:
    """Columns alone."""
    return sheet(set_columns(random, style, count, gutter, ems=ems, rows=rows))


def uneven(random: Random, style: Style) -> Sheet:
    """The second column ends early."""
    return sheet(set_columns(random, style, 2, 1.6, ems=22, rows=30, last_rows=9))


def titled(random: Random, style: Style) -> Sheet:
    """A title in the middle over both columns."""
    head = wide_title(random, style, spread(style, 2, 1.6, style.ems(20)))
    return sheet(head, set_columns(random, style, 2, 1.6, ems=20, rows=26, top=head.bottom_px))


def left_titled(random: Random, style: Style) -> Sheet:
    """The title is no wider than the first column."""
    head = title(random, style, LEFT, TOP, 2)
    return sheet(head, set_columns(random, style, 2, 1.6, ems=20, rows=26, top=head.bottom_px + style.ems(1)))


def title_over_two_of_three(random: Random, style: Style) -> Sheet:
    """A title of two lines over two columns, beside a third one."""
    width, gutter = style.ems(15), 1.5
    first, second, third = lefts(style, 3, gutter, width)
    large = style.times(1.6)
    head = paragraph(large, words(random, 9), first, TOP, spread(style, 2, gutter, width))
    top = head.bottom_px + style.ems(0.8)
    rows = int((TOP + 30 * style.pitch_px - top) / style.pitch_px)
    below = [column(random, style, left, top, width, rows) for left in (first, second)]
    return sheet(head, *below, column(random, style, third, TOP, width, 30))


def aligned_gaps(random: Random, style: Style) -> Sheet:
    """Paragraphs of the same height in both columns, so that empty bands cross the page."""
    width, gap = style.ems(19), 0.9
    rows = random.integers(4, 8, 5)
    blocks = []
    for left in lefts(style, 2, 1.6, width):
        top = TOP
        for count in rows:
            texts = column(random, style, left, top, width, int(count))
            blocks.append(texts)
            top = texts.bottom_px + style.ems(gap)
    return sheet(*blocks)


def footed(random: Random, style: Style) -> Sheet:
    """The page's number below the left column, the book's name below the right one."""
    body = set_columns(random, style, 2, 1.6, ems=20, rows=28)
    base, small = body.bottom_px + style.ems(2.5), style.times(0.85)
    right = LEFT + spread(style, 2, 1.6, style.ems(20))
    foot = [line(small, str(random.integers(10, 400)), LEFT, base), line(small, words(random, 4), right, base, "r")]
    return sheet(body, Block(tuple(foot), base))


def numbered_page(random: Random, style: Style) -> Sheet:
    """The page's number in the middle of the foot, a running head above."""
    width = spread(style, 2, 1.4, style.ems(20))
    small = style.times(0.85)
    head = Block((line(small, words(random, 4), LEFT, TOP), line(small, words(random, 3), LEFT + width, TOP, "r")), TOP)
    body = set_columns(random, style, 2, 1.4, ems=20, rows=28, top=TOP + style.ems(1.8))
    base = body.bottom_px + style.ems(2)
    return sheet(head, body, Block((line(small, "217", LEFT + width / 2, base, "m"),), base))


def three_parts(random: Random, style: Style) -> Sheet:
    """Head and foot with something at both ends and in the middle, which is not much wider than the gutter."""
    width, small = spread(style, 2, 1.4, style.ems(20)), style.times(0.85)

    def across(middle: str, base: float) -> Block:
        begins, ends = line(small, words(random, 2), LEFT, base), line(small, words(random, 2), LEFT + width, base, "r")
        return Block((begins, line(small, middle, LEFT + width / 2, base, "m"), ends), base)

    body = set_columns(random, style, 2, 1.4, ems=20, rows=28, top=TOP + style.ems(1.8))
    return sheet(across("1894", TOP), body, across("3 of 12", body.bottom_px + style.ems(2)))


def corner_number(random: Random, style: Style) -> Sheet:
    """Only a page's number, below the left column."""
    body = set_columns(random, style, 2, 1.6, ems=20, rows=28)
    base = body.bottom_px + style.ems(2)
    return sheet(body, Block((line(style, "48", LEFT, base),), base))


def sections(random: Random, style: Style) -> Sheet:
    """Headings across the page, two columns below each."""
    blocks: list[Block] = []
    top = TOP
    for rows in random.integers(6, 11, 3):
        head = wide_title(random, style, spread(style, 2, 1.6, style.ems(20)), top)
        body = set_columns(random, style, 2, 1.6, ems=20, rows=int(rows), top=head.bottom_px)
        blocks += [head, body]
        top = body.bottom_px + style.ems(1.2)
    return sheet(*blocks)


def short_headings(random: Random, style: Style) -> Sheet:
    """Headings of one word over the gutter of two columns, again and again."""
    width, large = spread(style, 2, 1.6, style.ems(20)), style.times(1.1)
    blocks: list[Block] = []
    top = TOP
    for rows in random.integers(6, 11, 3):
        text = f"Chapter {random.integers(1, 10)}"
        head = Block((line(large, text, LEFT + width / 2, top + style.ems(1), "m"),), top + style.ems(1.9))
        body = set_columns(random, style, 2, 1.6, ems=20, rows=int(rows), top=head.bottom_px)
        blocks += [head, body]
        top = body.bottom_px + style.ems(1)
    return sheet(*blocks)


def sections_side_by_side(random: Random, style: Style) -> Sheet:
    """Two articles beside each other, each with its own title and paragraphs."""
    width = style.ems(22)
    blocks = []
    for left in lefts(style, 2, 1.8, width):
        head = title(random, style, left, TOP, 3, 1.5)
        texts = [prose(random, int(random.integers(40, 80))) for _ in range(4)]
        blocks += [head, paragraphs(style, texts, left, head.bottom_px, width, gap=0.8)]
    return sheet(*blocks)


def articles_of_columns(random: Random, style: Style) -> Sheet:
    """Two articles beside each other, each of two columns under a title of its own."""
    width = style.ems(12)
    blocks = []
    for first in (LEFT, LEFT + spread(style, 2, 1.2, width) + style.ems(2.2)):
        large = style.times(1.6)
        head = paragraph(large, words(random, 6), first, TOP, spread(style, 2, 1.2, width))
        top = head.bottom_px + style.ems(0.6)
        blocks += [
            head,
            *(column(random, style, first + shift, top, width, 22) for shift in (0, width + style.ems(1.2))),
        ]
    return sheet(*blocks)


def picture_across(random: Random, style: Style, caption: bool) -> Sheet:
    """Both columns above a picture are read before those below it."""
    width = spread(style, 2, 1.6, style.ems(20))
    above = set_columns(random, style, 2, 1.6, ems=20, rows=10)
    top = above.bottom_px + style.ems(0.8)
    bottom = top + style.ems(12)
    small = style.times(0.85)
    base = bottom + style.ems(1.2)
    told = Block((line(small, f"{words(random, 9)}.", LEFT + width / 2, base, "m"),) if caption else (), base)
    below = set_columns(random, style, 2, 1.6, ems=20, rows=12, top=bottom + style.ems(2.2 if caption else 0.8))
    return sheet(above, told, below, pictures=[(LEFT, top, LEFT + width, bottom)])


def figure_on_top(random: Random, style: Style) -> Sheet:
    """A picture over both columns, its caption, then these."""
    width = spread(style, 2, 1.6, style.ems(20))
    bottom = TOP + style.ems(12)
    told = paragraph(style.times(0.85), f"Figure 1. {prose(random, 50)}", LEFT, bottom + style.ems(0.6), width)
    body = set_columns(random, style, 2, 1.6, ems=20, rows=20, top=told.bottom_px + style.ems(1))
    return sheet(told, body, pictures=[(LEFT, TOP, LEFT + width, bottom)])


def picture_in_a_column(random: Random, style: Style) -> Sheet:
    """A picture with a caption in the second column."""
    width = style.ems(20)
    first, second = lefts(style, 2, 1.6, width)
    left = column(random, style, first, TOP, width, 28)
    above = column(random, style, second, TOP, width, 7)
    top = above.bottom_px + style.ems(0.6)
    bottom = top + style.ems(9)
    told = paragraph(style.times(0.85), f"{words(random, 12)}.", second, bottom + style.ems(0.4), width)
    below = column(random, style, second, told.bottom_px + style.ems(1), width, 8)
    return sheet(left, above, told, below, pictures=[(second, top, second + width, bottom)])


def subheads(random: Random, style: Style, gap: float) -> Sheet:
    """Short headings within the columns, at the same heights in both by chance."""
    width = style.ems(19)
    blocks: list[Block] = []
    rows = random.integers(5, 9, 4)
    for left in lefts(style, 2, 1.6, width):
        top = TOP
        for count in rows:
            head = line(style.times(1.1), words(random, int(random.integers(2, 4))), left, top + style.ems(0.9))
            body = column(random, style, left, top + style.ems(1.7), width, int(count))
            blocks += [Block((head,), top), body]
            top = body.bottom_px + style.ems(gap)
    return sheet(*blocks)


def abstract(random: Random, style: Style) -> Sheet:
    """Title, authors, an abstract narrower than the page, then two columns."""
    width = spread(style, 2, 1.5, style.ems(20))
    head = wide_title(random, style, width)
    by = Block((line(style, words(random, 4), LEFT + width / 2, head.bottom_px, "m"),), head.bottom_px + style.ems(1.5))
    short = paragraph(style.times(0.9), prose(random, 60), LEFT + width / 6, by.bottom_px, width * 2 / 3)
    return sheet(
        head, by, short, set_columns(random, style, 2, 1.5, ems=20, rows=22, top=short.bottom_px + style.ems(1.5))
    )


def footnotes(random: Random, style: Style, across: bool) -> Sheet:
    """Small print at the foot of each column, or across the page."""
    width, small = style.ems(20), style.times(0.78)
    places = lefts(style, 2, 1.6, width)
    bodies = [column(random, style, left, TOP, width, 22) for left in places]
    top = bodies[0].bottom_px + style.ems(1.3)
    if across:
        notes = [f"{number} {prose(random, 30)}" for number in (1, 2)]
        return sheet(*bodies, paragraphs(small, notes, LEFT, top, spread(style, 2, 1.6, width)))
    blocks = []
    for number, (left, body) in enumerate(zip(places, bodies, strict=True), 1):
        blocks += [body, paragraph(small, f"{number} {prose(random, 20 + 15 * number)}", left, top, width)]
    return sheet(*blocks)


def sidebar(random: Random, style: Style) -> Sheet:
    """A wide column, and small print in a narrow one beside it."""
    width, small = style.ems(26), style.times(0.85)
    body = column(random, style, LEFT, TOP, width, 28)
    left = LEFT + width + style.ems(1.8)
    head = Block((line(style, words(random, 2), left, TOP + style.ems(1)),), TOP + style.ems(1.6))
    return sheet(body, head, column(random, small, left, head.bottom_px, small.ems(11), 18))


COLUMNS = (
    Layout("one column", partial(plain, count=1, gutter=0, ems=34, rows=28)),
    *(Layout(f"two columns, gutter {gutter} em", partial(plain, count=2, gutter=gutter, ems=20, rows=30))
      for gutter in (2.0, 1.5, 1.2, 1.0)),
    Layout("three columns, gutter 2.0 em", partial(plain, count=3, gutter=2.0, ems=14, rows=30)),
    Layout("three columns, gutter 1.2 em", partial(plain, count=3, gutter=1.2, ems=14, rows=30)),
    Layout("four narrow columns of a newspaper", partial(plain, count=4, gutter=1.2, ems=10, rows=34)),
    Layout("two columns, the second shorter", uneven),
    Layout("title over two columns", titled),
    Layout("title as wide as the first column", left_titled),
    Layout("title over two of three columns", title_over_two_of_three),
    Layout("aligned gaps between paragraphs", aligned_gaps),
    Layout("foot at both ends of the page", footed),
    Layout("running head and page number", numbered_page),
    Layout("head and foot in three parts", three_parts),
    Layout("page number below the left column", corner_number),
    Layout("sections one below the other", sections),
    Layout("short headings over two columns", short_headings),
    Layout("articles side by side", sections_side_by_side),
    Layout("articles of two columns side by side", articles_of_columns),
    Layout("picture across, with a caption", partial(picture_across, caption=True)),
    Layout("picture across, without a caption", partial(picture_across, caption=False)),
    Layout("figure and caption above columns", figure_on_top),
    Layout("picture in a column", picture_in_a_column),
    Layout("subheads at the same heights", partial(subheads, gap=0.9)),
    Layout("abstract above two columns", abstract),
    Layout("footnotes in columns", partial(footnotes, across=False)),
    Layout("footnotes across", partial(footnotes, across=True)),
    Layout("sidebar", sidebar),
)  # fmt: skip
