"""The CUDA graph: the same values, by other kernels."""

import numpy as np
import onnx
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from export import argmax, cuda, runtime
from export.contract import DetectorExport, RecognizerExport

SHAPE = (2, 48, 96)
PIXELS = np.random.default_rng(0).integers(0, 256, (*SHAPE, 3), np.uint8)


def operators(model: ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def test_the_classes_are_those_of_the_contract_graph(recognizer: RecognizerExport) -> None:
    faster = ModelProto.FromString(recognizer.graph.SerializeToString())
    argmax.take_top(faster)
    assert "TopK" in operators(faster)
    assert not {"ArgMax", "ReduceMax"}.intersection(operators(faster))
    wanted, found = (runtime.run(runtime.open_session(model), PIXELS) for model in (recognizer.graph, faster))
    assert found.keys() == wanted.keys()
    for name, values in wanted.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)


def test_a_network_that_gives_no_classes_is_left_alone(detector: DetectorExport) -> None:
    same = ModelProto.FromString(detector.graph.SerializeToString())
    argmax.take_top(same)
    assert same == detector.graph


def test_the_cuda_graph_has_all_of_it_in_the_branch_of_its_shape(recognizer: RecognizerExport) -> None:
    made = cuda.for_cuda(recognizer.graph, [SHAPE])
    (choice,) = (node for node in made.graph.node if node.op_type == "If")
    branch = next(attribute.g for attribute in choice.attribute if attribute.name == "then_branch")
    assert {"TopK", "Sub"} < {node.op_type for node in branch.node}
    assert not {"ArgMax", "ReduceMax"}.intersection(node.op_type for node in branch.node)
    wanted, found = (runtime.run(runtime.open_session(model), PIXELS) for model in (recognizer.graph, made))
    np.testing.assert_array_equal(found["indices"], wanted["indices"])
    np.testing.assert_allclose(found["confidences"], wanted["confidences"], atol=1e-4)


def convolution(*behind: NodeProto) -> ModelProto:
    """`x` (n, 2, h, w) → a convolution and a bias → these nodes → `y`."""
    rng = np.random.default_rng(0)
    weights = {"kernel": rng.normal(size=(2, 2, 1, 1)), "bias": rng.normal(size=(1, 2, 1, 1))}
    tensors = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()]
    nodes = [helper.make_node("Conv", ["x", "kernel"], ["conv"]), helper.make_node("Add", ["bias", "conv"], ["sum"])]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2, "h", "w"]) for name in ("x", "y")]
    graph = helper.make_graph([*nodes, *behind], "network", values[:1], values[1:], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)


@pytest.mark.parametrize(
    ("behind", "is_apart"),
    [
        ([helper.make_node("Erf", ["sum"], ["y"])], True),
        ([helper.make_node("Relu", ["sum"], ["positive"]), helper.make_node("Add", ["positive", "sum"], ["y"])], True),
        ([helper.make_node("Relu", ["sum"], ["y"])], False),
        ([helper.make_node("Identity", ["sum"], ["same"]), helper.make_node("Relu", ["same"], ["y"])], False),
    ],
    ids=["something else follows", "a ReLU and another follow", "a ReLU follows", "a ReLU follows under a new name"],
)
def test_a_bias_is_kept_apart_unless_cudnn_adds_it_along_with_a_relu(
    behind: list[NodeProto], *, is_apart: bool
) -> None:
    model = convolution(*behind)
    changed = ModelProto.FromString(model.SerializeToString())
    cuda.keep_biases_apart(changed)
    onnx.checker.check_model(changed, full_check=True)
    assert ("Sub" in operators(changed)) == is_apart
    batch = np.random.default_rng(1).normal(size=(1, 2, 3, 3)).astype(np.float32)
    wanted, found = (runtime.run(runtime.open_session(each), batch)["y"] for each in (model, changed))
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
