"""Further services: models of their own names beside the default ones, from the same configurations and code."""

import hashlib
from pathlib import Path

import onnx
import pytest
from click.testing import CliRunner

from export.__main__ import main
from export.contract import DETECTOR_MODEL, RECOGNIZER_MODEL
from export.repository import ModelRepository
from export.templates import BEFORE, TEMPLATE, template_models
from ocr_launch.repository import Repository
from tests.reliability.two_versions import add_service, first_version


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = first_version(tmp_path_factory.mktemp("services") / "models")
    add_service(root, "tiny")
    return root


def test_a_service_has_an_ensemble_and_all_models_of_its_own(root: Path) -> None:
    repository = Repository(root)
    (tiny,) = repository.further
    assert tiny.ensemble == "ocr_ensemble_tiny"
    assert sorted(tiny.exported) == sorted(f"{model}_tiny" for model in template_models() if model not in BEFORE)
    assert set(repository.exported).isdisjoint(tiny.exported)
    assert {*tiny.exported} < {*repository.models}


def test_its_configurations_name_nothing_of_the_default_service(root: Path) -> None:
    (tiny,) = Repository(root).further
    for model in tiny.exported:
        for file in (root / model).glob("**/*.pbtxt"):
            text = file.read_text(encoding="utf-8")
            assert not [name for name in template_models() if f'"{name}"' in text], file


def test_its_code_is_that_of_the_default_service(root: Path) -> None:
    for step in TEMPLATE.glob("*/1/model.py"):
        copy = root / f"{step.parent.parent.name}_tiny" / "1" / "model.py"
        assert step.parent.parent.name in BEFORE or copy.read_bytes() == step.read_bytes()


def test_what_it_was_made_from_and_wrote_is_noted_with_it(root: Path) -> None:
    repository = ModelRepository(root, 1, "tiny")
    manifest = repository.manifest
    assert manifest
    assert manifest.is_whole(root)
    assert all(name.split("/")[0].endswith("_tiny") for name in manifest.files | manifest.configs)
    assert repository.refresh() == []


def test_an_edited_configuration_stays_and_the_projects_is_named(root: Path) -> None:
    file = root / "text_detection_tiny" / "config.pbtxt"
    before = file.read_bytes()
    try:
        file.write_bytes(before + b"# ours\n")
        assert ModelRepository(root, 1, "tiny").refresh() == []
        assert file.read_bytes().endswith(b"# ours\n")
    finally:
        file.write_bytes(before)
    assert ModelRepository(root, 1, "tiny").templates.origin("text_detection_tiny/config.pbtxt") == (
        TEMPLATE / "text_detection" / "config.pbtxt"
    )


def test_a_service_in_the_projects_own_folder_is_no_template(root: Path) -> None:
    assert template_models(root) == template_models()


def test_the_default_service_stays_as_it_was(root: Path) -> None:
    assert Repository(root).version == 1
    for model in (DETECTOR_MODEL, RECOGNIZER_MODEL):
        ours, other = (root / name / "1" / "model.onnx" for name in (model, f"{model}_tiny"))
        assert hashlib.sha256(ours.read_bytes()).digest() != hashlib.sha256(other.read_bytes()).digest()
        assert onnx.load(str(ours)).graph.output[0].name == onnx.load(str(other)).graph.output[0].name


@pytest.mark.parametrize("name", ["Signs", "signs/2", "", "2", "a_b"])
def test_a_name_that_no_model_can_bear_is_refused(name: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["--service", name, "--model-repository", str(tmp_path)])
    assert (done.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert f"{name!r} is no name of a service: small letters and digits, such as signs" in done.stderr
