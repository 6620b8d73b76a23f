"""The ensemble run in this process: each model.py over a strict fake of Triton's API, the graphs in ONNX Runtime.

What goes in and comes out of each step is held against its config.pbtxt, for a page with text and for one without.
"""

import importlib.util
import io
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image

from benchmarks.accuracy import odd_lines
from benchmarks.reading_order.columns import COLUMNS
from benchmarks.reading_order.distance import distance, tokens
from benchmarks.reading_order.layout import page
from benchmarks.reading_order.sheet import draw
from ocr_core import orientation, server_files
from ocr_core.image import size
from tests.contract.configs import CONFIGS, ONNX_MODELS, PYTHON_MODELS, STEPS, by_name, conforms
from tests.project import MODEL_REPOSITORY, SAMPLES
from tests.unit import fake_triton

Arrays = dict[str, NDArray[Any]]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Name → a function from its inputs to its outputs, for every model but the ensemble."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server_files, "FOLDER", tmp_path_factory.mktemp("shared-memory"))
        patch.setitem(sys.modules, "triton_python_backend_utils", fake_triton)
        patch.delitem(sys.modules, "ocr_core.triton", raising=False)
        graphs = {name: Graph(name) for name in ONNX_MODELS}
        patch.setattr(fake_triton, "models", graphs)
        steps = {name: PythonStep(name) for name in PYTHON_MODELS}
        yield graphs | steps
        for step in steps.values():
            step.finalize()
        del sys.modules["ocr_core.triton"]


class Graph:
    """An ONNX model as Triton would run it: it refuses what its configuration does not allow."""

    def __init__(self, name: str) -> None:
        self.config = CONFIGS[name]
        file = MODEL_REPOSITORY / name / "1" / self.config.default_model_filename
        assert file.is_file(), f"{file} is missing: export the models first (make export)"
        self.session = ort.InferenceSession(file, providers=["CPUExecutionProvider"])

    def __call__(self, inputs: Arrays, **_: bool) -> Arrays:
        """Run one batch."""
        assert_conform(inputs, self.config, self.config.input)
        rows = {len(array) for array in inputs.values()}
        assert rows <= set(range(1, self.config.max_batch_size + 1))
        names = [tensor.name for tensor in self.config.output]
        return dict(zip(names, self.session.run(names, inputs), strict=True))


class PythonStep:
    """A model.py, loaded and called as Triton's Python backend does."""

    def __init__(self, name: str) -> None:
        self.config = CONFIGS[name]
        self.model = load(MODEL_REPOSITORY / name / "1" / "model.py").TritonPythonModel()
        config = json_format.MessageToJson(self.config, preserving_proto_field_name=True)
        self.model.initialize(
            {"model_config": config, "model_repository": str(MODEL_REPOSITORY / name), "model_version": "1"}
        )

    def finalize(self) -> None:
        """End what the step has started, if it has."""
        if hasattr(self.model, "finalize"):
            self.model.finalize()

    def __call__(self, inputs: Arrays, **parameters: bool) -> Arrays:
        """Answer one request."""
        assert_conform(inputs, self.config, self.config.input)
        names = [tensor.name for tensor in self.config.output]
        tensors = [fake_triton.Tensor(name, array) for name, array in inputs.items()]
        request = fake_triton.InferenceRequest(
            inputs=tensors, requested_output_names=names, model_name=self.config.name, parameters=parameters
        )
        (response,) = self.model.execute([request])
        assert not response.has_error(), response.error().message()
        return {tensor.name(): tensor.as_numpy() for tensor in response.output_tensors()}


