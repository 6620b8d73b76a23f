"""Which models there are, as the configurations say."""

import re
from pathlib import Path

import pytest

from ocr_launch import model_config
from ocr_launch.errors import ConfigError, StartError
from ocr_launch.repository import Repository
from tests.project import MODEL_REPOSITORY

# Read without the launcher: the names in the ensemble's file, in their order.
STEPS = re.findall(r'model_name: "(\w+)"', (MODEL_REPOSITORY / "ocr_ensemble" / "config.pbtxt").read_text("utf-8"))


def test_the_ensemble_names_its_steps_and_a_step_the_recognizer(repository: Repository) -> None:
    assert repository.steps == tuple(STEPS)
    assert repository.recognizer == "text_recognition"
    assert repository.models == ("ocr_ensemble", *repository.steps, "text_recognition", "ocr", "pixel_packing")
    assert repository.python_steps == (*(step for step in STEPS if step != "text_detection"), "pixel_packing")
    assert repository.onnx_models == ("text_detection", "text_recognition")


def test_a_recognizer_for_another_language_is_a_model_as_the_default_one_is(repository: Repository) -> None:
    file = repository.root / "ctc_decoding" / "config.pbtxt"
    with file.open("a") as config:
        config.write('parameters { key: "recognizer.ru" value { string_value: "text_recognition_ru" } }\n')
    found = Repository(repository.root)
    assert found.recognizer == "text_recognition"
    assert found.loaded == ("ocr_ensemble", "ocr", "text_recognition", "text_recognition_ru")


def test_what_stands_before_the_ensemble_is_loaded_with_it(repository: Repository) -> None:
    assert repository.loaded == ("ocr_ensemble", "ocr", "text_recognition")
    assert repository.entrances == ("image_preprocessing", "pixel_packing")


def test_an_older_repository_is_served_without_it(repository: Repository) -> None:
    (repository.root / "ocr" / "config.pbtxt").unlink()
    older = Repository(repository.root)
    assert older.loaded == ("ocr_ensemble", "text_recognition")
    assert older.entrances == ("image_preprocessing",)
    assert not {"ocr", "pixel_packing"} & set(older.models)


def test_a_step_that_an_operator_puts_between_is_found(repository: Repository) -> None:
    config = repository.config("ocr_ensemble")
    config.ensemble_scheduling.step.add().model_name = "dewarping"
    (repository.root / "ocr_ensemble" / "config.pbtxt").write_text(model_config.to_text(config))
    assert "dewarping" in Repository(repository.root).steps


def test_an_ensemble_without_a_recognizer_is_reported(repository: Repository) -> None:
    file = repository.root / "ctc_decoding" / "config.pbtxt"
    file.write_text(file.read_text().replace('"recognizer"', '"reader"'))
    with pytest.raises(StartError, match=r"no step of ocr_ensemble in .* names its recognizer"):
        _ = Repository(repository.root).recognizer


def test_a_profiles_own_configuration_counts_where_it_is_there(repository: Repository) -> None:
    assert repository.config("text_detection", "gpu").max_batch_size == 1
    assert repository.config("ocr_ensemble", "gpu") == repository.config("ocr_ensemble")


def test_the_newest_version_is_the_greatest_number_that_every_model_has(repository: Repository) -> None:
    for version in ("9", "10", ".11.part"):
        for model in repository.models:
            (repository.root / model / version).mkdir()
    (repository.root / "text_detection" / "12").mkdir()
    assert repository.versions == (1, 9, 10)
    assert repository.folder("text_detection").name == "10"


def test_a_version_may_be_asked_for(repository: Repository) -> None:
    for model in repository.models:
        (repository.root / model / "2").mkdir()
    assert Repository(repository.root, 1).version == 1


def test_a_version_that_one_model_lacks_is_refused(repository: Repository) -> None:
    with pytest.raises(StartError, match=r"has no exported ocr_ensemble \(version 7 is missing\): write it with"):
        _ = Repository(repository.root, 7).version


def test_a_folder_without_the_ensemble_is_no_repository(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"is not a model repository: it has no ocr_ensemble/config.pbtxt"):
        Repository(tmp_path)


def test_a_model_that_was_not_exported_is_named(repository: Repository) -> None:
    (repository.root / "text_detection" / "1").rename(repository.root / "text_detection" / "not-a-version")
    with pytest.raises(StartError, match=r"has no exported text_detection: write it with `python -m export"):
        repository.folder("text_detection")


def test_a_step_without_a_folder_is_named(repository: Repository) -> None:
    (repository.root / "text_cropping" / "config.pbtxt").unlink()
    with pytest.raises(ConfigError, match=r"text_cropping/config.pbtxt is missing"):
        _ = Repository(repository.root).models


def test_a_misspelt_field_is_reported_with_its_line(repository: Repository) -> None:
    (repository.root / "text_cropping" / "config.pbtxt").write_text('name: "text_cropping"\nbackned: "python"\n')
    with pytest.raises(ConfigError, match=r"text_cropping/config.pbtxt is not a model configuration: 2:\d+ .*backned"):
        repository.config("text_cropping")
