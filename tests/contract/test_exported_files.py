"""detector.json and recognizer.json: the exporter writes them where the steps read them, and nowhere else."""

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]

from export.repository import DETECTOR_STEPS, RECOGNIZER_STEPS
from ocr_core import detector, recognizer
from ocr_core.errors import NotExported
from tests.contract.configs import CONFIGS, PYTHON_MODELS
from tests.project import MODEL_REPOSITORY
from tests.unit import fake_triton

STEPS_OF = {detector.FILE_NAME: DETECTOR_STEPS, recognizer.FILE_NAME: RECOGNIZER_STEPS}
WRITTEN = {step: {file for file, steps in STEPS_OF.items() if step in steps} for step in PYTHON_MODELS}
READ = [(step, file) for step, files in WRITTEN.items() for file in sorted(files)]


def initialize(step: str, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Load a step as Triton's Python backend does, from a copy of its model with what `root` has of it."""
    monkeypatch.setitem(sys.modules, "triton_python_backend_utils", fake_triton)
    monkeypatch.delitem(sys.modules, "ocr_core.triton", raising=False)
    spec = importlib.util.spec_from_file_location(f"{step}_model", MODEL_REPOSITORY / step / "1" / "model.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    config = json_format.MessageToJson(CONFIGS[step], preserving_proto_field_name=True)
    arguments = {"model_config": config, "model_repository": str(root / step), "model_version": "1"}
    model = module.TritonPythonModel()
    model.initialize(arguments)
    if hasattr(model, "finalize"):
        model.finalize()
    sys.modules.pop("ocr_core.triton")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The files that the exporter writes for each step, and no others."""
    for step, file in READ:
        (tmp_path / step / "1").mkdir(parents=True, exist_ok=True)
        shutil.copy(MODEL_REPOSITORY / step / "1" / file, tmp_path / step / "1")
    return tmp_path


def test_every_python_step_reads_what_the_weights_ask_of_it() -> None:
    assert {
        "image_preprocessing": {"detector.json"},
        "text_cropping": {"detector.json", "recognizer.json"},
        "ctc_decoding": {"recognizer.json"},
    } == {step: files for step, files in WRITTEN.items() if files}


@pytest.mark.parametrize("step", PYTHON_MODELS)
def test_a_step_needs_no_other_file_than_those_written_for_it(
    step: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    initialize(step, root, monkeypatch)


@pytest.mark.parametrize(("step", "file"), READ)
def test_a_step_reads_each_file_that_is_written_for_it(
    step: str, file: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / step / "1" / file).unlink()
    with pytest.raises(NotExported, match=f"^{file} is missing"):
        initialize(step, root, monkeypatch)


@pytest.mark.parametrize("file", STEPS_OF)
def test_the_copies_of_a_file_are_equal(file: str) -> None:
    """A page that one step has made for one detector is of no use to another detector's decoder."""
    copies = {(MODEL_REPOSITORY / step / "1" / file).read_text(encoding="utf-8") for step in STEPS_OF[file]}
    assert len(copies) == 1
