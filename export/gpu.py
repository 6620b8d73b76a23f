"""The GPU graph of a contract graph, for TensorRT: float16, but for what needs more digits or a greater range.

float16 takes half the memory, and GPUs have fast products for it. Softmax, layer norms, means of whole maps, the
probabilities at the end, and whatever comes near float16's greatest number stay in float32. The conversion is ONNX
Runtime's own (`onnxruntime.transformers.float16`); which nodes it leaves alone is decided here. What both graphs find
or read on the sample pages is compared before anything is written (export/likeness.py).
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto
from onnxruntime.transformers import float16

from export import calibration, cuda_kernels, graph

# A sixteenth of float16's greatest number: pages other than the samples may have greater values.
MAX_VALUE = np.finfo(np.float16).max / 16
# What makes probabilities of a network's last values, and what hands them on to its outputs.
LAST, HANDING_ON = ("Softmax", "Sigmoid"), ("ArgMax", "ReduceMax", "Cast", "Compress", "Identity")
# How the converter calls what a node gives that stays in float32, before it is rounded.
UNROUNDED = "_cast_to_fp16"
# Nodes that give what they get: none of their values is greater than one that was seen before them.
PASSING = ("Identity", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Relu", "Concat", "Slice", "MaxPool", "Resize")


def for_gpus(model: ModelProto, batches: Iterable[NDArray[Any]]) -> ModelProto:
    """Make the GPU graph of a detector or a recognizer.

    Args:
        model: A contract graph; stays as it is.
        batches: Pages or crops, (N, height, width, 3) uint8 RGB, that show the range of its values.

    Returns:
        A contract graph of the same inputs and outputs.
    """
    half = ModelProto.FromString(model.SerializeToString())
    for node in half.graph.node:
        node.name = node.output[0]  # the converter knows nodes by their names
    growing = [node.output[0] for node in half.graph.node if node.op_type not in PASSING]
    peaks = calibration.peaks(half, growing, batches)
    too_large = {name for name, peak in peaks.items() if not peak <= MAX_VALUE}
    converted: ModelProto = float16.convert_float_to_float16(
        half,
        keep_io_types=True,
        op_block_list=[*float16.DEFAULT_OP_BLOCK_LIST, "Softmax", *cuda_kernels.without_float16(half)],
        node_block_list=[*layer_norms(half), *map_means(half), *last_nodes(half), *touching(half, too_large)],
    )
    graph.sort_nodes(converted)
    _join_casts(converted)
    return converted


def layer_norms(model: ModelProto) -> set[str]:
    """Names of the nodes that layer norms consist of, from the mean to the shift.

    (x - mean) / sqrt(mean of its squares + epsilon) * scale + shift (Ba et al. 2016, arXiv 1607.06450, equation 4).
    """
    makers = graph.makers(model)
    found: set[str] = set()
    for root in model.graph.node:
        if root.op_type == "Sqrt":
            walk = [root]
            while walk:
                node = walk.pop()
                found.add(node.name)
                before = [makers[name] for name in node.input if name in makers]
                if node.op_type == "Sub":  # of the mean
                    found.update(mean.name for mean in before if mean.op_type == "ReduceMean")
                else:
                    walk += before
            found.update(node.name for node in _following(model, root, ("Div", "Mul", "Add")))
    return found


def map_means(model: ModelProto) -> set[str]:
    """Names of the nodes that give means of whole maps, whose sums float16 does not hold.

    With them in float16, ONNX Runtime's CUDA provider gave no number for any page (1.31 on an H200); on CPUs sums are
    in float32.
    """
    return {node.name for node in model.graph.node if graph.averages_maps(model, node)}


def last_nodes(model: ModelProto) -> set[str]:
    """Names of the nodes that make probabilities of the last values and hand them on to the outputs."""
    makers = graph.makers(model)
    found: set[str] = set()
    walk = [output.name for output in model.graph.output]
    while walk:
        node = makers.get(walk.pop(), NodeProto())
        if node.op_type in (*LAST, *HANDING_ON):
            found.add(node.name)
        if node.op_type in HANDING_ON:
            walk += node.input
    return found


def touching(model: ModelProto, tensors: set[str]) -> list[str]:
    """Names of the nodes that give or take any of these tensors."""
    return [node.name for node in model.graph.node if tensors.intersection([*node.input, *node.output])]


def _join_casts(model: ModelProto) -> None:
    """Let neighbours that stay in float32 hand over their values as they are.

    The converter rounds each of their outputs to float16, and makes float32 of it again.
    """
    makers = graph.makers(model)
    for node in model.graph.node:
        rounded = makers.get(node.input[0], NodeProto()) if graph.casts_to(node, TensorProto.FLOAT) else NodeProto()
        if graph.casts_to(rounded, TensorProto.FLOAT16) and rounded.input[0].endswith(UNROUNDED):
            node.op_type, node.input[0] = "Identity", rounded.input[0]
            del node.attribute[:]
    graph.drop_unused(model)
    del model.graph.value_info[:]  # some of it is of tensors that are gone


def _following(model: ModelProto, node: NodeProto, operators: Iterable[str]) -> Iterable[NodeProto]:
    """The chain of nodes of these operators behind a node, as far as it goes."""
    takers = graph.takers(model)
    for operator in operators:
        node = graph.only_taker(takers, node.output[0])
        if node.op_type != operator:
            return
        yield node
