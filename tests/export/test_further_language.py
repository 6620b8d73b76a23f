"""`python -m export --language`: a further recognizer beside the default pair, which requests choose."""

import dataclasses
import shutil
from pathlib import Path

import pytest

from export import templates
from export.choices import RECOGNIZERS
from export.contract import RecognizerExport
from ocr_core.recognizer import Recognizer
from ocr_launch.repository import Repository
from tests.export.conftest import CHOICE, Run
from tests.export.test_exporter import files, said, times

CONFIG = "ctc_decoding/config.pbtxt"
LINE = b'parameters { key: "recognizer.ru" value { string_value: "text_recognition_ru" } }\n'
pytestmark = pytest.mark.usefixtures("quickly")


def russian(root: Path) -> dict[str, bytes]:
    """What is there for the language."""
    return {name: content for name, content in files(root).items() if "_ru/" in name or name.startswith("ctc_decoding")}


@pytest.fixture
def with_russian(root: Path, export_into: Run) -> Path:
    """A repository with a further recognizer."""
    result = export_into(root, "--language", "ru")
    assert result.exit_code == 0, result.output
    assert f"Exported {CHOICE} for language=ru to {root}, version 1" in result.stderr
    return root


def test_a_recognizer_and_what_names_it_are_added_and_nothing_else_changes(
    root: Path, exported: Path, with_russian: Path
) -> None:
    before, after = files(exported), files(with_russian)
    added = {name: content for name, content in after.items() if name not in before}
    recognizer = {name.replace("text_recognition", "text_recognition_ru") for name in before if "recognition/" in name}
    assert set(added) == recognizer | {"text_recognition_ru/1/export.json", "ctc_decoding/1/recognizer.ru.json"}
    changed = {name for name, content in before.items() if after[name] != content}
    assert changed == {CONFIG, "ocr_ensemble/1/export.json"}
    assert after[CONFIG] == before[CONFIG] + LINE
    assert Recognizer.load(root / "ctc_decoding" / "1", "ru") == Recognizer.load(root / "ctc_decoding" / "1")


def test_the_launcher_finds_it(with_russian: Path) -> None:
    assert {"text_recognition", "text_recognition_ru"} <= set(Repository(with_russian).models)


def test_a_second_run_does_nothing(with_russian: Path, export_into: Run) -> None:
    before = times(with_russian)
    result = export_into(with_russian, "--language", "ru")
    assert (result.exit_code, result.stderr) == (0, f"{with_russian} has {CHOICE} for language=ru already\n")
    assert times(with_russian) == before


@pytest.mark.parametrize("arguments", [(), ("--force",)], ids=["unchanged", "anew"])
def test_a_new_export_of_the_default_pair_leaves_it_as_it_is(
    with_russian: Path, export_into: Run, arguments: tuple[str, ...]
) -> None:
    before = russian(with_russian)
    assert export_into(with_russian, *arguments).exit_code == 0
    assert russian(with_russian) == before
    assert export_into(with_russian, "--language", "ru").stderr.endswith("already\n")


def test_the_projects_own_folder_may_have_languages_too(
    with_russian: Path, export_into: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There, copies and originals are the same files."""
    monkeypatch.setattr(templates, "TEMPLATE", with_russian)
    before = russian(with_russian)
    for arguments in ((), ("--force",), ("--language", "ru")):
        assert export_into(with_russian, *arguments).exit_code == 0
        assert russian(with_russian) == before
    assert export_into(with_russian, "--language", "ko").exit_code == 0
    assert files(with_russian)[CONFIG].endswith(LINE.replace(b"ru", b"ko") + LINE)


def test_a_recognizer_put_there_by_hand_is_no_model_of_the_project(
    root: Path, export_into: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(root / "text_recognition", root / "text_recognition_ru")
    monkeypatch.setattr(templates, "TEMPLATE", root)
    before = files(root / "text_recognition_ru")
    assert export_into(root, "--force").exit_code == 0
    assert files(root / "text_recognition_ru") == before


def test_whoever_removes_it_has_the_default_alone_again(with_russian: Path, exported: Path, export_into: Run) -> None:
    shutil.rmtree(with_russian / "text_recognition_ru")
    assert export_into(with_russian).exit_code == 0
    assert files(with_russian)[CONFIG] == files(exported)[CONFIG]
    assert set(Repository(with_russian).models) == set(Repository(exported).models)


def test_it_has_versions_as_the_default_pair_has(with_russian: Path, export_into: Run) -> None:
    assert said(export_into(with_russian, "--language", "ru", "--version", 2)) == (
        f"Error: {with_russian} has no default pair in version 2, beside which this recognizer would read; export that "
        "first, without --language"
    )
    assert export_into(with_russian, "--version", 2).exit_code == 0
    assert export_into(with_russian, "--language", "ru", "--version", 2).exit_code == 0
    assert {"model.onnx", "export.json"} < {
        file.name for file in (with_russian / "text_recognition_ru" / "2").iterdir()
    }


def test_beside_another_choice_of_crops_it_is_refused_and_nothing_is_written(
    root: Path, export_into: Run, recognizer: RecognizerExport, quickly: pytest.MonkeyPatch
) -> None:
    higher = dataclasses.replace(recognizer, recognizer=dataclasses.replace(recognizer.recognizer, height=64))
    quickly.setitem(RECOGNIZERS, CHOICE, dataclasses.replace(RECOGNIZERS[CHOICE], build=lambda *_: higher))
    before = times(root)
    assert said(export_into(root, "--language", "ru")).startswith(
        "Error: the recognizer for ru takes crops of (64, 16, 9600, 'grey'), the default one of (48, 16, 9600, 'grey')"
    )
    assert times(root) == before


def test_an_edited_configuration_stays_and_the_line_that_it_needs_is_told(root: Path, export_into: Run) -> None:
    with (root / CONFIG).open("ab") as config:
        config.write(b"# ours\n")
    assert said(export_into(root, "--language", "ru")).endswith(f"add the line {LINE.decode().rstrip()}")
    assert files(root)[CONFIG].endswith(b"# ours\n")
    with (root / CONFIG).open("ab") as config:
        config.write(LINE)
    assert export_into(root, "--language", "ru").exit_code == 0


def test_a_service_and_a_language_cannot_share_a_name(with_russian: Path, root: Path, export_into: Run) -> None:
    assert said(export_into(with_russian, "--service", "ru")) == (
        "Error: ru is a language here, whose recognizer is text_recognition_ru"
    )
    assert export_into(root, "--service", "fast").exit_code == 0
    assert said(export_into(root, "--language", "fast")) == (
        "Error: fast is a service here, whose recognizer is text_recognition_fast"
    )
    assert said(export_into(root, "--service", "fast", "--language", "de")) == (
        "Error: --language is for the default service; leave out --service"
    )


@pytest.mark.parametrize("name", ["RU", "ru/2", "", "2", "default", "a" * 21])
def test_a_name_that_no_request_can_ask_for_is_refused(name: str, root: Path, export_into: Run) -> None:
    assert said(export_into(root, "--language", name)).startswith(f"Error: {name!r} is no name of a further language")
