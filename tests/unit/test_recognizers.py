"""Several recognizers in one server: which one reads what is asked for."""

import dataclasses
import json
from pathlib import Path
from types import ModuleType

import pytest

from ocr_core.errors import BadOption, NotExported
from ocr_core.options import Options
from ocr_core.recognizers import Recognizers
from tests.unit.asking import recognizer

MODELS = {"default": "text_recognition", "ru": "text_recognition_ru"}
LATIN = recognizer()
CYRILLIC = dataclasses.replace(LATIN, characters=("", "ж", "ш"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A version directory with two recognizers."""
    CYRILLIC.save(tmp_path)
    (tmp_path / "recognizer.json").rename(tmp_path / "recognizer.ru.json")
    LATIN.save(tmp_path)
    return tmp_path


def test_a_language_has_its_model_and_its_characters(folder: Path) -> None:
    recognizers = Recognizers.load(folder, MODELS)
    assert recognizers.of(Options().language) == ("text_recognition", LATIN)
    assert recognizers.of("ru") == ("text_recognition_ru", CYRILLIC)


def test_a_language_that_is_not_served_is_refused_with_those_that_are(folder: Path) -> None:
    with pytest.raises(BadOption, match=r"^language is 'ko'; this server has default, ru$"):
        Recognizers.load(folder, MODELS).of("ko")


def test_a_recognizer_that_takes_other_crops_cannot_share_them(folder: Path) -> None:
    recognizer(height=64).save(folder)
    with pytest.raises(NotExported, match=r"for ru takes crops of \(48, 16, 320, 'grey'\), the default one of \(64, "):
        Recognizers.load(folder, MODELS)


def test_a_file_that_is_missing_is_named(folder: Path) -> None:
    (folder / "recognizer.ru.json").unlink()
    with pytest.raises(NotExported, match=r"recognizer\.ru\.json is missing"):
        Recognizers.load(folder, MODELS)


def test_the_configuration_names_the_languages(adapter: ModuleType) -> None:
    keys = {"recognizer.ru": "b", "calls_under_way": "4", "recognizer": "a", "recognizer.ko": "c"}
    parameters = {key: {"string_value": value} for key, value in keys.items()}
    args = {"model_config": json.dumps({"parameters": parameters})}
    assert list(adapter.parameters(args, "recognizer").items()) == [("default", "a"), ("ko", "c"), ("ru", "b")]


@pytest.mark.parametrize("name", ["Ru!", "", "x" * 21])
def test_a_language_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(BadOption, match=r"language is .*; it must be a name of up to 20 letters, digits and hyphens"):
        Options.from_parameters({"language": name})


def test_a_language_may_be_written_in_capitals() -> None:
    assert Options.from_parameters({"Language": "RU"}).language == "ru"
