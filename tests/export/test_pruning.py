"""Dead channels go, and nothing else: what a graph says stays the same."""

from collections.abc import Sequence

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from downloads import fetch
from export import graph, ppocr, verify
from export.choices import DETECTORS
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
    body = helper.make_graph([*chain, *(nodes or [])], "network", [x], ys, initializers)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)])
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


def test_what_takes_each_channel_by_itself_may_stand_between() -> None:
    """A bias of its own, and half of a GELU, as Paddle exports them: Conv, Add, Identity, Mul with itself, Conv."""
    model = network()
    relu = next(node for node in model.graph.node if node.op_type == "Relu")
    relu.CopyFrom(helper.make_node("Identity", ["a"], ["a_1"]))
    chain = [
        helper.make_node("Add", ["a_1", "bias"], ["a_2"]),
        helper.make_node("Div", ["a_2", "two"], ["a_3"]),
        helper.make_node("Mul", ["a_2", "a_3"], ["b"]),
    ]
    nodes = [*model.graph.node[:2], *chain, model.graph.node[2]]
    copies = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(copies)
    w2 = next(tensor for tensor in model.graph.initializer if tensor.name == "w2")
    weights = numpy_helper.to_array(w2).copy()
    weights[:, SILENT] = 0
    w2.CopyFrom(numpy_helper.from_array(weights, "w2"))
    bias = np.random.default_rng(2).normal(size=(1, CHANNELS, 1, 1)).astype(np.float32)
    two = np.array([2], np.float32)
    model.graph.initializer.extend([numpy_helper.from_array(bias, "bias"), numpy_helper.from_array(two, "two")])
    (before,) = run(model)
    assert drop_dead_channels(model) == 16
    assert [shape(model, name) for name in ("w1", "bias", "two", "w2")] == [
        [32, 3, 3, 3],
        [1, 32, 1, 1],
        [1],
        [48, 32, 3, 3],
    ]
    np.testing.assert_allclose(run(model)[0], before, rtol=1e-4, atol=1e-3)


def test_the_default_detector_loses_its_dead_channels_and_says_the_same() -> None:
    (published,) = map(fetch, DETECTORS["ppocrv6-small"].sources)
    whole, pruned = onnx.load(published), onnx.load(published)
    graph.zero_denormals(whole)
    graph.zero_denormals(pruned)
    # Of twice 768: 576 and 288 stay.
    assert drop_dead_channels(pruned) == 672
    image = np.random.default_rng(0).normal(size=(1, 3, 96, 128)).astype(np.float32)
    before, after = (verify.runner(model)(image) for model in (whole, pruned))  # type: ignore[arg-type]
    for name, maps in before.items():
        np.testing.assert_allclose(after[name], maps, atol=1e-6)
    assert len(ppocr.detector(published).graph.SerializeToString()) < 0.8 * published.stat().st_size