def load(file: Path) -> ModuleType:
    """Import a model.py by its path, as Triton does."""
    spec = importlib.util.spec_from_file_location(f"{file.parent.parent.name}_model", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def assert_conform(arrays: Arrays, config: Any, declared: Any) -> None:
    """Exactly the declared tensors are there, each with its type and dimensions."""
    tensors = by_name(declared)
    assert set(arrays) == set(tensors)
    for name, array in arrays.items():
        assert conforms(array, config, tensors[name]), f"{config.name}: {name} is {array.dtype} {array.shape}"


@pytest.fixture(scope="module", params=["label.png", "blank.png"])
def run(request: pytest.FixtureRequest, models: dict[str, Any]) -> tuple[str, Arrays]:
    """A sample's name, and all tensors of the ensemble after its steps have run in their order."""
    return request.param, run_steps(models, np.fromfile(SAMPLES / request.param, np.uint8))


def run_steps(models: dict[str, Any], image: NDArray[np.uint8], **parameters: bool) -> Arrays:
    """All tensors of the ensemble after its steps have run in their order on an image's file."""
    tensors: Arrays = {"image": image}
    for step in STEPS:
        config = CONFIGS[step.model_name]
        inputs = {theirs: tensors[ours] for theirs, ours in step.input_map.items()}
        outputs = models[step.model_name](inputs, **parameters)
        assert_conform(outputs, config, config.output)
        tensors |= {ours: outputs[theirs] for theirs, ours in step.output_map.items()}
    return tensors


def test_the_steps_give_what_their_configurations_declare_and_the_text_of_the_page(run: tuple[str, Arrays]) -> None:
    name, tensors = run
    ensemble = CONFIGS["ocr_ensemble"]
    outputs = {tensor.name: tensors[tensor.name] for tensor in ensemble.output}
    assert_conform(outputs, ensemble, ensemble.output)
    written = (SAMPLES / name).with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    assert [str(text) for text in outputs["texts"]] == written


def test_the_milliseconds_of_the_steps_come_to_who_asks_and_to_nobody_else(models: dict[str, Any]) -> None:
    start_s = time.perf_counter()
    blank = np.fromfile(SAMPLES / "blank.png", np.uint8)
    asked, other = run_steps(models, blank, timings=True), run_steps(models, blank)
    elapsed_ms = (time.perf_counter() - start_s) * 1000
    assert len(asked["step_names"]) == len(asked["step_milliseconds"]) == 5
    assert (asked["step_milliseconds"] >= 0).all()
    assert 0 < asked["step_milliseconds"].sum() < elapsed_ms
    assert {len(other[name]) for name in ("step_names", "step_milliseconds")} == {0}


def test_what_belongs_to_a_line_has_one_entry_a_line(run: tuple[str, Arrays]) -> None:
    _, tensors = run
    for names in (
        ("widths", "detected_quads", "detected_scores", "detected_blocks", "detected_bends"),
        ("texts", "text_confidences", "quads", "quad_scores", "blocks"),
    ):
        assert len({len(tensors[name]) for name in names}) == 1
    assert tensors["strip"].shape[1] == tensors["widths"].sum()


def test_columns_that_the_detector_joins_across_their_gutter_are_read_one_after_the_other(
    models: dict[str, Any],
) -> None:
    """Of 66 lines, it joins 18; by the middle of the page one is in the second column."""
    (layout,) = (layout for layout in COLUMNS if layout.name == "two columns, gutter 1.2 em")
    sheet = page(layout, 0, held_out=True)
    file = io.BytesIO()
    draw(sheet).save(file, "PNG")
    read = run_steps(models, np.frombuffer(file.getvalue(), np.uint8))["texts"]
    assert distance(tokens(map(str, read)), tokens(line.text for line in sheet.lines)) < 0.05


@pytest.mark.parametrize("turns", [0, 1, 2])
def test_a_line_on_an_arc_is_read_and_its_words_lie_on_the_circle(models: dict[str, Any], turns: int) -> None:
    radius_px = 300
    drawn = odd_lines.on_arc(radius_px, "DejaVuSans").image
    file = io.BytesIO()
    image = np.rot90(drawn, turns)
    Image.fromarray(image).save(file, "PNG")
    outputs = run_steps(models, np.frombuffer(file.getvalue(), np.uint8), words=True)
    line = list(map(str, outputs["texts"])).index(odd_lines.ODD)
    middles = outputs["word_quads"][outputs["word_lines"] == line].mean(axis=1)
    assert len(middles) == len(odd_lines.ODD.split())
    up = np.array([drawn.shape[1] / 2, odd_lines.MARGIN_PX + odd_lines.SIZE_PX + radius_px])
    centre = orientation.turn_back(up[None], (0, 270, 180)[turns], size(image))[0]
    np.testing.assert_allclose(np.hypot(*(middles - centre).T), radius_px, atol=12)


@pytest.mark.parametrize("case", ["upwards", "downwards"])
def test_a_line_across_the_page_is_read_as_one(models: dict[str, Any], case: str) -> None:
    """The detector finds it word by word: letters of equal widths have wide spaces between words."""
    file = io.BytesIO()
    Image.fromarray(odd_lines.CASES[case]("DejaVuSansMono").image).save(file, "PNG")
    assert odd_lines.ODD in map(str, run_steps(models, np.frombuffer(file.getvalue(), np.uint8))["texts"])


def test_a_page_in_grey_is_read_in_one_channel(models: dict[str, Any]) -> None:
    file = io.BytesIO()
    Image.open(SAMPLES / "label.png").convert("L").save(file, "PNG")
    tensors = run_steps(models, np.frombuffer(file.getvalue(), np.uint8))
    assert (tensors["page"].shape[2], tensors["strip"].shape[2]) == (1, 1)
    written = (SAMPLES / "label.txt").read_text(encoding="utf-8").splitlines()
    assert list(map(str, tensors["texts"])) == written
