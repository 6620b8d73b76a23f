"""What README and docs say of languages is what the default recognizer has letters for."""

import re

import onnx
import pytest

from benchmarks.accuracy.alphabets import LISTED, OTHERS, ideographs, lacking, letters
from downloads import fetch
from export import languages
from export.choices import RECOGNIZERS
from ocr_core.languages import Languages
from ocr_core.recognizer import Recognizer
from tests.contract.configs import CONFIGS
from tests.project import MODEL_REPOSITORY, README

LANGUAGES = README.parent / "docs" / "languages.md"
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
CHARACTER_SETS = {"GB 2312": "gb2312", "Big5": "big5", "JIS X 0208": "shift_jis"}


@pytest.fixture(scope="module")
def characters() -> frozenset[str]:
    return frozenset(Recognizer.load(MODEL_REPOSITORY / "ctc_decoding" / "1").characters)


@pytest.fixture(scope="module")
def section() -> str:
    """The docs' section on languages."""
    return (LANGUAGES.parent / "models.md").read_text(encoding="utf-8").split("### Languages\n")[1].split("\n## ")[0]


@pytest.fixture(scope="module")
def rows() -> dict[str, list[str]]:
    """The table of the docs: language → its other cells."""
    found = re.findall(r"^\| (\w[^|]*?) +\|(.*)\|$", LANGUAGES.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: [cell.strip() for cell in cells.split("|")] for name, cells in found}


@pytest.mark.parametrize("language", LISTED | OTHERS)
def test_the_table_has_each_language_with_the_letters_that_it_lacks(
    language: str, characters: frozenset[str], rows: dict[str, list[str]]
) -> None:
    beyond, lacks, *_ = rows[language]
    assert beyond.split() == list((LISTED | OTHERS)[language])
    assert lacks.split() == lacking(language, characters)


def test_the_table_has_no_other_languages(rows: dict[str, list[str]]) -> None:
    assert set(rows) - {"language", "choice"} == set(LISTED | OTHERS)


@pytest.mark.parametrize("name", CHARACTER_SETS)
def test_so_many_ideographs_of_a_character_set_are_there(name: str, characters: frozenset[str]) -> None:
    wanted = ideographs(CHARACTER_SETS[name])
    there = f"{len(wanted & characters):,} of the {len(wanted):,} of {name}"
    assert there in LANGUAGES.read_text(encoding="utf-8").replace("\n", " ")


@pytest.mark.parametrize("script", OUT_OF_REACH)
def test_a_script_that_is_not_read_has_none(script: str, characters: frozenset[str], section: str) -> None:
    assert script in section
    assert not characters & set(OUT_OF_REACH[script])


@pytest.mark.parametrize("language", ["German", "Greek", "Igbo", "Welsh", "Yoruba"])
def test_the_letters_that_a_language_lacks_are_told_one_by_one(
    language: str, characters: frozenset[str], section: str
) -> None:
    told = re.search(rf"\b[Oo]f {language} (?:it lacks )?([^;:.]*)", section.replace("\n", " "))
    assert told
    small = {letter for letter in lacking(language, characters) if letter.islower() or language == "German"}
    assert {letter for letter in told[1] if not letter.isascii()} == small


def test_so_many_letters_of_vietnamese_are_missing(characters: frozenset[str], section: str) -> None:
    missing = len(lacking("Vietnamese", characters)), len(letters("Vietnamese"))
    assert "lacks {} of the {} Vietnamese letters".format(*missing) in section.replace("\n", " ")


def test_the_readme_lists_the_languages_and_the_first_screen_counts_them(section: str) -> None:
    listed = section.split("in Latin letters,")[1].split(". This is the list")[0].replace("\n", " ")
    names = [name.strip() for name in re.split(r",| and ", listed) if name.strip()]
    assert names == list(LISTED)
    assert f"English and {len(names)} more languages in Latin letters" in README.read_text(encoding="utf-8")


def test_the_page_has_every_recognizer_with_what_it_reads() -> None:
    table = re.findall(r"^\| `([\w-]+)` \| (.*?) \|", LANGUAGES.read_text(encoding="utf-8"), re.MULTILINE)
    assert dict(table) == {name: choice.reads for name, choice in RECOGNIZERS.items()}


def test_the_exporters_list_names_the_same_languages() -> None:
    assert ", ".join(LISTED) == languages.PPOCRV6_LATIN


def test_pp_ocrv5_mobile_has_all_letters_of_a_few_languages_alone() -> None:
    (source,) = RECOGNIZERS["ppocrv5-mobile"].sources
    characters = frozenset(onnx.load(fetch(source)).metadata_props[0].value.split("\n"))
    spelt = [language for language in LISTED if not lacking(language, characters)]
    told = re.search(r"it has all for ([^.]*) alone\.", LANGUAGES.read_text(encoding="utf-8").replace("\n", " "))
    assert told
    assert re.split(", | and ", told[1]) == spelt


def test_the_languages_that_a_caller_of_ocr_may_name_are_those() -> None:
    served = Languages.parse(CONFIGS["pixel_packing"].parameters["languages"].string_value)
    assert served.names == ("english", "chinese", "japanese", *(name.lower() for name in LISTED))
    assert {"en", "ch", "zh", "ja", "de", "fr"} <= served.known
