"""The GPU graph: float16 but for what needs more digits, and what that does, as GPUs round."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper, shape_inference

from export import cuda_kernels, exact_half, gpu, likeness, runtime, verify
from export.choices import DETECTORS, RECOGNIZERS
from export.contract import DetectorExport
from export.repository import GPU_MODEL_FILE, MODEL_FILE
from tests.export.conftest import Built, Run
from tests.project import SAMPLES

Values = NDArray[np.float32]
BATCH = np.linspace(-1, 1, 24, dtype=np.float32).reshape(2, 3, 4)


def network(nodes: Sequence[NodeProto], **weights: float | Values) -> ModelProto:
    """float32 `x` (2, 3, 4) → `y`."""
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3, 4]) for name in ("x", "y")]
    tensors = [numpy_helper.from_array(np.array(value, np.float32), name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "network", values[:1], values[1:], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)


def kinds(model: ModelProto) -> dict[str, str]:
    """Name of a tensor → its type."""
    values = shape_inference.infer_shapes(model, strict_mode=True).graph.value_info
    return {value.name: TensorProto.DataType.Name(value.type.tensor_type.elem_type) for value in values}


def run(model: ModelProto, batch: Values = BATCH) -> Any:
    return runtime.run(runtime.open_session(model), batch)["y"]


def node(operator: str, inputs: str, output: str, **attributes: Any) -> NodeProto:
    return helper.make_node(operator, inputs.split(), [output], **attributes)


LAYER_NORM = [
    node("Mul", "x c", "doubled"),
    node("ReduceMean", "doubled", "mean", axes=[2]),
    node("Sub", "doubled mean", "centred"),
    node("Pow", "centred two", "squares"),
    node("ReduceMean", "squares", "variance", axes=[2]),
    node("Add", "variance epsilon", "more"),
    node("Sqrt", "more", "deviation"),
    node("Div", "centred deviation", "normal"),
    node("Mul", "normal two", "scaled"),
    node("Add", "scaled two", "shifted"),
    node("Mul", "shifted c", "y"),
]


def test_a_layer_norm_stays_in_float32_and_nothing_in_it_is_rounded() -> None:
    model = network(LAYER_NORM, c=2, two=2, epsilon=1e-5)
    half = gpu.for_gpus(model, [BATCH])
    inside = {"mean", "centred", "squares", "variance", "more", "deviation", "normal", "scaled"}
    found = kinds(half)
    assert found["doubled"] == "FLOAT16"
    of_norm = {name: kind for name, kind in found.items() if name.removesuffix(gpu.UNROUNDED) in inside}
    assert set(of_norm.values()) == {"FLOAT"}
    casts = [each for each in half.graph.node if each.op_type == "Cast"]
    assert len(casts) == 4  # into the network and out of it, into the norm and out of it
    np.testing.assert_allclose(run(exact_half.rounding(half)), run(model), rtol=2e-3)


def test_what_overflows_stays_in_float32() -> None:
    """300 · 300 is beyond 65504."""
    model = network(
        [node("Mul", "x c", "large"), node("Mul", "large c", "greater"), node("Div", "greater c", "y")], c=300
    )
    half = gpu.for_gpus(model, [BATCH])
    assert kinds(half)["large"] == "FLOAT16"
    np.testing.assert_allclose(run(exact_half.rounding(half)), run(model), rtol=2e-3)


def test_probabilities_at_the_end_stay_in_float32_and_a_sigmoid_in_the_midst_does_not() -> None:
    model = network([node("Sigmoid", "x", "gate"), node("Mul", "x gate", "gated"), node("Sigmoid", "gated", "y")])
    found = kinds(gpu.for_gpus(model, [BATCH]))
    assert found["gate"] == "FLOAT16"
    assert [kind for name, kind in found.items() if name.startswith("gated")] == ["FLOAT16", "FLOAT"]


def test_the_exact_equivalent_rounds_as_a_gpu_does() -> None:
    """The graph itself gives 0.29999 on a CPU."""
    model = network([node("Add", "x c", "sum"), node("Sub", "sum c", "y")], c=1000)
    half = gpu.for_gpus(model, [BATCH])
    batch = np.full_like(BATCH, 0.3)
    np.testing.assert_array_equal(run(exact_half.rounding(half), batch), np.full_like(BATCH, 0.5))


def test_operators_without_a_kernel_for_float16_stay_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    model = network([node("Mul", "x c", "scaled"), node("Elu", "scaled", "y")], c=2)
    assert kinds(gpu.for_gpus(model, [BATCH])) | {"scaled": "FLOAT16"} == kinds(gpu.for_gpus(model, [BATCH]))
    single = cuda_kernels.Kernel("Elu", 6, None, {"T": frozenset({TensorProto.FLOAT})})
    monkeypatch.setattr(cuda_kernels, "kernels", lambda: (single,))
    half = gpu.for_gpus(model, [BATCH])
    (elu,) = (each for each in half.graph.node if each.op_type == "Elu")
    assert kinds(half)[elu.input[0]] == "FLOAT"


def test_in_float32_no_node_of_the_default_pair_is_left_to_the_cpu(built: Built) -> None:
    for network in (built(DETECTORS["ppocrv6-small"]), built(RECOGNIZERS["ppocrv6-small"])):
        assert cuda_kernels.lacking(network.graph) == []


def test_a_graph_that_finds_other_boxes_is_told_apart(detector: DetectorExport) -> None:
    half = gpu.for_gpus(detector.graph, verify.detector_inputs(detector.detector, SAMPLES)[:1])
    assert cuda_kernels.lacking(half) == []
    boxes = likeness.Boxes(detector, SAMPLES)
    assert boxes.in_float16(half).is_enough
    for tensor in half.graph.initializer:
        if len(tensor.dims) == 4 and tensor.data_type == TensorProto.FLOAT16:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * np.float16(0.7), tensor.name))
    assert not boxes.in_float16(half).is_enough


def emptied(model: ModelProto, _batches: object) -> ModelProto:
    """A graph that is none of the network's."""
    other = ModelProto()
    other.CopyFrom(model)
    del other.graph.node[:]
    return other


@pytest.mark.parametrize(("same", "options"), [(100, ["--gpu-precision", "float32"]), (98, [])])
def test_gpus_get_the_float32_graph_where_it_is_asked_for_and_where_too_much_differs(
    root: Path, export_into: Run, quickly: pytest.MonkeyPatch, same: int, options: list[str]
) -> None:
    quickly.setattr(gpu, "for_gpus", emptied)
    for kind in (likeness.Boxes, likeness.Texts):
        quickly.setattr(kind, "in_float16", lambda *_: likeness.Same("texts", 100, same))
    done = export_into(root, "--force", *options)
    assert done.exit_code == 0, done.output
    assert ("98 of 100 texts are the same; too few, it stays in float32" in done.stderr) == (same == 98)
    for model in ("text_detection", "text_recognition"):
        folder = root / model / "1"
        assert (folder / GPU_MODEL_FILE).read_bytes() == (folder / MODEL_FILE).read_bytes()


def test_gpus_get_the_float16_graph_where_hardly_anything_differs(
    root: Path, export_into: Run, quickly: pytest.MonkeyPatch
) -> None:
    quickly.setattr(gpu, "for_gpus", emptied)
    for kind in (likeness.Boxes, likeness.Texts):
        quickly.setattr(kind, "in_float16", lambda *_: likeness.Same("texts", 100, 99))
    assert export_into(root, "--force").exit_code == 0
    for model in ("text_detection", "text_recognition"):
        assert onnx.load(root / model / "1" / GPU_MODEL_FILE).graph.node == []
