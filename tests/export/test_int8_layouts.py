"""Layouts for ONNX Runtime's int8: the same values, and what makes it fast is there."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from export import cpu, exact_int8, graph, int8_layouts, runtime, verify
from export.contract import DetectorExport, RecognizerExport
from export.int8_layers import MICROSOFT, TO_CHANNELS_FIRST, TO_CHANNELS_LAST
from tests.project import SAMPLES

Made = tuple[ModelProto, ModelProto, NDArray[np.uint8]]
"""A network in int8 as its layers are written, the same arranged, and a batch for it."""


def made(model: ModelProto, batches: Sequence[NDArray[np.uint8]]) -> Made:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(int8_layouts, "arrange", lambda _: None)
        plain = cpu.in_int8(model, batches)
    arranged = ModelProto.FromString(plain.SerializeToString())
    int8_layouts.arrange(arranged)
    add_up_in_the_same_order(plain)
    return plain, arranged, batches[0]


def add_up_in_the_same_order(model: ModelProto) -> None:
    """Let a network take means of products as the arranged one does, row by row."""
    made_by, replaced = graph.makers(model), {}
    for name, axis in (("columns_axis", 2), ("rows_axis", 1)):
        graph.add_initializer(model, name, np.array([axis]))
    for node in model.graph.node:
        name = node.output[0]
        if graph.averages_maps(model, node) and made_by[node.input[0]].op_type == "Transpose":
            last, across, mean = (f"{name}_{part}" for part in ("last", "across", "mean"))
            replaced[name] = [
                helper.make_node("Transpose", node.input, [last], perm=TO_CHANNELS_LAST),
                helper.make_node("ReduceMean", [last, "columns_axis"], [across]),
                helper.make_node("ReduceMean", [across, "rows_axis"], [mean]),
                helper.make_node("Transpose", [mean], [name], perm=TO_CHANNELS_FIRST),
            ]
    graph.replace_nodes(model, replaced)


@pytest.fixture(scope="module", params=["detector", "recognizer"])
def network(
    request: pytest.FixtureRequest,
    detector: DetectorExport,
    recognizer: RecognizerExport,
    lines: list[NDArray[np.uint8]],
) -> Made:
    if request.param == "detector":
        return made(detector.graph, verify.detector_inputs(detector.detector, SAMPLES)[:1])
    return made(recognizer.graph, verify.line_batches(lines, recognizer.recognizer)[:4])


def shape(model: ModelProto, name: str) -> tuple[int, ...]:
    return next(tuple(tensor.dims) for tensor in model.graph.initializer if tensor.name == name)


def nodes(model: ModelProto, operator: str) -> list[NodeProto]:
    return [node for node in model.graph.node if node.op_type == operator]


def test_the_values_are_the_same_to_the_bit(network: Made) -> None:
    *graphs, batch = network
    plain, arranged = (runtime.run(runtime.open_session(exact_int8.with_uint8_weights(one)), batch) for one in graphs)
    for name, values in plain.items():
        np.testing.assert_array_equal(arranged[name], values)


def test_every_convolution_in_int8_reads_its_input_where_it_lies(network: Made) -> None:
    _, arranged, _ = network
    for conv in nodes(arranged, "QLinearConv"):
        outputs, channels, *_ = shape(arranged, conv.input[3])
        assert outputs >= int8_layouts.LEAST_OUTPUTS
        assert channels % 4 == 0


def test_no_product_is_turned_before_something_is_done_to_it(network: Made) -> None:
    plain, arranged, _ = network
    assert turned_products(plain)
    assert not turned_products(arranged)


def turned_products(model: ModelProto) -> list[NodeProto]:
    """Products whose channels are put first for what can be done channels last."""
    takers = graph.takers(model)
    turned = [(node, graph.only_taker(takers, node.output[0])) for node in nodes(model, "MatMulIntegerToFloat")]
    taken = {"Add", "Relu", "Mul", "GlobalAveragePool", "ReduceMean", "Resize", "Concat"}
    return [
        node
        for node, transpose in turned
        if transpose.op_type == "Transpose" and taken & set(operators(takers[transpose.output[0]]))
    ]


def operators(found: Sequence[NodeProto]) -> list[str]:
    return [node.op_type for node in found]


def first_convolution(**changed: Any) -> ModelProto:
    """A convolution in int8 of pixels to 8 channels, and one of these to 16."""
    rng = np.random.default_rng(0)
    own: dict[str, Any] = {
        "kernel_shape": [3, 3],
        "strides": [2, 2],
        "pads": [1, 1, 1, 1],
        "channels_last": 1,
    } | changed
    inner = own | {"strides": [1, 1]}
    constants: dict[str, NDArray[Any]] = {"one": np.array(1, np.float32), "zero": np.array(0, np.uint8)}
    for name, outputs, channels in (("first", 8, 3), ("second", 16, 8)):
        constants[f"{name}_weights"] = rng.integers(-9, 10, (outputs, channels, 3, 3)).astype(np.int8)
        constants[f"{name}_scale"] = rng.uniform(0.01, 0.05, outputs).astype(np.float32)
        constants[f"{name}_zeros"] = np.zeros(outputs, np.int8)
        constants[f"{name}_bias"] = rng.integers(-99, 100, outputs).astype(np.int32)
    convolutions = [
        helper.make_node("QLinearConv", inputs(*names), names[1:2], domain=MICROSOFT, **attributes)
        for names, attributes in ((("image", "between", "first"), own), (("between", "output", "second"), inner))
    ]
    values = [
        helper.make_tensor_value_info(name, TensorProto.UINT8, ["n", "h", "w", channels])
        for name, channels in (("image", 3), ("output", 16))
    ]
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    imports = [helper.make_opsetid("", 20), helper.make_opsetid(MICROSOFT, 1)]
    network = helper.make_graph(convolutions, "pixels", values[:1], values[1:], weights)
    return helper.make_model(network, opset_imports=imports, ir_version=9)


def inputs(taken: str, _: str, layer: str) -> list[str]:
    own = [f"{layer}_{what}" for what in ("weights", "scale", "zeros")]
    return [taken, "one", "zero", *own, "one", "zero", f"{layer}_bias"]


@pytest.mark.parametrize("size_hw", [(32, 64), (48, 4), (2, 132)])
def test_pixels_are_taken_four_at_a_time_up_to_the_borders(size_hw: tuple[int, int]) -> None:
    plain, arranged = first_convolution(), first_convolution()
    int8_layouts.arrange(arranged)
    assert operators(list(arranged.graph.node)) == ["Reshape", "QLinearConv", "Reshape", "QLinearConv"]
    assert shape(arranged, "first_weights") == (16, 12, 3, 2)
    pixels = np.random.default_rng(1).integers(0, 256, (2, *size_hw, 3)).astype(np.uint8)
    ours, theirs = (runtime.run(runtime.open_session(model), pixels)["output"] for model in (arranged, plain))
    assert theirs.any()
    np.testing.assert_array_equal(ours, theirs)


def test_a_convolution_of_another_stride_takes_pixels_one_at_a_time() -> None:
    model = first_convolution(strides=[1, 1])
    int8_layouts.arrange(model)
    assert operators(list(model.graph.node)) == ["QLinearConv", "QLinearConv"]
