"""A contract graph in the form that CPUs run fastest: its costliest products in 8 bits, its arg-max in two steps.

Processors multiply bytes several times faster than floats (AVX-512 VNNI, AMX, Arm's dot products); GPUs get the graph
as it is. What both kinds of form read on the sample pages is compared before anything is written (export/verify.py).
"""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper, numpy_helper, version_converter

from export import graph, quantization, runtime
from export.quantization import Product

OPSET = 20  # the first in which GELU is an operator
# A product whose output would be off by more than this share stays in float32. In PP-OCRv6 small that is the last
# convolution before the neck, with 14 %; all others are below 7 %.
MAX_ERROR = 0.1
# Number of rows in which the classes are laid out for the arg-max.
ROWS = 16
# Logit of the classes that fill the last row.
NEVER = -1e4


def for_cpus(model: ModelProto, batches: Iterable[NDArray[Any]]) -> ModelProto:
    """Make the CPU's form of a detector or a recogniser.

    Args:
        model: A contract graph; stays as it is.
        batches: Pages or crops, (N, height, width, 3) uint8 RGB, that show the range of its values.

    Returns:
        A contract graph that finds or reads the same but for rare exceptions.
    """
    prepared = _fuse(model)
    classes = _classes(prepared)
    products = [*_convolutions(prepared), *([classes] if classes else [])]
    seen = quantization.observe(prepared, products, batches)
    chosen = [p for p in products if seen[p.input].is_map and quantization.error(p, seen[p.input]) <= MAX_ERROR]
    for product in chosen:
        quantization.replace(prepared, product, seen[product.input])
    if classes is not None and classes in chosen:
        _take_best_class_in_two_steps(prepared, len(classes.bias))
    quantization.drop_unused_weights(prepared)
    return prepared


def _fuse(model: ModelProto) -> ModelProto:
    """Let ONNX Runtime fold biases into convolutions and join the parts of GELU, which it would not find later."""
    options = ort.SessionOptions()
    options.log_severity_level = runtime.FATAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    upgraded = version_converter.convert_version(model, OPSET).SerializeToString()
    hiding = ["ConvActivationFusion", "MatmulTransposeFusion"]  # would hide what is looked for here
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = str(Path(folder, "fused.onnx"))
        ort.InferenceSession(upgraded, options, providers=["CPUExecutionProvider"], disabled_optimizers=hiding)
        fused = onnx.load(options.optimized_model_filepath)
    domains = {node.domain for node in fused.graph.node} | {"com.microsoft"}
    imports = [helper.make_opsetid(used.domain, used.version) for used in fused.opset_import if used.domain in domains]
    del fused.opset_import[:], fused.graph.value_info[:]
    fused.opset_import.extend(imports)
    return fused


def _convolutions(model: ModelProto) -> list[Product]:
    """Convolutions that are products at each position."""
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    found = []
    for node in model.graph.node:
        if node.op_type != "Conv" or node.input[1] not in weights:
            continue
        kernel, *bias = (numpy_helper.to_array(weights[name]) for name in node.input[1:])
        if quantization.is_pointwise(node, kernel):
            bias_or_zero = bias[0] if bias else np.zeros(len(kernel), np.float32)
            found.append(Product(node.input[0], (node.output[0],), kernel[:, :, 0, 0], bias_or_zero, (0, 2, 3, 1)))
    return found


def _classes(model: ModelProto) -> Product | None:
    """The product that gives the classes' logits (N, T, classes), filled up to whole rows; None if there is none."""
    makers = {node.output[0]: node for node in model.graph.node}
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    arg_max = next((node for node in model.graph.node if node.op_type == "ArgMax"), NodeProto(input=[""]))
    add = makers.get(arg_max.input[0], NodeProto())
    product = next((makers[name] for name in add.input if name in makers), NodeProto())
    bias = next((weights[name] for name in add.input if name in weights), None)
    if add.op_type != "Add" or product.op_type != "MatMul" or bias is None or product.input[1] not in weights:
        return None
    missing = -len(bias) % ROWS
    return Product(
        product.input[0],
        (product.output[0], add.output[0]),
        np.pad(weights[product.input[1]].T, ((0, missing), (0, 0))),
        np.pad(bias, (0, missing), constant_values=np.float32(NEVER)),
        (0, 1, 2),
    )


def _take_best_class_in_two_steps(model: ModelProto, classes: int) -> None:
    """Find first the column in which the best class is, then its row: ReduceMax is much faster than ArgMax.

    Args:
        model: Changed in place.
        classes: Their number, a multiple of `ROWS`.
    """
    old = next(node for node in model.graph.node if node.op_type == "ArgMax")
    columns = classes // ROWS
    constants = {
        "rows_shape": [0, 0, ROWS, columns],
        "row_axis": [2],
        "each_row": [1, 1, ROWS, 1],
        "columns": [columns],
    }
    for name, value in constants.items():
        model.graph.initializer.append(numpy_helper.from_array(np.array(value, np.int64), name))
    nodes = [
        helper.make_node("Reshape", [old.input[0], "rows_shape"], ["logit_rows"]),
        helper.make_node("ReduceMax", ["logit_rows", "row_axis"], ["best_of_columns"], keepdims=0),
        helper.make_node("ArgMax", ["best_of_columns"], ["column"], axis=2, keepdims=1),
        helper.make_node("Unsqueeze", ["column", "row_axis"], ["column_of_row"]),
        helper.make_node("Tile", ["column_of_row", "each_row"], ["column_of_rows"]),
        helper.make_node("GatherElements", ["logit_rows", "column_of_rows"], ["best_column"], axis=3),
        helper.make_node("ArgMax", ["best_column"], ["row"], axis=2, keepdims=0),
        helper.make_node("Mul", ["row", "columns"], ["row_start"]),
        helper.make_node("Add", ["row_start", "column"], ["class"]),
        helper.make_node("Squeeze", ["class", "row_axis"], [old.output[0]]),
    ]
    graph.replace_nodes(model, [old.output[0]], nodes)
