"""Rewriting of ONNX graphs to the one contract: uint8 NHWC RGB in, `maps` or `indices` and `confidences` out."""

from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper, shape_inference

from export.errors import ExportError

# Smaller weights do not change a single bit of the output, but those below 1.2e-38 (denormal) slow a CPU down 50×.
NEGLIGIBLE = 1e-20


def gather_weights(model: ModelProto) -> None:
    """Turn constants among the nodes, in which PP-OCRv3 and v4 have their weights, into weights of the graph."""
    constants = [node for node in model.graph.node if node.op_type == "Constant" and "value" in attributes(node)]
    for node in constants:
        tensor = TensorProto.FromString(attributes(node)["value"].SerializeToString())
        tensor.name = node.output[0]
        model.graph.initializer.append(tensor)
    names = {node.output[0] for node in constants}
    set_nodes(model, [node for node in model.graph.node if node.output[0] not in names])


def take_uint8_rgb(model: ModelProto, name: str, mean: Sequence[float], std: Sequence[float], *, bgr: bool) -> None:
    """Let the graph take pixels: uint8 (N, H, W, 3) RGB instead of scaled float (N, 3, H, W).

    The scaling (pixel - mean) / std is exact at the borders too: the mean is subtracted before the first
    convolution pads its input with zeros; 1 / std and the order of channels go into the convolution's weights.

    Args:
        model: Changed in place; its one input feeds one ungrouped convolution.
        name: Name of the new input.
        mean: Of each channel in the network's own order, pixel values.
        std: The same for the divisor.
        bgr: The network's own order of channels is blue, green, red.

    Raises:
        ExportError: The graph begins otherwise.
    """
    graph = model.graph
    old_name = graph.input[0].name
    consumers = [node for node in graph.node if old_name in node.input]
    if len(graph.input) != 1 or [node.op_type for node in consumers] != ["Conv"]:
        raise ExportError(f"expected one input that feeds one Conv, found {[node.op_type for node in consumers]}")
    (conv,) = consumers
    order = slice(None, None, -1) if bgr else slice(None)
    weights = initializer(model, conv.input[1]) / np.array(std, np.float32)[:, None, None]
    replace_initializer(model, conv.input[1], weights[:, order])
    add_initializer(model, f"{name}_mean", np.array(mean, np.float32)[order].reshape(1, 3, 1, 1))
    conv.input[0] = f"{name}_centred"
    head = [
        # Transposing bytes before the cast moves a quarter of the memory.
        helper.make_node("Transpose", [name], [f"{name}_nchw"], perm=[0, 3, 1, 2]),
        helper.make_node("Cast", [f"{name}_nchw"], [f"{name}_float"], to=TensorProto.FLOAT),
        helper.make_node("Sub", [f"{name}_float", f"{name}_mean"], [f"{name}_centred"]),
    ]
    set_nodes(model, [*head, *graph.node])
    _set_values(graph.input, helper.make_tensor_value_info(name, TensorProto.UINT8, ["batch", "height", "width", 3]))


def give_maps(model: ModelProto, channels: int) -> None:
    """Name the one output `maps`, float (batch, channels, height, width), with all axes free.

    Triton wants an axis that the graph fixes to be fixed in config.pbtxt too, and the number of channels differs
    between detectors. A Compress that keeps every channel leaves it open, at the price of one copy of the maps.
    """
    keep = numpy_helper.from_array(np.ones(channels, bool), "every_channel")
    model.graph.initializer.append(keep)
    model.graph.node.append(helper.make_node("Compress", [model.graph.output[0].name, keep.name], ["maps"], axis=1))
    shape = ["batch", "channels", "height", "width"]
    _set_values(model.graph.output, helper.make_tensor_value_info("maps", TensorProto.FLOAT, shape))


