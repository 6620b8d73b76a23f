"""A contract graph in few fixed shapes, for CUDA: the same values, computed in tensors of these.

ONNX Runtime's CUDA provider plans a convolution for the shape that it was last given (`Conv::UpdateState` in
core/providers/cuda/nn/conv.cc) and for no other. With cuDNN 9, planning those of a network takes seconds, and inputs of
another shape begin it anew. So the network is there once for each shape, with the same weights: each branch fills its
input up to its own shape with zeros, and cuts its outputs to size. An input that fits no branch goes to a last one as
it is.

What the filling adds may not be seen in the rest. Before a node that looks beyond one place, whatever lies outside the
content is set to zero, as a convolution pads it; means are taken of the content alone; an attention pays none to what
lies outside. The values are then those of the contract graph but for rounding. The same is done to what crops were
padded with, so that a crop is read as it would be by itself, whatever shares its call.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from export import graph, runtime
from export.errors import ExportError
from export.nodes import Nodes
from ocr_core import batching

# (rows, height, width) of a branch's input, pixels.
Shape = tuple[int, int, int]
# Pixels of the input from one place of a tensor to the next, down and across.
Stride = tuple[int, int]

WINDOWS = ("Conv", "MaxPool", "AveragePool")
# What an attention gives to places outside of the content, before the softmax.
UNSEEN = np.float32(-60_000)
# Widths of crops count up to a multiple of this, as they are padded to one when they are alone.
PADDED_PX = batching.FIXED.bucket_px
LEAST_SHARE = np.float32(1e-4)
# Axes of a map.
ROWS, SIDES = 0, [2, 3]


def with_shapes(model: ModelProto, shapes: Sequence[Shape], padding: int | None = None) -> ModelProto:
    """Give a graph a branch for each shape.

    Args:
        model: A contract graph of a detector or a recognizer, in float32 or float16; stays as it is.
        shapes: Of the branches; an input takes the first that holds it.
        padding: The grey that rows are padded with on their right, 0 … 255, if it is not to be seen either.

    Returns:
        A contract graph of the same inputs and outputs.

    Raises:
        ExportError: The network's tensors are no maps of the input, place by place.
    """
    network = _Network(model, shapes[0][1:], padding)
    made = ModelProto()
    made.CopyFrom(model)
    choice, names = network.choose(shapes)
    outputs = zip(names, made.graph.output, strict=True)
    ends = [helper.make_node("Identity", [name], [output.name]) for name, output in outputs]
    graph.set_nodes(made, [*network.head, *network.content.nodes, *choice, *ends])
    made.graph.initializer.extend(network.constants)
    del made.graph.value_info[:]
    return made


class _Content(Nodes):
    """Nodes that tell the size of the content: of what the input holds, whatever it is filled up to.

    Attributes:
        size: Rows, height, width.
        rows: The first of these.
        sides: The others.
        ones: (rows, 1, height, width) float32: 1 where there is content, 0 where there is padding.
    """

    def __init__(self, model: ModelProto, padding: int | None, constants: list[TensorProto]) -> None:
        super().__init__("content", constants)
        (self._input,) = model.graph.input
        self.size = self.add("Slice", self.add("Shape", self._input.name), [0], [3])
        self.rows = self.add("Slice", self.size, [0], [1])
        self.sides = self.add("Slice", self.size, [1], [3])
        one = numpy_helper.from_array(np.ones(1, np.float32))
        ones = self.add("ConstantOfShape", self.add("Concat", self.rows, [1], self.sides, axis=0), value=one)
        self.ones = ones if padding is None else self.add("Mul", ones, self._unpadded(ones, padding))

    def _unpadded(self, ones: str, padding: int) -> str:
        """(rows, 1, 1, width) float32: 1 up to the last column that is not all padding, in steps of `PADDED_PX`."""
        pixels = self.add("Cast", self._input.name, to=TensorProto.FLOAT)
        other = self.add("Abs", self.add("Sub", pixels, np.float32(padding)))
        columns = self.add("Reshape", self.add("ReduceMax", other, axes=[1, 3]), [0, 1, 1, -1])
        is_drawn = self.add("Min", columns, np.float32(1))
        places = self.add("CumSum", self.add("Slice", ones, [0], [1], [2]), np.int64(3))
        ends = self.add("ReduceMax", self.add("Mul", is_drawn, places), axes=[3])
        steps = self.add("Ceil", self.add("Div", ends, np.float32(PADDED_PX)))
        beyond = self.add("Sub", self.add("Mul", steps, np.float32(PADDED_PX)), self.add("Sub", places, np.float32(1)))
        return self.add("Min", self.add("Relu", beyond), np.float32(1))

    def places(self, stride: Stride) -> str:
        """Of a map, down and across."""
        return self.add("Div", self.sides, list(stride))


class _Network:
    """A graph, and what its branches share.

    Args:
        model: The graph.
        probe: Height and width of an input that shows how large its tensors are.
        padding: See `with_shapes`.

    Attributes:
        head: Nodes before the first convolution, which come before the filling.
        content: Nodes that tell the content's size.
        constants: Of all nodes that are new.
    """

    def __init__(self, model: ModelProto, probe: tuple[int, int], padding: int | None) -> None:
        self._outputs = list(model.graph.output)
        self._first = next(node for node in model.graph.node if node.op_type == "Conv")
        before = _needed_for(self._first.input[0], graph.makers(model))
        self.head = [node for node in model.graph.node if node.output[0] in before]
        self._body = [node for node in model.graph.node if node.output[0] not in before]
        self._types = graph.types(model)
        self.constants: list[TensorProto] = []
        self.content = _Content(model, padding, self.constants)
        self._watch(model, probe)

    def _watch(self, model: ModelProto, probe: tuple[int, int]) -> None:
        """Find the nodes that would see the filling, and of what sizes their inputs and the outputs are."""
        weights = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
        windows = [node for node in self._body if node is not self._first and _looks_around(node, weights)]
        means = [node for node in self._body if graph.averages_maps(model, node)]
        softmaxes = [node for node in self._body if node.op_type == "Softmax"]
        names = [output.name for output in self._outputs]
        sizes = _sizes(model, [*names, *(node.input[0] for node in (*windows, *means, *softmaxes))], probe)
        self._windows = {node.output[0]: _stride(sizes[node.input[0]], probe) for node in windows}
        self._means = {node.output[0]: _stride(sizes[node.input[0]], probe) for node in means}
        # Of each place to each.
        self._attentions = {
            node.output[0]: probe[1] // size[-1]
            for node in softmaxes
            if len(size := sizes[node.input[0]]) == 4 and size[-1] == size[-2]
        }
        self._ends = {name: self._end(sizes[name], probe) for name in names}
        across = [(1, stride_px) for stride_px in self._attentions.values()]
        every = [(1, 1), *self._windows.values(), *self._means.values(), *across]
        # Places that are not whole would be cut off.
        self._odd = self.content.add("Mod", self.content.sides, [max(sides) for sides in zip(*every, strict=True)])

    def _end(self, size: Sequence[int], probe: tuple[int, int]) -> tuple[str, list[int]]:
        """The size of an output without what comes of the filling, and the axes that this is of."""
        add = self.content.add
        if len(size) == 4:  # maps
            return add("Concat", self.content.rows, self.content.places(_stride(size, probe)), axis=0), [ROWS, *SIDES]
        steps = add("Slice", self.content.places((1, probe[1] // size[1])), [1], [2])
        return add("Concat", self.content.rows, steps, axis=0), [ROWS, 1]

    def choose(self, shapes: Sequence[Shape]) -> tuple[list[NodeProto], list[str]]:
        """Nodes that send the input to the first of these branches that holds it, and the names of their outputs."""
        if not shapes:
            made = {name: f"{name}_any" for node in self._body for name in node.output}
            return [graph.renamed(node, made) for node in self._body], [made[output.name] for output in self._outputs]
        suffix = "x".join(map(str, shapes[0]))
        nodes = Nodes(f"fits_{suffix}", self.constants)
        over = nodes.add("Concat", nodes.add("Sub", self.content.size, list(shapes[0])), self._odd, axis=0)
        fits = nodes.add("Less", nodes.add("ReduceMax", over, keepdims=0), np.int64(1))
        branches = {
            "then_branch": self._subgraph(suffix, *self._branch(shapes[0], suffix)),
            "else_branch": self._subgraph(f"not_{suffix}", *self.choose(shapes[1:])),
        }
        names = [f"{output.name}_{suffix}_or_later" for output in self._outputs]
        return [*nodes.nodes, helper.make_node("If", [fits], names, **branches)], names

    def _subgraph(self, name: str, nodes: Sequence[NodeProto], outputs: Sequence[str]) -> GraphProto:
        kinds = [output.type.tensor_type.elem_type for output in self._outputs]
        named = zip(outputs, kinds, strict=True)
        return helper.make_graph(nodes, name, [], [helper.make_tensor_value_info(*each, None) for each in named])

    def _branch(self, shape: Shape, suffix: str) -> tuple[list[NodeProto], list[str]]:
        """The body for one shape."""
        made = {name: f"{name}_{suffix}" for node in self._body for name in node.output}
        filling = _Filling(self.content, shape, suffix, self.constants)
        start = self._first.input[0]
        made[start] = filling.emptied(filling.fill(start), (1, 1), self._types.get(start, TensorProto.FLOAT))
        for node in self._body:
            name, copy = node.output[0], graph.renamed(node, made)
            kind = self._types.get(node.input[0], TensorProto.FLOAT)
            if stride := self._windows.get(name) or self._means.get(name):
                copy.input[0] = filling.emptied(copy.input[0], stride, kind)
            elif name in self._attentions:
                copy.input[0] = filling.unseen(copy.input[0], self._attentions[name], kind)
            filling.nodes.append(copy)
            if name in self._means:
                copy.output[0] = f"{made[name]}_of_all"
                filling.mean_of_content(copy.output[0], self._means[name], kind, made[name])
        cut = [
            filling.add("Slice", made[name], [0] * len(axes), size, axes) for name, (size, axes) in self._ends.items()
        ]
        return filling.nodes, cut


class _Filling(Nodes):
    """Nodes of one branch, and what they do about its filling."""

    def __init__(self, content: _Content, shape: Shape, suffix: str, constants: list[TensorProto]) -> None:
        super().__init__(f"filling_{suffix}", constants)
        rows, *self._sides = shape
        more = self.add("Sub", self._sides, content.sides)
        self._more = self.add("Concat", [0, 0, 0, 0], self.add("Sub", [rows], content.rows), [0], more, axis=0)
        # (rows, 1, height, width): one where there is content, zero elsewhere.
        self._seen = self.add("Pad", content.ones, self._more)
        self._masks: dict[tuple[Stride, int], str] = {}
        self._shares: dict[tuple[Stride, int], str] = {}
        self._emptied: dict[str, str] = {}

    def fill(self, name: str) -> str:
        """A tensor (rows, channels, height, width) in the branch's shape."""
        return self.add("Pad", name, self._more)

    def emptied(self, name: str, stride: Stride, kind: int) -> str:
        """A map that is zero outside of the content."""
        if name not in self._emptied:
            self._emptied[name] = self.add("Mul", name, self._mask(stride, kind))
        return self._emptied[name]

    def mean_of_content(self, mean: str, stride: Stride, kind: int, name: str) -> None:
        """The mean of what is there, given that of a map that is zero elsewhere."""
        self.nodes.append(helper.make_node("Div", [mean, self._share(stride, kind)], [name]))

    def unseen(self, name: str, stride_px: int, kind: int) -> str:
        """An attention's logits (…, places, places), hardly any for places outside of the content."""
        row = self.add("Slice", self._seen, [0, 0], [1, self._sides[1]], SIDES, [1, stride_px])
        logits = self.add("Mul", self.add("Sub", np.float32(1), row), UNSEEN)
        return self.add("Add", name, self.add("Cast", logits, to=kind))

    def _share(self, stride: Stride, kind: int) -> str:
        """Of a map's places that have content."""
        if (stride, kind) not in self._shares:
            share = self.add("GlobalAveragePool", self._mask(stride, TensorProto.FLOAT))
            # Rows that are filling have no content, and no meaning.
            self._shares[stride, kind] = self.add("Cast", self.add("Max", share, LEAST_SHARE), to=kind)
        return self._shares[stride, kind]

    def _mask(self, stride: Stride, kind: int) -> str:
        if (stride, kind) not in self._masks:
            places = self.add("Slice", self._seen, [0, 0], self._sides, SIDES, list(stride))
            self._masks[stride, kind] = self.add("Cast", places, to=kind)
        return self._masks[stride, kind]


