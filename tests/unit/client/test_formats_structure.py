"""Text as it stands on the page, and Markdown."""

import io

import pytest

from ocr_client import Line, Page
from ocr_client.documents import ReadPage
from ocr_client.formats import LAYOUT, WRITERS
from ocr_client.formats.layout import laid_out
from ocr_client.formats.markdown import parts

PX = 10  # the width of a letter


def line(text: str, left: int, row: float, block: int | None = 0, *, size: float = 1, slope: float = 0) -> Line:
    """A line in a grid of letters 10 pixels wide in rows of 30 pixels."""
    x, y, width, height = left * PX, row * 30, len(text) * PX * size, 20 * size
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    quad = [(x - slope * y, y + slope * x) for x, y in corners]
    return Line.from_dict(
        {"text": text, "quad": quad, "confidence": 1, "score": 1} | ({} if block is None else {"block": block})
    )


def markdown(*lines: Line) -> list[str]:
    return parts(Page(width=999, height=999, lines=lines))


RECEIPT = [
    line("Corner Bakery", 8, 0),
    line("2 x Espresso", 0, 2), line("5.00", 26, 2),
    line("10 x Butter Croissant", 0, 3), line("21.50", 25, 3),
    line("Total", 0, 4), line("26.50", 25, 4),
]  # fmt: skip
LAID_OUT = """\
        Corner Bakery

2 x Espresso              5.00
10 x Butter Croissant    21.50
Total                    26.50"""


@pytest.mark.parametrize("slope", [0, 0.1, -0.2])
def test_rows_and_columns_stand_as_on_the_page(slope: float) -> None:
    lines = [line(one.text, round(one.quad[0][0] / PX), one.quad[0][1] / 30, slope=slope) for one in RECEIPT]
    assert laid_out(lines[::-1]) == LAID_OUT.splitlines()


def test_texts_of_a_row_are_never_run_together() -> None:
    assert laid_out([line("a long name", 0, 0), line("5.00", 10, 0)]) == ["a long name  5.00"]


def test_chinese_letters_take_two_columns() -> None:
    wide = [line("東京都", 0, -1 / 3, size=2), line("1", 12, 0), line("abcdef", 0, 1), line("2", 12, 1)]
    assert laid_out(wide) == ["東京都      1", "abcdef      2"]


def test_pages_are_apart_and_empty_ones_empty() -> None:
    stream = io.BytesIO()
    pages = [Page(width=9, height=9, lines=lines) for lines in ((line("one", 0, 0),), (), (line("two", 0, 0),))]
    LAYOUT.write((ReadPage(source="x", number=1, page=page, image=None, dpi=72) for page in pages), stream)
    assert stream.getvalue() == b"one\n\f\ftwo\n"


def test_lines_of_a_block_are_a_paragraph_and_divided_words_whole() -> None:
    lines = [line("A light-", 0, 0), line("house on a well-", 0, 1), line("Known coast", 0, 2), line("End.", 0, 4, 1)]
    assert markdown(*lines) == ["A lighthouse on a well- Known coast", "End."]


def test_chinese_lines_are_joined_without_a_space() -> None:
    assert markdown(line("今日は", 0, 0), line("晴れ", 0, 1)) == ["今日は晴れ"]


def test_large_lines_are_headings() -> None:
    body = [line("the text of the page goes on and on", 0, 5 + row, 2) for row in range(3)]
    assert markdown(line("Title", 0, 0, 0, size=2), line("Part", 0, 3, 1, size=1.4), *body)[:2] == [
        "# Title",
        "## Part",
    ]


@pytest.mark.parametrize("mark", ["•", "-", "*", "–", "· "])
def test_bullets_are_lists(mark: str) -> None:
    lines = [line(f"{mark} one", 0, 0), line("goes on", 2, 1), line(f"{mark} two", 0, 2)]
    assert markdown(*lines) == ["- one goes on\n- two"]


def test_numbers_are_lists_also_where_they_stand_in_a_column_of_their_own() -> None:
    lines = [line("1.", 0, 0), line("first", 4, 0), line("goes on", 4, 1), line("2.", 0, 2), line("second", 4, 2)]
    assert markdown(*lines) == ["1. first goes on\n2. second"]


def test_rows_of_cells_below_each_other_are_a_table() -> None:
    assert markdown(*RECEIPT[1:]) == [
        "| 2 x Espresso | 5.00 |\n| --- | --- |\n| 10 x Butter Croissant | 21.50 |\n| Total | 26.50 |"
    ]


def test_a_row_that_lacks_a_cell_has_an_empty_one() -> None:
    rows = [line(f"{letter}{row}", left, row) for row in range(3) for letter, left in (("a", 0), ("b", 10), ("c", 20))]
    assert markdown(*rows, line("c3", 20, 3))[0].endswith("| a2 | b2 | c2 |\n|  |  | c3 |")


def test_rows_that_may_be_no_table_stay_rows() -> None:
    lines = [line("Date", 0, 0), line("Monday", 12, 0), line("Page", 0, 1), line("2", 30, 1)]
    assert markdown(*lines) == ["Date Monday\\\nPage 2"]


def test_signs_of_markdown_are_only_signs() -> None:
    assert markdown(line("# 5 <b> *x* a_b [c] | `d`", 0, 0)) == [r"\# 5 \<b\> \*x\* a\_b \[c\] \| \`d\`"]
    assert markdown(line("1986 was good", 0, 0)) == ["1986 was good"]


def test_without_blocks_each_line_is_a_paragraph() -> None:
    assert markdown(line("one", 0, 0, None), line("two", 0, 1, None)) == ["one", "two"]


def test_only_markdown_needs_blocks() -> None:
    assert [name for name, writer in WRITERS.items() if writer.needs_blocks] == ["markdown"]


def test_lines_that_end_on_purpose_stay_lines() -> None:
    """A word of the third line had had room in the second one."""
    lines = [line("Northfield Farm", 0, 0), line("12 Hill", 0, 1), line("NF4 Northfield", 0, 2)]
    assert markdown(*lines) == ["Northfield Farm 12 Hill\\\nNF4 Northfield"]
