"""The CUDA graph of a contract graph: the same values by faster kernels of ONNX Runtime, in few fixed shapes.

`python -m benchmarks.gpu.calls` measures how long its calls take.
"""

from collections.abc import Sequence

from onnx import ModelProto, NodeProto

from export import argmax, fixed_shapes, graph
from export.fixed_shapes import Shape


def for_cuda(model: ModelProto, shapes: Sequence[Shape], padding: int | None = None) -> ModelProto:
    """Make the CUDA graph of a detector or a recognizer.

    Args:
        model: A contract graph; stays as it is.
        shapes: In which it is to compute.
        padding: See `fixed_shapes.with_shapes`.

    Returns:
        A contract graph of the same inputs and outputs.

    Raises:
        ExportError: The network's tensors are no maps of the input, place by place.
    """
    faster = ModelProto.FromString(model.SerializeToString())
    argmax.take_top(faster)
    keep_biases_apart(faster)
    return fixed_shapes.with_shapes(faster, shapes, padding)


def keep_biases_apart(model: ModelProto) -> None:
    """Subtract the negative of what is added to a convolution, in place.

    ONNX Runtime makes a bias of the convolution of what is added (its ConvAddFusion). But with CUDA it adds a bias by
    `cudnnAddTensor`, more slowly than it subtracts, unless a ReLU follows, which cuDNN computes along with both.
    """
    made_by, takers = graph.makers(model), graph.takers(model)
    weights = {tensor.name for tensor in model.graph.initializer}
    for node in model.graph.node:
        biases = [name for name in node.input if name in weights] if node.op_type == "Add" else []
        convs = [name for name in node.input if made_by.get(name, NodeProto()).op_type == "Conv"]
        if biases and convs and _operator_behind(takers, node) != "Relu":
            negative = f"{node.output[0]}_negative"
            graph.add_initializer(model, negative, -graph.initializer(model, biases[0]))
            node.op_type, node.input[:] = "Sub", [convs[0], negative]
    graph.drop_unused(model)


def _operator_behind(takers: dict[str, list[NodeProto]], node: NodeProto) -> str:
    """Of the one node that takes what this one gives, past any Identity."""
    behind = graph.only_taker(takers, node.output[0])
    return _operator_behind(takers, behind) if behind.op_type == "Identity" else behind.op_type
