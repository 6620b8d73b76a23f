"""Every config.pbtxt is complete by itself, and the models agree on how tensors look."""

import re
from typing import Any

import pytest

from ocr_core import batching
from tests.contract.configs import CONFIGS, ENSEMBLES, ONNX_MODELS, PYTHON_MODELS, STEPS, type_name
from tests.project import MODEL_REPOSITORY

# Whatever is a picture crosses process boundaries as bytes: a quarter of what floats would take.
IMAGES = {"image", "file", "page", "detector_input", "strip", "crops"}

each_model = pytest.mark.parametrize("name", CONFIGS)


def test_the_repository_holds_the_ensemble_its_steps_the_recognizer_and_what_is_before_the_ensemble() -> None:
    assert {folder.name for folder in MODEL_REPOSITORY.iterdir() if folder.is_dir()} == set(CONFIGS)
    named = {step.model_name for config in ENSEMBLES for step in config.ensemble_scheduling.step}
    assert set(CONFIGS) == {"ocr", "text_recognition"} | named


@each_model
def test_a_model_is_named_as_its_folder(name: str) -> None:
    assert CONFIGS[name].name == name


@each_model
def test_a_model_is_an_ensemble_or_has_one_backend(name: str) -> None:
    onnx = {"text_detection", "text_recognition"}
    backend = "" if name in ("ocr", "ocr_ensemble") else "onnxruntime" if name in onnx else "python"
    assert (CONFIGS[name].platform, CONFIGS[name].backend) == ("" if backend else "ensemble", backend)
    assert (MODEL_REPOSITORY / name / "1" / "model.py").exists() == (backend == "python")


@each_model
def test_nothing_is_left_for_triton_to_complete(name: str) -> None:
    """The server starts with --disable-auto-complete-config: what is not written here is not there."""
    config, text = CONFIGS[name], (MODEL_REPOSITORY / name / "config.pbtxt").read_text(encoding="utf-8")
    assert re.search(r"^max_batch_size: \d+", text, re.MULTILINE)  # the parsed message has 0 for a missing one
    for tensor in [*config.input, *config.output]:
        assert tensor.name
        assert type_name(tensor) != "TYPE_INVALID"
        assert tensor.dims
    if config.platform != "ensemble":
        assert [group.count > 0 for group in config.instance_group] == [True]


@each_model
def test_no_image_is_made_of_floats(name: str) -> None:
    images = [tensor for tensor in [*CONFIGS[name].input, *CONFIGS[name].output] if tensor.name in IMAGES]
    assert {type_name(image) for image in images} <= {"TYPE_UINT8"}


def test_every_image_is_known_by_its_name() -> None:
    """Else the test above would not see it: three channels at the end, or the bytes of a file."""
    tensors = [tensor for config in CONFIGS.values() for tensor in [*config.input, *config.output]]
    looking_like_one = {t.name for t in tensors if list(t.dims)[-1:] == [3] or type_name(t) == "TYPE_UINT8"}
    assert looking_like_one == IMAGES


@pytest.mark.parametrize("name", ONNX_MODELS)
def test_on_cpus_every_call_of_an_onnx_model_runs_by_itself(name: str) -> None:
    """Triton's dynamic batcher takes a core to itself while calls of different shapes wait."""
    config: Any = CONFIGS[name]
    assert not config.HasField("dynamic_batching")
    assert config.max_batch_size > 1


@pytest.mark.parametrize("name", ONNX_MODELS)
def test_an_onnx_model_takes_a_gpu_where_there_is_one(name: str) -> None:
    """With a kind, the same file would not load on another machine."""
    assert [group.kind for group in CONFIGS[name].instance_group] == [0]  # KIND_AUTO


@pytest.mark.parametrize("name", PYTHON_MODELS)
def test_a_python_step_stays_on_the_cpu(name: str) -> None:
    kinds = type(CONFIGS[name].instance_group[0]).Kind
    assert [kinds.Name(group.kind) for group in CONFIGS[name].instance_group] == ["KIND_CPU"]


def test_the_recognizer_takes_as_many_crops_as_a_call_has() -> None:
    assert CONFIGS["text_recognition"].max_batch_size == batching.GROUPED.max_crops


def test_the_model_that_looks_again_at_pages_on_their_side_is_the_ensembles_detector() -> None:
    named = CONFIGS["text_cropping"].parameters["detector"].string_value
    assert [named] == [step.model_name for step in STEPS if step.model_name in ONNX_MODELS]