def give_argmax(model: ModelProto) -> None:
    """Let the graph give the most probable class of each time step and its probability instead of all of them.

    Raises:
        ExportError: The graph does not end in a softmax over (batch, time, classes).
    """
    graph = model.graph
    softmax = next((node for node in graph.node if node.output[0] == graph.output[0].name), None)
    if softmax is None or softmax.op_type != "Softmax":
        raise ExportError(f"expected a Softmax at the end, found {softmax.op_type if softmax else 'nothing'}")
    tail = [
        helper.make_node("ArgMax", [softmax.input[0]], ["indices_int64"], axis=2, keepdims=0),
        helper.make_node("Cast", ["indices_int64"], ["indices"], to=TensorProto.INT32),
        helper.make_node("ReduceMax", [softmax.output[0]], ["confidences"], axes=[2], keepdims=0),
    ]
    set_nodes(model, [*graph.node, *tail])
    _set_values(
        graph.output,
        helper.make_tensor_value_info("indices", TensorProto.INT32, ["batch", "time"]),
        helper.make_tensor_value_info("confidences", TensorProto.FLOAT, ["batch", "time"]),
    )


def raise_logit(model: ModelProto, place: int, by: float) -> None:
    """Let the graph find one class more probable: the bias of its last layer is raised there.

    Args:
        model: Changed in place; ends in a softmax over (batch, time, classes).
        place: Of the class.
        by: How much its logit grows.

    Raises:
        ExportError: There is no bias of the classes before the softmax.
    """
    made_by = makers(model)
    last = made_by.get(model.graph.output[0].name, NodeProto())
    operators = [last.op_type]
    while last.op_type in ("Softmax", "Identity"):
        last = made_by.get(last.input[0], NodeProto())
        operators.append(last.op_type)
    weights = {tensor.name for tensor in model.graph.initializer}
    biases = [name for name in last.input if name in weights]
    if "Softmax" not in operators or last.op_type != "Add" or len(biases) != 1:
        raise ExportError(f"expected the bias of the classes and a Softmax at the end, found {operators[::-1]}")
    bias = initializer(model, biases[0]).copy()
    bias[..., place] += by
    replace_initializer(model, biases[0], bias)


def zero_denormals(model: ModelProto) -> int:
    """Set weights that are nearly zero to zero; returns how many there were."""
    count = 0
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            values = numpy_helper.to_array(tensor)
            negligible = (values != 0) & (np.abs(values) < NEGLIGIBLE)
            if negligible.any():
                tensor.CopyFrom(numpy_helper.from_array(np.where(negligible, np.float32(0), values), tensor.name))
                count += int(negligible.sum())
    return count


def set_provenance(model: ModelProto, entries: Mapping[str, str]) -> None:
    """Write where the model comes from into its metadata, in place of what stood there."""
    helper.set_model_props(model, dict(entries))


def opset(model: ModelProto) -> int:
    """The version of the operators that a graph is made of."""
    return next(int(used.version) for used in model.opset_import if used.domain in ("", "ai.onnx"))


def initializer(model: ModelProto, name: str) -> NDArray[np.float32]:
    """Value of a weight, in float32.

    Raises:
        ExportError: The graph has none of this name.
    """
    return np.asarray(constant(model, name), np.float32)


def constant(model: ModelProto, name: str) -> NDArray[Any]:
    """Value of a weight, in its own type.

    Raises:
        ExportError: The graph has none of this name.
    """
    for tensor in model.graph.initializer:
        if tensor.name == name:
            return numpy_helper.to_array(tensor)
    raise ExportError(f"the graph has no weight {name}")


def add_initializer(model: ModelProto, name: str, value: ArrayLike) -> None:
    """Add a weight."""
    model.graph.initializer.append(numpy_helper.from_array(np.array(value, order="C"), name))


def replace_initializer(model: ModelProto, name: str, value: NDArray[Any]) -> None:
    """Give a weight another value."""
    tensor = next(tensor for tensor in model.graph.initializer if tensor.name == name)
    tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(value), name))


def set_nodes(model: ModelProto, nodes: Sequence[NodeProto]) -> None:
    """Let the graph consist of these nodes."""
    copies = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(copies)


def replace_nodes(model: ModelProto, replaced: Mapping[str, Sequence[NodeProto]]) -> None:
    """Put nodes in the place of others, which are named by their first output; leave out what is not needed then."""
    set_nodes(model, [new for node in model.graph.node for new in replaced.get(node.output[0], [node])])
    drop_unused(model)


def makers(model: ModelProto) -> dict[str, NodeProto]:
    """The name of each tensor that a node gives → the node."""
    return {name: node for node in model.graph.node for name in node.output}


