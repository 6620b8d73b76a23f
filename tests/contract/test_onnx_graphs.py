"""The exported graphs fit their configurations by the rule of the native backend.

CompareDimsSupported in the sources of onnxruntime_backend: an axis that the graph fixes must be fixed in the
configuration; of an output, the configuration may not fix an axis either that the graph leaves free. The batch
axis is free.
"""

from itertools import product
from typing import Any

import onnxruntime as ort
import pytest

from tests.contract.configs import CONFIGS, ONNX_MODELS, by_name, full_dims, type_name
from tests.project import MODEL_REPOSITORY

TYPES = {"tensor(uint8)": "TYPE_UINT8", "tensor(int32)": "TYPE_INT32", "tensor(float)": "TYPE_FP32"}


FILES = ("model.cpu.onnx", "model.cuda.onnx", "model.gpu.onnx", "model.onnx")


@pytest.fixture(scope="module", params=product(ONNX_MODELS, FILES), ids="-".join)
def model(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """A model's configuration, and a graph as ONNX Runtime sees it: it fixes axes that it can infer."""
    name, file_name = request.param
    config = CONFIGS[name]
    file = MODEL_REPOSITORY / config.name / "1" / file_name
    assert file.is_file(), f"{file} is missing: export the models first (make export)"
    return config, ort.InferenceSession(file, providers=["CPUExecutionProvider"])


def axes(shape: list[int | str]) -> list[int]:
    """-1 for a free axis."""
    return [size if isinstance(size, int) else -1 for size in shape]


def test_names_and_types_are_those_of_the_graph(model: tuple[Any, Any]) -> None:
    config, session = model
    for declared, actual in ((config.input, session.get_inputs()), (config.output, session.get_outputs())):
        assert {t.name: type_name(t) for t in declared} == {t.name: TYPES[t.type] for t in actual}


def test_inputs_fix_what_the_graph_fixes(model: tuple[Any, Any]) -> None:
    config, session = model
    for tensor in session.get_inputs():
        dims, shape = full_dims(config, by_name(config.input)[tensor.name]), axes(tensor.shape)
        assert shape[0] == -1
        assert [size if size == -1 else wanted for size, wanted in zip(shape, dims, strict=True)] == shape


def test_outputs_are_as_free_as_the_graph(model: tuple[Any, Any]) -> None:
    config, session = model
    for tensor in session.get_outputs():
        assert full_dims(config, by_name(config.output)[tensor.name]) == axes(tensor.shape)
