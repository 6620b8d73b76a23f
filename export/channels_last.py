"""Maps of an int8 graph with their channels last, as its products take and give them, wherever that saves a pass.

Turning channels first or last is a pass over memory of its own, unless it comes before or behind a convolution in
float32: that has its channels in blocks, and turns them on the way. So whatever lies between products, or between a
product and a convolution, is done channels last: sums, factors, means, maps enlarged and joined. The values stay the
same; only means are added up in another order.
"""

from collections.abc import Sequence

from onnx import ModelProto, NodeProto, TensorProto, helper

from export import graph
from export.int8_layers import TO_CHANNELS_FIRST, TO_CHANNELS_LAST
from export.nodes import Nodes

# They give, of one number for each channel, one number for each channel again.
CHANNEL_BY_CHANNEL = {"Conv", "Relu", "HardSigmoid", "Sigmoid", "Add", "Mul"}
# Enlarging by whole numbers, each pixel to a square of the same value.
TO_SQUARES = {"mode": b"nearest", "coordinate_transformation_mode": b"asymmetric", "nearest_mode": b"floor"}


def keep(model: ModelProto) -> None:
    """Change a graph of `int8_layers.Rewriter` in place."""
    writer = _Writer(model)
    for node in model.graph.node:
        writer.take_over(node)
    writer.round_last()
    graph.set_nodes(model, writer.nodes)
    model.graph.initializer.extend(writer.constants)
    graph.sort_nodes(model)
    graph.drop_unused(model)