def takers(model: ModelProto) -> dict[str, list[NodeProto]]:
    """The name of each tensor that goes into nodes → these."""
    found: dict[str, list[NodeProto]] = {}
    for node in model.graph.node:
        for name in dict.fromkeys(node.input):
            found.setdefault(name, []).append(node)
    return found


def only_taker(takers: Mapping[str, Sequence[NodeProto]], name: str) -> NodeProto:
    """The one node that takes a tensor; an empty one if there are several or none."""
    found = takers.get(name, ())
    return found[0] if len(found) == 1 else NodeProto()


def types(model: ModelProto, *, strictly: bool = False) -> dict[str, int]:
    """The data type of every tensor of the graph that can be inferred; strictly, an error where one cannot."""
    inferred = shape_inference.infer_shapes(model, strict_mode=strictly).graph
    values = [*inferred.input, *inferred.value_info, *inferred.output]
    found = {value.name: value.type.tensor_type.elem_type for value in values}
    return found | {tensor.name: tensor.data_type for tensor in inferred.initializer}


def renamed(node: NodeProto, names: Mapping[str, str]) -> NodeProto:
    """A copy with other names in the place of some tensors'; nodes are called after what they give."""
    copy = NodeProto()
    copy.CopyFrom(node)
    copy.input[:] = [names.get(name, name) for name in node.input]
    copy.output[:] = [names.get(name, name) for name in node.output]
    copy.name = copy.output[0]
    return copy


def casts_to(node: NodeProto, kind: int) -> bool:
    """Whether a node makes another type of its input, `kind` of `TensorProto.DataType`."""
    return node.op_type == "Cast" and bool(attributes(node)["to"] == kind)


def sort_nodes(model: ModelProto) -> None:
    """Put each node behind those whose outputs it takes."""
    places = {name: place for place, node in enumerate(model.graph.node) for name in node.output}
    needs = {
        place: {places[name] for name in node.input if name in places} for place, node in enumerate(model.graph.node)
    }
    set_nodes(model, [model.graph.node[place] for place in TopologicalSorter(needs).static_order()])


def drop_unused(model: ModelProto) -> None:
    """Leave out nodes and weights that the outputs do not depend on."""
    used, kept = {output.name for output in model.graph.output}, []
    for node in reversed(model.graph.node):
        if used.intersection(node.output):
            used.update(node.input)
            kept.append(node)
    set_nodes(model, kept[::-1])
    weights = [TensorProto.FromString(t.SerializeToString()) for t in model.graph.initializer if t.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(weights)


def attributes(node: NodeProto) -> dict[str, Any]:
    """A node's attributes by their names."""
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def strides(node: NodeProto) -> list[int]:
    """Of a convolution or pool: rows and columns."""
    return list(attributes(node).get("strides", [1, 1]))


def pads(node: NodeProto, kernel: Sequence[int]) -> list[int] | None:
    """What a convolution or pool adds around a map: rows and columns before, then after; None if that depends on it.

    Args:
        node: The convolution or pool.
        kernel: Height and width of what it slides over the map.
    """
    own = attributes(node)
    if own.get("auto_pad", b"NOTSET") == b"NOTSET":
        return list(own.get("pads", [0, 0, 0, 0]))
    if own["auto_pad"] != b"SAME_UPPER" or set(strides(node)) != {1}:
        return None
    before = [(size - 1) // 2 for size in kernel]
    return [*before, *(size - 1 - first for size, first in zip(kernel, before, strict=True))]


def averages_maps(model: ModelProto, node: NodeProto) -> bool:
    """Whether a node of a graph gives the means of whole maps, over height and width."""
    if node.op_type != "ReduceMean":
        return node.op_type == "GlobalAveragePool"
    axes = attributes(node).get("axes", [])
    if len(node.input) > 1:  # from opset 18 on
        axes = next((numpy_helper.to_array(t) for t in model.graph.initializer if t.name == node.input[1]), [])
    return sorted(axis % 4 for axis in axes) == [2, 3]


def _set_values(values: "list[onnx.ValueInfoProto]", *wanted: onnx.ValueInfoProto) -> None:
    del values[:]
    values.extend(wanted)
