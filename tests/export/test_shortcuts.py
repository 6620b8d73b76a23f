"""Shortcuts give the same values by other operators, or nearly, and leave alone what is not of their form."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from export import runtime, shortcuts

CHANNELS = 4
X = np.random.default_rng(0).normal(size=(2, CHANNELS, 6, 8)).astype(np.float32)

Network = Sequence[NodeProto]


def network(nodes: Network, **shapes: Sequence[int]) -> ModelProto:
    """A network from x, (N, 4, H, W), to y, with random weights of these shapes."""
    rng = np.random.default_rng(1)
    weights = [
        numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name) for name, shape in shapes.items()
    ]
    axes: dict[str, list[str | int]] = {"x": ["n", CHANNELS, "h", "w"], "y": ["n", "outputs", "rows", "columns"]}
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in axes.items()]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def node(operator: str, inputs: str, output: str, **attributes: Any) -> NodeProto:
    return helper.make_node(operator, inputs.split(), [output], **attributes)


def after(shortcut: Callable[[ModelProto], None], model: ModelProto) -> Counter[str]:
    """The operators that a shortcut leaves; it has to leave the values."""
    cut = ModelProto.FromString(model.SerializeToString())
    shortcut(cut)
    onnx.checker.check_model(cut)
    ours, theirs = (run(each) for each in (cut, model))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
    return Counter(node.op_type for node in cut.graph.node)


def run(model: ModelProto) -> NDArray[np.float32]:
    return np.asarray(runtime.run(runtime.open_session(model), X)["y"])


@pytest.mark.parametrize("terms", ["x scaled", "scaled x"])
@pytest.mark.parametrize("factors", ["x s", "s x"])
def test_a_map_is_scaled_once(terms: str, factors: str) -> None:
    nodes = [node("GlobalAveragePool", "x", "s"), node("Mul", factors, "scaled"), node("Add", terms, "y")]
    assert after(shortcuts.scale_once, network(nodes)) == {"GlobalAveragePool": 1, "Add": 1, "Mul": 1}
    # The sum is that of the means, not that of maps.
    cut = network(nodes)
    shortcuts.scale_once(cut)
    (add,) = (node for node in cut.graph.node if node.op_type == "Add")
    assert "s" in add.input


def test_a_product_that_others_take_stays() -> None:
    nodes = [
        node("GlobalAveragePool", "x", "s"),
        node("Mul", "x s", "scaled"),
        node("Add", "x scaled", "sum"),
        node("Sub", "sum scaled", "y"),
    ]
    assert after(shortcuts.scale_once, network(nodes)) == {"GlobalAveragePool": 1, "Mul": 1, "Add": 1, "Sub": 1}


def test_gelu_by_tanh_is_off_by_little() -> None:
    exact = network([node("Gelu", "x", "y")])
    near = ModelProto.FromString(exact.SerializeToString())
    shortcuts.approximate_gelu(near)
    assert 1e-5 < np.abs(run(near) - run(exact)).max() < 5e-4


def enlarging(first: Mapping[str, object], second: Mapping[str, object], biases: str) -> Network:
    """A ConvTranspose to 3 channels, a ReLU, and one to 2, with biases of their own, behind them, or without any."""
    own = biases == "own"
    nodes = [
        node("ConvTranspose", "x w b" if own else "x w", "a" if biases == "behind" else "sum", **first),
        node("Relu", "sum", "positive"),
        node("ConvTranspose", "positive v c" if own else "positive v", "d" if biases == "behind" else "y", **second),
    ]
    if biases == "behind":
        nodes[1:1] = [node("Add", "a b", "sum")]
        nodes.append(node("Add", "c d", "y"))
    return nodes


def square(side: int) -> dict[str, list[int]]:
    return {"kernel_shape": [side, side], "strides": [side, side]}


@pytest.mark.parametrize("biases", ["own", "behind", "none"])
@pytest.mark.parametrize(("inner", "outer"), [(2, 2), (3, 2), (2, 3)])
def test_pixels_are_put_in_order_at_the_end(inner: int, outer: int, biases: str) -> None:
    b, c = ([3], [2]) if biases == "own" else ([1, 3, 1, 1], [1, 2, 1, 1])
    nodes = enlarging(square(inner), square(outer), biases)
    model = network(nodes, w=(CHANNELS, 3, inner, inner), v=(3, 2, outer, outer), b=b, c=c)
    assert after(shortcuts.enlarge_last, model) == {"Conv": 2, "Relu": 1, "DepthToSpace": 1}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"kernel_shape": [2, 2], "strides": [1, 1]}, square(2)),
        (square(2), {"kernel_shape": [2, 2], "strides": [1, 1]}),
        (square(2) | {"output_padding": [1, 1]}, square(2)),
        (square(2), square(2) | {"pads": [1, 1, 1, 1]}),
    ],
)
def test_squares_that_overlap_or_are_cut_stay(first: Mapping[str, object], second: Mapping[str, object]) -> None:
    model = network(enlarging(first, second, "own"), w=(CHANNELS, 3, 2, 2), v=(3, 2, 2, 2), b=[3], c=[2])
    assert after(shortcuts.enlarge_last, model) == {"ConvTranspose": 2, "Relu": 1}


def joined(second: NodeProto) -> Network:
    """A convolution of x, made positive, and of another part."""
    own = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 2]}
    return [
        node("Relu", "x", "part"),
        second,
        node("Concat", "part other", "both", axis=1),
        node("Conv", "both w b", "y", **own),
    ]


def test_parts_are_not_put_together_for_a_convolution() -> None:
    model = network(joined(node("Conv", "x v", "other")), w=(5, CHANNELS + 3, 3, 3), b=[5], v=(3, CHANNELS, 1, 1))
    assert after(shortcuts.split_joined, model) == {"Relu": 1, "Conv": 3, "Add": 1}


def test_enlarged_parts_stay_together() -> None:
    enlarge = helper.make_node("Resize", ["x", "", "scales"], ["other"], mode="nearest")
    model = network(joined(enlarge), w=(5, 2 * CHANNELS, 3, 3), b=[5])
    model.graph.initializer.append(numpy_helper.from_array(np.ones(4, np.float32), "scales"))
    assert after(shortcuts.split_joined, model) == {"Relu": 1, "Resize": 1, "Concat": 1, "Conv": 1}
