"""Letters of languages: what is lacking, and which drawn ones were read right."""

import numpy as np
import pytest

from benchmarks.accuracy.alphabets import LISTED, OTHERS, ideographs, lacking, letters
from benchmarks.accuracy.letters import CELL_WH, COLUMNS, count_right, draw, drawings, row
from ocr_client import Line, Page, Word
from ocr_client.results import Quad


def quad(left: float, top: float, width: float = 60, height: float = 20) -> Quad:
    return (left, top), (left + width, top), (left + width, top + height), (left, top + height)


def page(*words: tuple[str, int]) -> Page:
    """A page of words, each in the midst of a cell of this number."""
    width, height = CELL_WH
    lines = []
    for text, number in words:
        box = quad(number % COLUMNS * width + width / 2 - 30, number // COLUMNS * height + height / 2 - 10)
        lines.append(Line(text=text, confidence=1, quad=box, score=1, words=(Word(text=text, confidence=1, quad=box),)))
    return Page(width=1, height=1, lines=tuple(lines))


def test_capitals_stand_beside_their_letters_as_the_language_has_them() -> None:
    assert letters("Turkish") == [*"âÂçÇğĞıîÎöÖşŞûÛüÜİ"]
    assert letters("German") == [*"äÄöÖßüÜẞ"]


def test_what_is_no_character_is_lacking() -> None:
    assert lacking("Albanian", frozenset("çÇë")) == ["Ë"]


@pytest.mark.parametrize("language", LISTED | OTHERS)
def test_no_letter_is_named_twice(language: str) -> None:
    assert len(letters(language)) == len(set(letters(language)))


@pytest.mark.parametrize(("codec", "some"), [("gb2312", "国语"), ("big5", "國語"), ("shift_jis", "国語")])
def test_ideographs_are_those_of_the_character_set(codec: str, some: str) -> None:
    assert set(some) <= ideographs(codec)
    assert all("\u4e00" <= ideograph <= "\u9fff" for ideograph in ideographs(codec))


def test_a_letter_is_drawn_in_words_with_its_case() -> None:
    assert {each.word for each in drawings("ď")} == {"ďano", "reďan", "moď"}
    assert {each.word for each in drawings("Ď")} == {"Ďano", "REĎAN", "MOĎ"}


def test_a_word_counts_where_it_was_drawn_and_letter_for_letter() -> None:
    drawn = drawings("ď")[:4]  # ďano, reďan, moď, ďano
    assert count_right(drawn, page(("ďano", 0), ("redan", 1), ("ďano", 2)))["ď"] == 1
    assert count_right(drawn, page((drawn[0].word, 0), (drawn[3].word, 3)))["ď"] == 2


def test_each_word_is_drawn_in_a_cell_of_its_own() -> None:
    drawn = drawings("ď")
    image, (width, height) = draw(drawn), CELL_WH
    cells = image.reshape(-1, height, COLUMNS, width, 3).min(axis=(1, 3, 4)) < 128
    assert np.flatnonzero(cells).tolist() == list(range(len(drawn)))


def test_the_table_names_what_is_lacking_and_what_is_misread() -> None:
    characters = frozenset("çÇë")
    assert row("Albanian", characters, {"ç": 0.25, "Ç": 0.5, "ë": 1}) == ["Albanian", "ç ë", "Ë", "ç 25%"]
