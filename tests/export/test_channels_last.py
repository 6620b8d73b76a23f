"""Maps kept channels last: the same values, without the passes that turn them."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from export import channels_last, graph, runtime
from export.int8_layers import TO_CHANNELS_FIRST, TO_CHANNELS_LAST

CHANNELS = 8


def network(
    *nodes: NodeProto, output: str = "rounded", channels: int = CHANNELS, **weights: NDArray[Any]
) -> ModelProto:
    """Nodes between a map as a product gives it, channels last, and bytes as a product takes them."""
    weights |= {"scale": np.array(0.02, np.float32), "zero": np.array(9, np.uint8)}
    around = [
        helper.make_node("Transpose", ["product"], ["map"], perm=TO_CHANNELS_FIRST),
        *nodes,
        helper.make_node("QuantizeLinear", [output, "scale", "zero"], ["bytes"]),
        helper.make_node("Transpose", ["bytes"], ["taken"], perm=TO_CHANNELS_LAST),
    ]
    ends = [
        helper.make_tensor_value_info("product", TensorProto.FLOAT, ["n", "h", "w", CHANNELS]),
        helper.make_tensor_value_info("taken", TensorProto.UINT8, ["n", "rows", "columns", channels]),
    ]
    constants = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    made = helper.make_graph(around, "maps", ends[:1], ends[1:], constants)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


def enlarged(name: str, output: str, times: str, **changed: Any) -> NodeProto:
    own = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"} | changed
    return helper.make_node("Resize", [name, "", times], [output], **own)


def pooled(name: str, output: str, side: int) -> list[NodeProto]:
    """The same map, smaller, as a product gives it."""
    return [
        helper.make_node("MaxPool", [name], [f"{output}_first"], kernel_shape=[side, side], strides=[side, side]),
        helper.make_node("Transpose", [f"{output}_first"], [f"{output}_product"], perm=TO_CHANNELS_LAST),
        helper.make_node("Transpose", [f"{output}_product"], [output], perm=TO_CHANNELS_FIRST),
    ]


TWICE, FOUR_TIMES = (np.array([1, 1, times, times], np.float32) for times in (2, 4))


def kept(model: ModelProto) -> ModelProto:
    """The same graph with its maps channels last; a batch of two gives the same bytes."""
    changed: ModelProto = ModelProto.FromString(model.SerializeToString())
    channels_last.keep(changed)
    maps = np.random.default_rng(0).uniform(-1, 1, (2, 8, 12, CHANNELS)).astype(np.float32)
    ours, theirs = (runtime.run(runtime.open_session(one), maps)["taken"] for one in (changed, model))
    assert len(np.unique(theirs)) > 9
    np.testing.assert_array_equal(ours, theirs)
    return changed


def operators(model: ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def test_a_map_is_summed_and_rectified_as_it_comes() -> None:
    nodes = [helper.make_node("Relu", ["map"], ["positive"]), helper.make_node("Add", ["map", "positive"], ["rounded"])]
    assert operators(kept(network(*nodes))) == ["Relu", "Add", "QuantizeLinear", "Identity"]


def test_a_map_is_multiplied_with_what_is_made_of_its_means() -> None:
    nodes = [
        helper.make_node("ReduceMean", ["map", "axes"], ["means"]),
        helper.make_node("HardSigmoid", ["means"], ["factors"]),
        helper.make_node("Mul", ["factors", "map"], ["rounded"]),
    ]
    changed = kept(network(*nodes, axes=np.array([2, 3])))
    sizes = {"means", "factors"}  # nothing else is turned
    assert all(sizes & {*node.input, *node.output} for node in changed.graph.node if node.op_type == "Transpose")


def test_means_without_their_axes_are_left_alone() -> None:
    nodes = [
        helper.make_node("ReduceMean", ["map", "axes"], ["means"], keepdims=0),
        helper.make_node("Reshape", ["means", "shape"], ["factors"]),
        helper.make_node("Mul", ["factors", "map"], ["rounded"]),
    ]
    kept(network(*nodes, axes=np.array([-1, 2]), shape=np.array([0, -1, 1, 1])))


@pytest.mark.parametrize(("side", "times"), [(2, TWICE), (4, FOUR_TIMES)])
def test_a_sum_needs_no_copies_of_an_enlarged_map(side: int, times: NDArray[np.float32]) -> None:
    nodes = [
        *pooled("map", "small", side),
        enlarged("small", "large", "times"),
        helper.make_node("Add", ["map", "large"], ["rounded"]),
    ]
    changed = kept(network(*nodes, times=times))
    assert "Resize" not in operators(changed)
    assert "Expand" not in operators(changed)


def test_joined_maps_are_rounded_before_they_are_enlarged() -> None:
    nodes = [
        *pooled("map", "small", 2),
        *pooled("map", "smallest", 4),
        enlarged("small", "medium", "twice"),
        enlarged("smallest", "large", "four_times"),
        helper.make_node("Concat", ["large", "medium", "map"], ["rounded"], axis=1),
    ]
    changed = kept(network(*nodes, channels=3 * CHANNELS, twice=TWICE, four_times=FOUR_TIMES))
    assert "Resize" not in operators(changed)
    types = graph.types(changed)
    assert all(types[node.input[0]] == TensorProto.UINT8 for node in changed.graph.node if node.op_type == "Expand")


def test_a_map_that_is_joined_with_weights_is_rounded_with_them() -> None:
    joined = helper.make_node("Concat", ["map", "pattern"], ["rounded"], axis=1)
    pattern = np.random.default_rng(1).uniform(-1, 1, (2, CHANNELS, 8, 12)).astype(np.float32)
    kept(network(joined, channels=2 * CHANNELS, pattern=pattern))


@pytest.mark.parametrize(
    "changed",
    [
        {"mode": "linear"},
        {"nearest_mode": "ceil"},
        {"coordinate_transformation_mode": "half_pixel", "nearest_mode": "round_prefer_ceil"},
    ],
)
def test_pixels_that_do_not_become_squares_are_enlarged_as_before(changed: dict[str, Any]) -> None:
    nodes = [
        *pooled("map", "small", 2),
        enlarged("small", "large", "twice", **changed),
        helper.make_node("Add", ["map", "large"], ["rounded"]),
    ]
    assert "Resize" in operators(kept(network(*nodes, twice=TWICE)))


@pytest.mark.parametrize("sides", [(2, 4), (1.5, 1.5)])
def test_neither_do_those_of_other_sides(sides: tuple[float, float]) -> None:
    whole = helper.make_node("Resize", ["map", "", "times"], ["rounded"], mode="nearest", nearest_mode="floor")
    assert "Resize" in operators(kept(network(whole, times=np.array([1, 1, *sides], np.float32))))