class _Writer:
    """Writes a graph anew, node by node, in their order.

    A map that is there channels last is turned back for whoever takes it channels first. In the end, that is left out
    where nobody does.

    Attributes:
        constants: What the nodes need besides the graph's own weights.
    """

    def __init__(self, model: ModelProto) -> None:
        self.constants: list[TensorProto] = []
        self._model = model
        self._makers, self._takers = graph.makers(model), graph.takers(model)
        self._weights = {tensor.name for tensor in model.graph.initializer}
        self._kept: dict[str, NodeProto] = {}  # by their outputs
        self._new = Nodes("last", self.constants)
        self._last: dict[str, str] = {}  # maps that are there channels last, by their names channels first
        self._enlarged: dict[str, tuple[str, int]] = {}  # maps that are others, each pixel so many times
        self._joined: dict[str, list[str]] = {}  # maps that are the channels of several
        self._factors: set[str] = set()  # tensors with one number for each channel

    @property
    def nodes(self) -> list[NodeProto]:
        """What was written so far, in no order."""
        return [*self._kept.values(), *self._new.nodes]

    def take_over(self, node: NodeProto) -> None:
        """Write a node channels last if that is better, otherwise as it is."""
        name = node.output[0]
        if last := self._write_last(node):
            self._last[name] = last
            node = helper.make_node("Transpose", [last], [name], perm=TO_CHANNELS_FIRST)
        self._kept[name] = node

    def round_last(self) -> None:
        """Where maps are rounded and their bytes turned, take those that are there channels last, now all known."""
        for node in self._model.graph.node:
            turned = graph.only_taker(self._takers, node.output[0])
            if node.op_type == "QuantizeLinear" and _turns(turned, TO_CHANNELS_LAST) and (last := self._rounded(node)):
                name = turned.output[0]
                self._kept[name] = helper.make_node("Identity", [last], [name])

    def _write_last(self, node: NodeProto) -> str:
        """The name of what a node gives channels last; empty if it is not written so."""
        name, maps = node.output[0], [name for name in node.input if name not in self._weights]
        if _turns(node, TO_CHANNELS_FIRST):
            return str(node.input[0])
        if graph.averages_maps(self._model, node) and graph.attributes(node).get("keepdims", 1):
            self._factors.add(name)
            return self._mean(maps[0]) if maps[0] in self._last else ""
        if node.op_type in CHANNEL_BY_CHANNEL and maps and self._factors.issuperset(maps):
            self._factors.add(name)
        elif node.op_type == "Mul" and len(maps) == 2:
            return self._scaled(maps)
        elif node.op_type in ("Add", "Relu") and maps == list(node.input):
            return self._summed(node)
        elif node.op_type == "Resize":
            self._note_enlarged(node)
        elif node.op_type == "Concat" and graph.attributes(node)["axis"] == 1 and maps == list(node.input):
            self._joined[name] = maps
        return ""

    def _mean(self, name: str) -> str:
        """One axis after the other: ONNX Runtime takes eight times as long for both at once."""
        rows = self._new.add("ReduceMean", self._last[name], [2], keepdims=1)
        return self._new.add("ReduceMean", rows, [1], keepdims=1)

    def _scaled(self, maps: list[str]) -> str:
        factors = [name for name in maps if name in self._factors]
        scaled = [name for name in maps if name not in self._factors]
        if len(factors) != 1 or scaled[0] not in self._last:
            return ""
        return self._new.add("Mul", self._last[scaled[0]], self._turned(factors[0]))

    def _summed(self, node: NodeProto) -> str:
        """Of maps of the same size, or one. One of two may be enlarged: its squares come by broadcasting."""
        whole = [name for name in node.input if name not in self._enlarged]
        enlarged = [self._enlarged[name] for name in node.input if name in self._enlarged]
        if len(enlarged) > 1 or not self._last.keys() & set(whole):
            return ""
        terms, add = [self._turned(name) for name in whole], self._new.add
        if not enlarged:
            return add(node.op_type, *terms)
        (term,), ((small, times),) = terms, enlarged
        rows, columns, channels = (add("Shape", small, start=start, end=end) for start, end in ((0, 2), (2, 3), (3, 4)))
        squares = add("Reshape", term, add("Concat", rows, [times], columns, [times], channels, axis=0))
        return add("Reshape", add("Add", squares, add("Unsqueeze", small, [2, 4])), add("Shape", term))

    def _note_enlarged(self, node: NodeProto) -> None:
        times = graph.constant(self._model, node.input[2])[2:].tolist() if node.input[2] in self._weights else []
        is_square = len(set(times)) == 1 and times[0] == int(times[0])
        if is_square and graph.attributes(node).items() >= TO_SQUARES.items() and node.input[0] in self._last:
            self._enlarged[node.output[0]] = self._last[node.input[0]], int(times[0])

    def _rounded(self, node: NodeProto) -> str:
        """Bytes of a map; of joined maps, each is rounded before it is enlarged."""
        name, scale = node.input[0], node.input[1:]
        if self._is_to_be_had(name):
            return self._new.add("QuantizeLinear", self._turned(name), *scale)
        parts = self._joined.get(name, [])
        sizes = [part for part in parts if self._is_to_be_had(part)]
        if not sizes or not all(part in sizes or part in self._enlarged for part in parts):
            return ""
        return self._new.add("Concat", *(self._part(part, scale, sizes[0]) for part in parts), axis=3)

    def _part(self, name: str, scale: Sequence[str], size: str) -> str:
        """Bytes of one of the maps that are joined, as large as another one."""
        small, times = self._enlarged.get(name) or (self._turned(name), 1)
        add = self._new.add
        rounded = add("QuantizeLinear", small, *scale)
        if times == 1:
            return rounded
        squares = add("Expand", add("Unsqueeze", rounded, [2, 4]), [1, 1, times, 1, times, 1])
        shape = add("Concat", add("Shape", self._turned(size), start=0, end=3), [-1], axis=0)
        return add("Reshape", squares, shape)

    def _is_to_be_had(self, name: str) -> bool:
        """Whether a map is there channels last, or can be without a pass of its own."""
        return name in self._last or self._makers.get(name, NodeProto()).op_type == "Conv"

    def _turned(self, name: str) -> str:
        """A map, or factors, channels last."""
        if name not in self._last:
            self._last[name] = self._new.add("Transpose", name, perm=TO_CHANNELS_LAST)
        return self._last[name]


def _turns(node: NodeProto, order: tuple[int, ...]) -> bool:
    return node.op_type == "Transpose" and tuple(graph.attributes(node)["perm"]) == order
