"""The samples are read as they are written."""

import pytest

from benchmarks.accuracy.token_f1 import compare
from ocr_client import OcrClient, Page
from tests.project import SAMPLES


def written(name: str) -> list[str]:
    """What stands on a sample, line by line, or row by row."""
    return (SAMPLES / name).with_suffix(".txt").read_text(encoding="utf-8").splitlines()


def texts(page: Page) -> list[str]:
    return [line.text for line in page.lines]


@pytest.mark.parametrize("name", ["street.jpg", "label.png"])
def test_signs_and_labels_are_read_line_by_line(client: OcrClient, name: str) -> None:
    assert texts(client.read(SAMPLES / name)) == written(name)


def test_the_two_columns_of_an_article_are_read_word_for_word_in_their_order(client: OcrClient) -> None:
    assert client.read(SAMPLES / "article.png").text.split() == " ".join(written("article.png")).split()


def test_every_line_of_a_long_receipt_is_read(client: OcrClient) -> None:
    read = texts(client.read(SAMPLES / "receipt.png"))
    assert len(read) > 40
    assert compare(read, written("receipt.png")).f1 >= 0.98
    assert read[:3] == ["CORNER BAKERY", "Bread, Cakes and Coffee", "12 Harbour Street"]


def test_hundreds_of_cells_are_read_row_by_row(client: OcrClient) -> None:
    page, rows = client.read(SAMPLES / "table.png"), written("table.png")
    assert len(page.lines) > 400
    assert compare(texts(page), rows).f1 >= 0.99
    assert " ".join(texts(page)).split() == " ".join(rows).split()


def test_a_page_without_text_is_an_answer_without_lines(client: OcrClient) -> None:
    assert client.read(SAMPLES / "blank.png") == Page(width=640, height=480, lines=())


def test_quads_lie_round_the_text_clockwise_from_its_top_left_corner(label: Page) -> None:
    """The label is turned by 20 degrees against the clock: its lines rise to the right."""
    for line in label.lines:
        (left, top), (right, right_top), (_, right_bottom), (_, left_bottom) = line.quad
        assert (right_top - top) / (right - left) == pytest.approx(-0.364, abs=0.05)  # the tangent of 20 degrees
        assert left_bottom > top
        assert right_bottom > right_top
