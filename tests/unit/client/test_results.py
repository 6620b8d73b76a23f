"""Pages and lines as values and as JSON."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_client import Character, Facts, Line, Page, Unread, Word

number = st.floats(allow_nan=False, allow_infinity=False)
point = st.tuples(number, number)
quad = st.tuples(point, point, point, point)


def some(kind: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.lists(kind, max_size=2).map(tuple)


character = st.builds(Character, text=st.text(), confidence=number, quad=quad)
word = st.builds(Word, text=st.text(), confidence=number, quad=quad, characters=some(character))
line = st.builds(Line, text=st.text(), confidence=number, quad=quad, score=number, words=some(word))
page = st.builds(Page, width=st.integers(1), height=st.integers(1), lines=st.lists(line, max_size=3).map(tuple))

SQUARE = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))


@given(page)
def test_a_page_survives_the_trip_through_json(page: Page) -> None:
    assert Page.from_dict(json.loads(json.dumps(page.to_dict()))) == page


@given(page)
def test_equal_pages_are_one_key(page: Page) -> None:
    assert len({page, Page.from_dict(page.to_dict())}) == 1


def test_the_json_has_the_fields_of_the_classes() -> None:
    page = Page(width=9, height=8, lines=(Line(text="a", confidence=0.5, quad=SQUARE, score=0.25),))
    assert json.loads(json.dumps(page.to_dict())) == {
        "width": 9,
        "height": 8,
        "lines": [{"text": "a", "confidence": 0.5, "quad": [[0, 0], [9, 0], [9, 9], [0, 9]], "score": 0.25}],
    }


def test_the_json_has_the_boxes_of_unread_text_where_they_were_asked_for() -> None:
    page = Page(width=9, height=8, lines=(), unread=(Unread(quad=SQUARE, reason="unknown_script"),))
    assert page.to_dict()["unread"] == ({"quad": SQUARE, "reason": "unknown_script"},)
    assert Page.from_dict(json.loads(json.dumps(page.to_dict()))) == page


def test_the_json_has_words_and_characters_where_they_were_asked_for() -> None:
    character = Character(text="a", confidence=0.5, quad=SQUARE)
    word = Word(text="a", confidence=0.5, quad=SQUARE, characters=(character,))
    (fields,) = Page(
        width=9, height=8, lines=(Line(text="a", confidence=0.5, quad=SQUARE, score=0.25, words=(word,)),)
    ).to_dict()["lines"]
    piece = {"text": "a", "confidence": 0.5, "quad": SQUARE}
    assert fields["words"] == ({**piece, "characters": (piece,)},)


def test_the_json_has_the_facts_of_a_page_where_they_were_asked_for() -> None:
    steps_ms = {"image_preprocessing": 4.5, "text_detection": 200.0}
    facts = {"angle": 90, "skew": -1.5, "confidence": 0.75, "detector_scale": 0.5, "step_milliseconds": steps_ms}
    page = Page(width=9, height=8, lines=(), facts=Facts.from_dict(facts))
    assert page.to_dict()["facts"] == facts
    assert Page.from_dict(json.loads(json.dumps(page.to_dict()))) == page
    assert page.angle == 90
    told = {**facts, "model_version": "2"}
    assert Page(width=9, height=8, lines=(), facts=Facts.from_dict(told)).to_dict()["facts"] == told
    assert Page(width=9, height=8, lines=()).angle is None


def test_the_text_of_a_page_is_its_lines_one_below_the_other() -> None:
    lines = (Line(text=text, confidence=1, quad=SQUARE, score=1) for text in ("Total", "12.50"))
    assert Page(width=9, height=9, lines=tuple(lines)).text == "Total\n12.50"


def test_a_page_without_lines_has_no_text() -> None:
    assert Page(width=9, height=9, lines=()).text == ""


def test_a_quad_has_four_corners() -> None:
    with pytest.raises(ValueError, match="4 corners, got 3"):
        Line.from_dict({"text": "", "confidence": 1, "quad": SQUARE[:3], "score": 1})