def _needed_for(name: str, makers: Mapping[str, NodeProto]) -> set[str]:
    """The tensors that one is made of, and it."""
    found, walk = set(), [name]
    while walk:
        node = makers.get(walk.pop())
        if node is not None:
            found.update(node.output)
            walk += node.input
    return found


def _sizes(model: ModelProto, names: Iterable[str], probe: tuple[int, int]) -> dict[str, tuple[int, ...]]:
    """Name of a tensor → its shape, for one row of an input of this height and width."""
    watched = ModelProto()
    watched.CopyFrom(model)
    new = dict.fromkeys(names).keys() - {output.name for output in model.graph.output}
    watched.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in sorted(new))
    outputs = runtime.run(runtime.open_session(watched), np.zeros((1, *probe, 3), np.uint8))
    return {name: outputs[name].shape for name in names}


def _stride(size: Sequence[int], probe: tuple[int, int]) -> Stride:
    """Of a tensor (N, C, H, W).

    Raises:
        ExportError: It has no whole one.
    """
    if len(size) != 4 or any(whole % places for whole, places in zip(probe, size[2:], strict=True)):
        raise ExportError(f"a tensor of {list(size)} is no map of {list(probe)} pixels")
    return probe[0] // size[2], probe[1] // size[3]


def _looks_around(node: NodeProto, weights: Mapping[str, Sequence[int]]) -> bool:
    """Whether what a node gives in one place depends on others, beyond its own share of them."""
    if node.op_type not in WINDOWS:
        return False
    own = graph.attributes(node)
    kernel = list(own.get("kernel_shape") or weights[node.input[1]][2:])
    return max(kernel) > 1 and (kernel != graph.strides(node) or any(own.get("pads", [])))
