"""The same values with less work and fewer passes over memory, on CPUs; of GELU nearly the same.

The maps of a page are larger than a core's caches: whatever passes over one costs time, even an addition. Each function
changes a graph in place, and leaves it alone where it does not find what it looks for.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from onnx import ModelProto, NodeProto, helper, shape_inference

from export import graph
from export.quantization import Floats

ONE = "shortcut_one"
# Their outputs are in the blocks of channels in which ONNX Runtime computes convolutions.
IN_BLOCKS = {"Conv", "MaxPool", "Relu"}


def scale_once(model: ModelProto) -> None:
    """Make x · (s + 1) of x + x · s, where s has one value for a channel."""
    makers, takers = graph.makers(model), graph.takers(model)
    replaced: dict[str, list[NodeProto]] = {}
    for node in model.graph.node:
        for x, product in (node.input, node.input[::-1]) if node.op_type == "Add" else ():
            made_by = makers.get(product, NodeProto())
            if made_by.op_type != "Mul" or x not in made_by.input or len(takers[product]) > 1:
                continue
            (scale,) = (name for name in made_by.input if name != x)
            more = f"{node.output[0]}_scale"
            add, mul = helper.make_node("Add", [scale, ONE], [more]), helper.make_node("Mul", [x, more], node.output)
            replaced |= {node.output[0]: [add, mul], product: []}
    if replaced:
        graph.add_initializer(model, ONE, np.float32(1))
        graph.replace_nodes(model, replaced)


def approximate_gelu(model: ModelProto) -> None:
    """GELU by tanh (Hendrycks and Gimpel 2016, arXiv 1606.08415, section 2), off by 5e-4 at most."""
    for node in model.graph.node:
        if node.op_type == "Gelu":
            del node.attribute[:]
            node.attribute.append(helper.make_attribute("approximate", "tanh"))


def enlarge_last(model: ModelProto) -> None:
    """Two ConvTransposes of separate squares, with a ReLU between: two products in each place, then pixels in order.

    What lies between, and what is done to it, is then in the first map's size, channels by channels.
    """
    takers = graph.takers(model)
    for first in [node for node in model.graph.node if _makes_squares(node)]:
        bias, biased = _biased(model, takers, first)
        relu = graph.only_taker(takers, biased)
        second = graph.only_taker(takers, relu.output[0]) if relu.op_type == "Relu" else NodeProto()
        if not _makes_squares(second):
            continue
        last_bias, name = _biased(model, takers, second)
        inner, outer = (graph.initializer(model, node.input[1]) for node in (first, second))
        side = inner.shape[2] * outer.shape[2]
        weights = {
            f"{name}_inner": _inner(inner),
            f"{name}_inner_bias": np.tile(bias, inner.shape[2] ** 2),
            f"{name}_outer": _outer(outer, inner.shape[2]),
            f"{name}_outer_bias": np.repeat(last_bias, side**2),
        }
        for weight, value in weights.items():
            graph.add_initializer(model, weight, value)
        names, squares = list(weights), [f"{name}_{part}" for part in ("squares", "positive", "pixels")]
        made = [
            helper.make_node("Conv", [first.input[0], *names[:2]], squares[:1], kernel_shape=[1, 1]),
            helper.make_node("Relu", squares[:1], squares[1:2]),
            helper.make_node("Conv", [squares[1], *names[2:]], squares[2:], kernel_shape=[1, 1]),
            helper.make_node("DepthToSpace", squares[2:], [name], blocksize=side, mode="CRD"),
        ]
        gone = (first.output[0], biased, relu.output[0], second.output[0])
        graph.replace_nodes(model, {output: [] for output in gone} | {name: made})
        return  # `takers` is of the graph as it was, and there is one such end


def split_joined(model: ModelProto) -> None:
    """A convolution of channels that were put one behind the other: the sum of convolutions of the parts.

    Nobody has to copy the parts. Only in float32: uint8 is copied fast, and QLinearConv adds nothing up.
    """
    makers, takers, counts = graph.makers(model), graph.takers(model), _channels(model)
    for joined in [node for node in model.graph.node if node.op_type == "Concat"]:
        conv = graph.only_taker(takers, joined.output[0])
        if conv.op_type != "Conv" or graph.attributes(conv).get("group", 1) != 1:
            continue
        if any(name not in counts or makers[name].op_type not in IN_BLOCKS for name in joined.input):
            continue
        name, kernels = conv.output[0], graph.initializer(model, conv.input[1])
        ends = np.cumsum([counts[part] for part in joined.input])[:-1]
        made, total = [], ""
        for number, (part, kernel) in enumerate(zip(joined.input, np.split(kernels, ends, axis=1), strict=True)):
            graph.add_initializer(model, f"{name}_kernel_{number}", kernel)
            biases, term = conv.input[2:] if number == 0 else [], f"{name}_term_{number}"
            own = graph.attributes(conv)
            made.append(helper.make_node("Conv", [part, f"{name}_kernel_{number}", *biases], [term], **own))
            if total:
                made.append(helper.make_node("Add", [total, term], [f"{name}_sum_{number}"]))
            total = made[-1].output[0]
        made[-1].output[0] = name
        graph.replace_nodes(model, {joined.output[0]: [], name: made})


def _makes_squares(node: NodeProto) -> bool:
    """Whether it makes of each place a square of pixels, which no other place has a share in."""
    own = graph.attributes(node) if node.op_type == "ConvTranspose" else {}
    others = (own.get("pads", []), own.get("output_padding", []), [own.get("group", 1) - 1])
    kernel = own.get("kernel_shape", [])
    return kernel == own.get("strides", [1, 1]) and len(set(kernel)) == 1 and not any(map(any, others))


def _biased(model: ModelProto, takers: Mapping[str, Sequence[NodeProto]], node: NodeProto) -> tuple[Floats, str]:
    """The bias of a ConvTranspose, its own or what the node behind it adds, and the name of the sum."""
    if len(node.input) > 2:
        return graph.initializer(model, node.input[2]), node.output[0]
    zeros = np.zeros(graph.initializer(model, node.input[1]).shape[1], np.float32)
    weights = {tensor.name for tensor in model.graph.initializer}
    add = graph.only_taker(takers, node.output[0])
    for name in add.input:
        if add.op_type == "Add" and name in weights:
            return zeros + graph.initializer(model, name).reshape(-1), add.output[0]
    return zeros, node.output[0]


def _inner(weights: Floats) -> Floats:
    """(channels, outputs, k, k) of a ConvTranspose to (k · k · outputs, channels, 1, 1) of a product."""
    channels = len(weights)
    return np.ascontiguousarray(weights.transpose(2, 3, 1, 0).reshape(-1, channels, 1, 1))


def _outer(weights: Floats, inner_side: int) -> Floats:
    """(channels, outputs, k, k) of a ConvTranspose to a product of the channels of each of a square's places.

    Returns:
        (outputs · (inner_side · k)², inner_side² · channels, 1, 1): the outputs' pixels row by row, each of them made
        of its own place's channels alone.
    """
    channels, outputs, side, _ = weights.shape
    made = np.zeros((outputs, inner_side, side, inner_side, side, inner_side, inner_side, channels), np.float32)
    for row, column in np.ndindex(inner_side, inner_side):
        made[:, row, :, column, :, row, column] = weights.transpose(1, 2, 3, 0)
    return made.reshape(-1, inner_side**2 * channels, 1, 1)


def _channels(model: ModelProto) -> dict[str, int]:
    """Of every map whose number of channels can be inferred."""
    shapes = ((v.name, v.type.tensor_type.shape.dim) for v in shape_inference.infer_shapes(model).graph.value_info)
    return {name: axes[1].dim_value for name, axes in shapes if len(axes) == 4 and axes[1].dim_value}
