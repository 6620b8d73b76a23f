"""Every node of the graphs for GPUs is computed on the GPU, by ONNX Runtime's own list of its kernels.

A node without a kernel for its types goes to the CPU, and its tensors there and back, without a word.
"""

import re

import onnx
import pytest
from onnx import ModelProto, TensorProto, defs, helper

from export import cuda_kernels
from tests.contract.configs import ONNX_MODELS
from tests.project import MODEL_REPOSITORY

each_model = pytest.mark.parametrize("model", ONNX_MODELS)
# By export/cuda.py and export/fixed_shapes.py.
ADDED = ("If", "Pad", "Slice", "Mul", "Add", "Sub", "Div", "Max", "ReduceMean", "ConstantOfShape", "Cast", "Identity")
ADDED_FOR_PADDING = ("Abs", "ReduceMax", "Reshape", "Min", "CumSum", "Ceil", "Relu")
ADDED_FOR_CLASSES = ("TopK", "GatherElements")
# As ONNX Runtime writes it, of providers and domains that are none of ours, too.
PAGE = """\
## Operators implemented by CPUExecutionProvider
| Op Name | Parameters | OpSet Version | Types Supported |
|---------|------------|---------------|-----------------|
|**Operator Domain:** *ai.onnx*||||
|Sqrt|*in* X:**T**<br> *out* Y:**T**|13+|**T** = tensor(float)|

## Operators implemented by CUDAExecutionProvider
| Op Name | Parameters | OpSet Version | Types Supported |
|---------|------------|---------------|-----------------|
|**Operator Domain:** *ai.onnx*||||
|Resize|*in* X:**T1**<br> *in* roi:**T2**|18+|**T1** = tensor(float), tensor(float16)<br/> **T2** = tensor(double)|
|||[11, 17]|**T1** = tensor(float)|
|||10|**T1** = seq(tensor(float)), tensor(int8)|
| |
|**Operator Domain:** *com.microsoft*||||
|Gelu|*in* X:**T**|1+|**T** = tensor(float)|
"""


def network(operator: str, kind: int, opset: int, domain: str = "") -> ModelProto:
    """A network of one node."""
    values = [helper.make_tensor_value_info(name, kind, ["n", 3, "h", "w"]) for name in ("x", "y")]
    node = helper.make_node(operator, ["x"], ["y"], domain=domain)
    graph = helper.make_graph([node], "one", values[:1], values[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid(used, opset) for used in {"", domain}])


@each_model
def test_no_node_is_left_to_the_cpu(model: str) -> None:
    assert cuda_kernels.lacking(onnx.load(MODEL_REPOSITORY / model / "1" / "model.gpu.onnx")) == []


@each_model
def test_the_networks_are_in_float16_and_their_inputs_and_outputs_as_ever(model: str) -> None:
    half, single = (onnx.load(MODEL_REPOSITORY / model / "1" / file) for file in ("model.gpu.onnx", "model.onnx"))
    kinds = [tensor.data_type for tensor in half.graph.initializer]
    assert kinds.count(TensorProto.FLOAT16) > 9 * kinds.count(TensorProto.FLOAT)
    assert [*half.graph.input, *half.graph.output] == [*single.graph.input, *single.graph.output]


@each_model
def test_what_the_cuda_graph_adds_is_computed_on_the_gpu(model: str) -> None:
    """All but the arithmetic on sizes, which belongs on the CPU."""
    graph = onnx.load(MODEL_REPOSITORY / model / "1" / "model.cuda.onnx")
    (opset,) = (entry.version for entry in graph.opset_import if not entry.domain)
    more = (*ADDED_FOR_PADDING, *ADDED_FOR_CLASSES) if model == "text_recognition" else ()
    for operator in (*ADDED, *more):
        since = defs.get_schema(operator, opset).since_version
        (kernel,) = (kernel for kernel in cuda_kernels.kernels() if kernel.computes(operator, since))
        assert any(TensorProto.FLOAT in kinds for kinds in kernel.types.values()), operator


@pytest.mark.parametrize(
    ("model", "missing"),
    [
        (network("Relu", TensorProto.FLOAT16, 13), []),
        (network("Relu", TensorProto.INT64, 13), ["Relu of opset 13 with T INT64"]),
        (network("Celu", TensorProto.FLOAT, 13), ["Celu of opset 12"]),
        (network("Gelu", TensorProto.FLOAT, 20), []),
        (network("Gelu", TensorProto.FLOAT, 13, domain="com.example"), ["com.example.Gelu"]),
    ],
    ids=["float16", "another type", "no kernel", "of this opset", "another domain"],
)
def test_what_has_no_kernel_is_named(model: ModelProto, missing: list[str]) -> None:
    assert cuda_kernels.lacking(model) == missing


def test_the_table_is_made_of_the_providers_list() -> None:
    assert list(cuda_kernels.parse(PAGE)) == [
        ("Resize", "18", "", "T1", "float float16"),
        ("Resize", "18", "", "T2", "double"),
        ("Resize", "11", "17", "T1", "float"),
        ("Resize", "10", "10", "T1", "int8"),
    ]


def test_the_table_names_its_version() -> None:
    with cuda_kernels.TABLE.open(encoding="utf-8") as file:
        assert re.fullmatch(r"# ONNX Runtime \d+\.\d+\.\d+\n", file.readline())
