"""Dead channels go, and nothing else: what a graph says stays the same."""

from collections.abc import Sequence

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from export.pruning import drop_dead_channels

CHANNELS = 48
SILENT = range(20)
UNUSED = range(30, 40)


def network(
    nodes: Sequence[NodeProto] | None = None, outputs: Sequence[str] = ("y",), silent_bias: float = -1, group: int = 1
) -> ModelProto:
    """Two convolutions of random weights with a ReLU between them, in which SILENT and UNUSED channels are dead."""
    random = np.random.default_rng(0)
    weights = {
        "w1": random.normal(size=(CHANNELS, 3, 3, 3)),
        "b1": random.normal(size=CHANNELS),
        "w2": random.normal(size=(CHANNELS, CHANNELS // group, 3, 3)),
        "b2": random.normal(size=CHANNELS),
    }
    weights["w1"][SILENT] = 0
    weights["b1"][SILENT] = silent_bias
    if group == 1:
        weights["w2"][:, UNUSED] = 0
    chain = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["a"], pads=[1] * 4),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "w2", "b2"], ["y"], pads=[1] * 4, group=group),
    ]
    x, *ys = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * 4) for name in ("x", *outputs))
    initializers = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()]
    graph = helper.make_graph([*chain, *(nodes or [])], "network", [x], ys, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model


def run(model: ModelProto) -> list[NDArray[np.float32]]:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    image = np.random.default_rng(1).normal(size=(2, 3, 20, 30)).astype(np.float32)
    return list(session.run(None, {"x": image}))


def shape(model: ModelProto, name: str) -> list[int]:
    return next(list(tensor.dims) for tensor in model.graph.initializer if tensor.name == name)


def test_dead_channels_go_up_to_whole_blocks_and_the_output_stays() -> None:
    model = network()
    (before,) = run(model)
    # 18 of the 48 channels live; convolutions are fast with 32.
    assert drop_dead_channels(model) == 16
    assert [shape(model, name) for name in ("w1", "b1", "w2")] == [[32, 3, 3, 3], [32], [48, 32, 3, 3]]
    (after,) = run(model)
    np.testing.assert_allclose(after, before, rtol=1e-4, atol=1e-3)
    assert drop_dead_channels(model) == 0


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(network([helper.make_node("Neg", ["b"], ["z"])], ["y", "z"]), id="another node sees the channels"),
        pytest.param(network(outputs=["y", "b"]), id="the channels are an output"),
        pytest.param(network([helper.make_node("Neg", ["w1"], ["z"])], ["y", "z"]), id="another node sees the weights"),
        pytest.param(network(group=4), id="the second convolution is grouped"),
    ],
)
def test_channels_that_something_else_sees_stay(model: ModelProto) -> None:
    before = run(model)
    assert drop_dead_channels(model) == 0
    for ours, theirs in zip(run(model), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_channel_that_is_a_positive_constant_stays() -> None:
    model = network(silent_bias=0.5)
    (before,) = run(model)
    assert drop_dead_channels(model) == 0  # 10 unused ones are less than a block
    np.testing.assert_array_equal(run(model)[0], before)
