"""What the README says of languages is what the default recognizer has letters for."""

import re
import unicodedata
from itertools import product

import pytest

from ocr_core.recognizer import Recognizer
from tests.project import MODEL_REPOSITORY, README

# Letters beyond a to z, of the languages in the README that have many of them; both cases are asked for.
ALPHABETS = {
    "Azerbaijani": "çəğıöşü",
    "Catalan": "àçèéíïòóúü",
    "Croatian": "čćđšž",
    "Czech": "áčďéěíňóřšťúůýž",
    "Danish": "æøå",
    "Estonian": "äõöüšž",
    "French": "àâæçèéêëîïôœùûüÿ",
    "German": "äöüß",
    "Hungarian": "áéíóöőúüű",
    "Icelandic": "áðéíóúýþæö",
    "Latvian": "āčēģīķļņšūž",
    "Lithuanian": "ąčęėįšųūž",
    "Maltese": "ċġħż",
    "Polish": "ąćęłńóśźż",
    "Portuguese": "àáâãçéêíóôõú",
    "Romanian": "ăâîșț",
    "Slovak": "áäčďéíĺľňóôŕšťúýž",
    "Spanish": "áéíñóúü",
    "Turkish": "çğıöşü",
    "Welsh": "âêîôûŵŷ",
}
OUT_OF_REACH = {
    "Cyrillic": "жшя",
    "Arabic": "عرب",
    "Hebrew": "אבג",
    "Armenian": "աբգ",
    "Georgian": "აბგ",
    "Tamil": "அகங",
    "Devanagari": "कखग",
    "Thai": "กขค",
    "Korean": "한글",
}


@pytest.fixture(scope="module")
def characters() -> set[str]:
    return set(Recognizer.load(MODEL_REPOSITORY / "ctc_decoding" / "1").characters)


@pytest.fixture(scope="module")
def section() -> str:
    """The README's section on languages."""
    return README.read_text(encoding="utf-8").split("### Languages\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("language", ALPHABETS)
def test_a_language_that_is_read_has_its_letters(language: str, characters: set[str], section: str) -> None:
    letters = {letter for letter in ALPHABETS[language] + ALPHABETS[language].upper() if len(letter) == 1}
    assert language in section
    assert letters <= characters


@pytest.mark.parametrize("script", OUT_OF_REACH)
def test_a_script_that_is_not_read_has_none(script: str, characters: set[str], section: str) -> None:
    assert script in section
    assert not characters & set(OUT_OF_REACH[script])


@pytest.mark.parametrize(
    ("language", "letters"),
    [
        ("Greek", "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ"),
        ("Yoruba", "abdeẹfghijklmnoọprsṣtuwy"),
        ("Igbo", "abdefghiịjklmnṅoọprstuụvwyz"),
    ],
)
def test_the_letters_that_a_language_lacks_are_told_one_by_one(
    language: str, letters: str, characters: set[str], section: str
) -> None:
    told = re.search(rf"\b[Oo]f {language} (?:it lacks )?([^;:.]*)", section.replace("\n", " "))
    assert told
    assert set(told[1]) & set(letters) == set(letters) - characters


def test_so_many_letters_of_vietnamese_are_missing(characters: set[str], section: str) -> None:
    """Vowels in every quality and tone, and đ, in both cases."""
    tones = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
    vowels = {unicodedata.normalize("NFC", v + t) for v, t in product("aăâeêioôơuưy", tones)}
    letters = {letter for letter in vowels | {"đ"} if not letter.isascii()}
    letters |= {letter.upper() for letter in letters}
    assert re.search(rf"lacks {len(letters - characters)} of the {len(letters)} Vietnamese letters", section)


def test_the_first_screen_counts_the_languages(section: str) -> None:
    listed = section.split("in Latin letters,")[1].split(". This is the list")[0].replace("\n", " ")
    names = [name.strip() for name in re.split(r",| and ", listed) if name.strip()]
    assert f"English and {len(names)} more languages in Latin letters" in README.read_text(encoding="utf-8")
