"""A recognizer for CPUs that reads the crops of a call in groups, as many as a core's caches like.

A call costs a millisecond outside of the network, however many crops it has. But the network takes longer for many
crops together, and for crops that are padded to the widest of many. So calls have many crops, and the graph takes them
apart again: neighbours of the same width are read together, none wider than it is. What a crop gives does not depend on
what shares its call.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, TensorProto, ValueInfoProto, helper, version_converter

from export import graph
from export.cpu import OPSET
from export.nodes import Nodes
from ocr_core.batching import GROUPED, PADDING

# Of a group.
MAX_CROPS, MAX_PX = 16, 1600
COLOURS = 3
# What goes round in the loop, beside what was read: its number, whether there is more, and the group's first crop.
NUMBER, MORE, FIRST = "group_number", "group_more", "group_first"


def in_groups(model: ModelProto) -> ModelProto:
    """Let a graph read the crops of a call in groups.

    A crop ends with its last column that is not all `PADDING`, in steps of `GROUPED.bucket_px`; the widest crops of a
    call are as wide as the call.

    Args:
        model: A contract graph of a recognizer; stays as it is.

    Returns:
        A contract graph that gives for each crop what the other one gives for it alone; the steps beyond its own width
        are blanks of confidence 0.
    """
    made = _upgraded(model)
    constants: list[TensorProto] = []
    (crops,), outputs = model.graph.input, [output.name for output in model.graph.output]
    nodes = Nodes("crops", constants)
    body = _body(made, _widths(nodes, crops.name), nodes.add("Shape", crops.name, start=0, end=1))
    start = [nodes.add("Identity", value) for value in (np.array(True), np.array([0]), *_nothing(model))]
    graph.set_nodes(made, [*nodes.nodes, helper.make_node("Loop", ["", *start], ["crops_read", *outputs], body=body)])
    del made.graph.initializer[:], made.graph.value_info[:]
    made.graph.initializer.extend(constants)
    return made


def _upgraded(model: ModelProto) -> ModelProto:
    """A copy of at least the opset of the graphs for CPUs, in order: a graph within another one has to be."""
    made = ModelProto()
    made.CopyFrom(model if graph.opset(model) >= OPSET else version_converter.convert_version(model, OPSET))
    graph.sort_nodes(made)
    return made


def _widths(nodes: Nodes, crops: str) -> str:
    """Of each crop, pixels: (N,) int64."""
    add, step_px = nodes.add, GROUPED.bucket_px
    height, width = add("Shape", crops, start=1, end=2), add("Shape", crops, start=2, end=3)
    is_drawn = add("Cast", add("Not", add("Equal", crops, np.uint8(PADDING))), to=TensorProto.UINT8)
    # How much is drawn in each column, by a product: ReduceMax takes ten times as long.
    rows = add("Expand", np.ones((1, 1), np.uint8), add("Concat", [1], height, axis=0))
    drawn = add("Squeeze", add("MatMulInteger", rows, add("Reshape", is_drawn, [0, 0, -1])), [1])
    places = add("Range", np.int64(1), add("Squeeze", add("Add", add("Mul", width, [COLOURS]), [1])), np.int64(1))
    ends = add("ReduceMax", add("Where", add("Cast", drawn, to=TensorProto.BOOL), places, [0]), [1], keepdims=0)
    steps = add("Div", add("Add", ends, [COLOURS * step_px - 1]), [COLOURS * step_px])
    own = add("Min", add("Max", add("Mul", steps, [step_px]), [step_px]), width)
    return add("Where", add("Equal", own, add("ReduceMax", own, [0])), width, own)


def _body(model: ModelProto, widths: str, count: str) -> GraphProto:
    """The nodes for one group, given the widths of the crops and their number."""
    constants: list[TensorProto] = []
    nodes, outputs = Nodes("group", constants), model.graph.output
    add = nodes.add
    width = add("Gather", widths, FIRST)
    most = add("Min", add("Max", add("Div", [MAX_PX], width), [1]), [MAX_CROPS])
    following = add("Concat", add("Slice", widths, FIRST, add("Add", FIRST, most)), [0], axis=0)
    alike = add("ArgMin", add("Cast", add("Equal", following, width), to=TensorProto.INT32), axis=0)
    end = add("Add", FIRST, alike)
    starts, ends = add("Concat", FIRST, [0], axis=0), add("Concat", end, width, axis=0)
    group = add("Slice", model.graph.input[0].name, starts, ends, [0, 2])
    # ONNX Runtime plans the memory of a graph once for inputs of the same shapes; without that, it takes 4 % longer.
    # What goes into the loop has other shapes each time; into the If goes the group alone.
    read = [f"group_{output.name}" for output in outputs]
    some = add("Squeeze", add("Less", FIRST, end))
    branches = {"then_branch": _network(model, group, read), "else_branch": _no_network(model)}
    nodes.nodes.append(helper.make_node("If", [some], read, **branches))
    before = [f"{output.name}_before" for output in outputs]
    after = [
        add("Concat", _as_wide(nodes, old, new), _as_wide(nodes, new, old), axis=0)
        for old, new in zip(before, read, strict=True)
    ]
    more, first = add("Squeeze", add("Less", end, count)), add("Identity", end)
    return helper.make_graph(
        nodes.nodes,
        "group",
        [helper.make_tensor_value_info(NUMBER, TensorProto.INT64, []), *_rounds(MORE, FIRST), *_named(model, before)],
        [*_rounds(more, first), *_named(model, after)],
        constants,
    )


def _rounds(more: str, first: str) -> list[ValueInfoProto]:
    """What goes round in the loop, beside what was read."""
    return [
        helper.make_tensor_value_info(more, TensorProto.BOOL, []),
        helper.make_tensor_value_info(first, TensorProto.INT64, [1]),
    ]


def _as_wide(nodes: Nodes, name: str, other: str) -> str:
    """A tensor (N, T), filled up with zeros to as many steps as another one has, if it has fewer."""
    steps = [nodes.add("Shape", tensor, start=1, end=2) for tensor in (other, name)]
    missing = nodes.add("Max", nodes.add("Sub", *steps), [0])
    return nodes.add("Pad", name, nodes.add("Concat", [0, 0, 0], missing, axis=0))


def _network(model: ModelProto, crops: str, names: Sequence[str]) -> GraphProto:
    """The network, with crops and outputs of these names."""
    names_of = {output.name: f"{name}_read" for output, name in zip(model.graph.output, names, strict=True)}
    names_of[model.graph.input[0].name] = crops
    renamed = [graph.renamed(node, names_of) for node in model.graph.node]
    outputs = _named(model, [names_of[output.name] for output in model.graph.output])
    return helper.make_graph(renamed, "network", [], outputs, list(model.graph.initializer))


def _no_network(model: ModelProto) -> GraphProto:
    """What there is without crops."""
    constants: list[TensorProto] = []
    nodes = Nodes("no_crops", constants)
    outputs = _named(model, [nodes.add("Identity", none) for none in _nothing(model)])
    return helper.make_graph(nodes.nodes, "no_network", [], outputs, constants)


def _nothing(model: ModelProto) -> list[NDArray[Any]]:
    """The outputs of no crops."""
    kinds = [output.type.tensor_type.elem_type for output in model.graph.output]
    return [np.zeros((0, 0), helper.tensor_dtype_to_np_dtype(kind)) for kind in kinds]


def _named(model: ModelProto, names: Sequence[str]) -> list[ValueInfoProto]:
    """The outputs by other names."""
    kinds = [output.type.tensor_type.elem_type for output in model.graph.output]
    return [helper.make_tensor_value_info(name, kind, [None, None]) for name, kind in zip(names, kinds, strict=True)]
