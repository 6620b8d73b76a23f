"""Lines from right to left: as they stand on the page, and as they are read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_core import bidi, ctc
from ocr_core.ctc import Steps

# As it is read, and the same characters from left to right as a page shows them (UAX 9).
LINES = [
    pytest.param("hello (world) 15%", "hello (world) 15%", id="from left to right"),
    pytest.param("", "", id="nothing"),
    pytest.param("مرحبا بالعالم", "ملاعلاب ابحرم", id="Arabic"),
    pytest.param("שלום, עולם!", "!םלוע ,םולש", id="Hebrew"),
    pytest.param("السعر 12.50 ريال", "لاير 12.50 رعسلا", id="a number"),
    pytest.param("١٢٣ كتاب", "باتك ١٢٣", id="Arabic digits"),
    pytest.param("قيمة ۱۲۳", "۱۲۳ ةميق", id="Persian digits"),
    pytest.param("التاريخ 2024/05/17", "2024/05/17 خيراتلا", id="a date"),
    pytest.param("من 9:30 إلى 17:00", "17:00 ىلإ 9:30 نم", id="times"),
    pytest.param("رقم 12 34", "34 12 مقر", id="two numbers"),
    pytest.param("رقم 12-34", "12-34 مقر", id="a number with hyphens, as it stands"),
    pytest.param("خصم 12%", "%12 مصخ", id="per cent behind Arabic"),
    pytest.param("מחיר: ₪15.90", "₪15.90 :ריחמ", id="a price in Hebrew"),
    pytest.param("عربي (مثال) هنا", "انه (لاثم) يبرع", id="brackets"),
    pytest.param("«نص»", "«صن»", id="quotation marks"),
    pytest.param("نص مع iPhone 15 داخل", "لخاد iPhone 15 عم صن", id="a name with a number"),
    pytest.param("דוא״ל: me@example.org", "me@example.org :ל״אוד", id="an address at the end"),
    pytest.param("The word سلام means peace", "The word مالس means peace", id="a word in a line from left to right"),
    pytest.param("a word, كَ, in Latin", "a word, " + "كَ"[::-1] + ", in Latin", id="a mark beside Latin"),
    pytest.param("كَتَبَ", "كَتَبَ"[::-1], id="marks"),
]


@pytest.mark.parametrize(("read", "seen"), LINES)
def test_a_line_comes_in_the_order_in_which_it_is_read(read: str, seen: str) -> None:
    assert bidi.logical(seen) == read


@given(st.text(st.sampled_from("ab אבعر12-.,%$( )«»َ"), max_size=12))
def test_no_character_is_lost(seen: str) -> None:
    assert sorted(place for place, _ in bidi.in_order(seen)) == list(range(len(seen)))


def steps(*indices: int) -> Steps:
    row = [step for index in indices for step in (index, 0)]
    return Steps(np.array(row, np.int32), np.linspace(0.5, 0.9, len(row), dtype=np.float32), 8)


def test_texts_of_a_recognizer_are_read_from_the_right() -> None:
    alphabet, seen = ["", *"אבג12 "], "12 גבא"
    said = steps(*(alphabet.index(letter) for letter in seen))
    texts, _ = ctc.decode(said.indices[None], said.confidences[None], alphabet)
    assert texts == ["אבג 12"]


def test_characters_keep_their_places_and_confidences() -> None:
    alphabet, seen = ["", *"אבג12 "], "12 גבא"
    aligned = ctc.align(steps(*(alphabet.index(letter) for letter in seen)), alphabet)
    assert "".join(character.text for character in aligned) == "אבג 12"
    assert [character.centre_px for character in aligned] == [84, 68, 52, 36, 4, 20]
    assert [round(character.confidence, 2) for character in aligned][:2] == [0.86, 0.79]


def test_a_mark_goes_with_the_letter_on_its_right() -> None:
    alphabet = ["", "\u064e", "ك", "ت"]
    aligned = ctc.align(steps(1, 3, 1, 2), alphabet)
    assert [character.text for character in aligned] == ["ك\u064e", "ت\u064e"]


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["مرحبا بالعالم", "iPhone 15"], True),
        (["שלום", "The word means peace"], False),
        (["12.50", "15 %", "١٢٣"], False),
        (["كَتَبَ", "word"], False),
        (["كَتَبَ", "on"], True),
        ([], False),
    ],
    ids=["most letters", "few", "numbers alone", "fewer without marks", "more without marks", "no lines"],
)
def test_a_page_runs_as_most_of_its_letters_do(texts: list[str], *, told: bool) -> None:
    assert bidi.is_right_to_left(texts) is told
