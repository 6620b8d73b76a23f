"""Which graphs the stand-in for the native ONNX backend loads: those that the native one loads, and no others.

The rule is `CompareDimsSupported` in onnxruntime_backend, src/onnxruntime_utils.cc: what the graph fixes must be fixed
in the configuration; what it leaves free, the configuration may fix of an input, not of an output.
"""

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ocr_core.heartbeat import Heartbeat
from tests.unit import fake_triton
from tests.unit.fake_triton import TritonModelException
from tests.unit.server import onnx_backend


@pytest.mark.parametrize(
    ("declared", "found", "loads_as"),
    [
        pytest.param([3], ["n", 3], ("input", "output"), id="equal"),
        pytest.param([3], ["n", "width"], ("input",), id="free-in-the-graph"),
        pytest.param([-1], ["n", 3], (), id="fixed-in-the-graph"),
        pytest.param([3], ["n", 4], (), id="fixed-otherwise"),
        pytest.param([3], ["n", 3, 1], (), id="of-another-rank"),
        pytest.param([3], [1, 3], (), id="without-batches"),
    ],
)
@pytest.mark.parametrize("kind", ["input", "output"])
def test_dimensions_fit_as_the_native_backend_has_it(
    monkeypatch: pytest.MonkeyPatch, kind: str, declared: list[int], found: list[int | str], loads_as: tuple[str, ...]
) -> None:
    tensor = {"name": "crops", "data_type": "TYPE_UINT8", "dims": [str(size) for size in declared]}
    config = {"name": "model", "max_batch_size": 4, kind: [tensor]}
    graph = [SimpleNamespace(name="crops", type="tensor(uint8)", shape=found)]
    backend = onnx_backend.load(monkeypatch)
    with nullcontext() if kind in loads_as else pytest.raises(TritonModelException, match=f"declares the {kind} crops"):
        backend._check(kind, config, graph)


class Session:
    """A session of ONNX Runtime that doubles its one input, and notes the options of its runs."""

    def __init__(self) -> None:
        self.options: list[Any] = []

    def run(self, names: list[str], feed: dict[str, Any], options: Any) -> list[Any]:
        """Run a batch; one of 13 columns is what no model can run on."""
        self.options.append(options)
        (image,) = feed.values()
        if image.shape[2] == 13:
            raise RuntimeError("/secret/path: Non-zero status code returned")
        assert names == ["doubled"]
        return [image * 2]


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    loaded = onnx_backend.load(monkeypatch).TritonPythonModel()
    loaded.session, loaded.input_names, loaded.output_names = Session(), ["image"], ["doubled"]
    loaded.max_pixels, loaded.kept_pixels = 100, 50
    loaded.heartbeat = Heartbeat(tmp_path / "beat")
    return loaded


def execute(model: Any, *shapes: tuple[int, ...]) -> list[str]:
    """What each request of a batch gets: the shape of its output, or code and message of its error."""
    requests = [
        fake_triton.InferenceRequest(
            inputs=[fake_triton.Tensor("image", np.ones(shape, np.uint8))],
            requested_output_names=["doubled"],
            model_name="model",
        )
        for shape in shapes
    ]
    return [
        f"{error.code().name} {error.message()}"
        if (error := response.error())
        else str(response.output_tensors()[0].as_numpy().shape)
        for response in model.execute(requests)
    ]


def test_a_request_beyond_the_bound_is_refused_and_the_others_of_its_batch_are_run(model: Any) -> None:
    told = execute(model, (1, 5, 8, 3), (3, 5, 8, 3), (1, 5, 8, 3))
    assert told == [
        "(1, 5, 8, 3)",
        "INVALID_ARG bad_request: image has 120 pixels; at most 100 are taken at once",
        told[0],
    ]


def test_an_image_without_pixels_is_refused(model: Any) -> None:
    assert execute(model, (1, 0, 8, 3)) == ["INVALID_ARG bad_request: image is [1, 0, 8, 3]; no side may be 0"]
    assert model.session.options == []


def test_a_shape_that_the_model_cannot_run_on_is_the_callers_fault(model: Any, pb_utils: Any) -> None:
    assert execute(model, (1, 2, 13, 3)) == ["INVALID_ARG bad_request: the model cannot run on image [1, 2, 13, 3]"]
    assert "/secret/path" in pb_utils.log[0]


def test_memory_is_given_back_after_a_large_run_only(model: Any) -> None:
    execute(model, (1, 5, 8, 3))
    execute(model, (1, 6, 10, 3))
    small, large = model.session.options
    assert small is None
    assert large.get_run_config_entry("memory.enable_memory_arena_shrinkage") == "cpu:0"
