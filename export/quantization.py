"""Products with constant weights in 8 bits: what is seen of their inputs, what rounding costs, the nodes that do it.

Inputs are rounded to 255 steps between the least and the greatest value observed, weights to 255 steps for each output
(Jacob et al. 2018, arXiv 1712.05877, section 2). Sums, biases and outputs stay in float32.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper

from export import graph, runtime

# Every 16th position of an observed map is kept, to judge the error: neighbours are alike.
STRIDE = 16
# In place of a range of 0, by which nothing can be divided.
TINY = 1e-30


@dataclasses.dataclass(frozen=True, eq=False)  # two arrays are not simply equal or not
class Product:
    """A convolution of 1 × 1, or a matrix product and the addition of its bias.

    Attributes:
        input: Name of the tensor that goes in.
        outputs: Names of the tensors that its nodes give; the last is the product's own.
        weights: (outputs, channels) float32.
        bias: (outputs,) float32.
        channels_last: Permutation that brings the input's channels to the end.
    """

    input: str
    outputs: tuple[str, ...]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    channels_last: tuple[int, ...]


@dataclasses.dataclass
class Observation:
    """What was seen of a product's input.

    Attributes:
        low: Least value, at most 0.
        high: Greatest value, at least 0.
        positions: (n, channels) float32 each: some of what was seen.
        is_map: There is more than one position to a picture; otherwise the product takes no time worth saving.
    """

    low: float = 0
    high: float = 0
    positions: list[NDArray[np.float32]] = dataclasses.field(default_factory=list)
    is_map: bool = False

    def add(self, value: NDArray[np.float32], channels_last: Sequence[int]) -> None:
        """Take one more batch into account."""
        self.low, self.high = min(self.low, float(value.min())), max(self.high, float(value.max()))
        rows = value.transpose(channels_last).reshape(-1, value.shape[channels_last[-1]])
        self.is_map |= len(rows) > len(value)
        self.positions.append(rows[::STRIDE].copy())

    @property
    def scale(self) -> np.float32:
        """Width of a step."""
        return np.float32(max(self.high - self.low, TINY) / 255)

    @property
    def zero_point(self) -> np.uint8:
        """The step that stands for 0."""
        return np.uint8(round(-self.low / float(self.scale)))


def observe(model: ModelProto, products: Sequence[Product], batches: Iterable[NDArray[Any]]) -> dict[str, Observation]:
    """Run batches and note what goes into the products, by the names of their inputs."""
    permutations = {product.input: product.channels_last for product in products}
    watched = ModelProto.FromString(model.SerializeToString())
    watched.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in permutations)
    session = runtime.load(watched)
    seen = {name: Observation() for name in permutations}
    for batch in batches:
        values = runtime.run(session, batch)
        for name, channels_last in permutations.items():
            seen[name].add(values[name], channels_last)
    return seen


def error(product: Product, seen: Observation) -> float:
    """What rounding the input does to the output: root mean square, as a share of the output's standard deviation."""
    inputs = np.concatenate(seen.positions)
    steps = np.rint(inputs / seen.scale) + seen.zero_point
    rounded = (steps.clip(0, 255) - seen.zero_point) * seen.scale
    noise = np.square((rounded - inputs) @ product.weights.T).mean()
    signal = (inputs @ product.weights.T).var(axis=0).mean()
    return float(np.sqrt(noise / signal))


def replace(model: ModelProto, product: Product, seen: Observation) -> None:
    """Put the rounding and a product of bytes in the place of a product's nodes."""
    name = product.outputs[-1]
    scales = np.maximum(np.abs(product.weights).max(axis=1), TINY) / np.float32(127)
    constants = {
        "weights": np.rint(product.weights / scales[:, None]).astype(np.int8).T,
        "scale": np.asarray(seen.scale),
        "scales": scales,
        "zero": np.asarray(seen.zero_point),
        "zeros": np.zeros(len(scales), np.int8),
        "bias": product.bias,
    }
    for suffix, value in constants.items():
        graph.add_initializer(model, f"{name}_{suffix}", value)
    steps, pixels, sums = (f"{name}_{suffix}" for suffix in ("steps", "pixels", "sums"))
    nodes = [
        helper.make_node("QuantizeLinear", [product.input, f"{name}_scale", f"{name}_zero"], [steps]),
        # Bytes are transposed, not floats: a quarter of the memory.
        _transpose(steps, pixels, product.channels_last),
        helper.make_node(
            "MatMulIntegerToFloat", [pixels, *(f"{name}_{key}" for key in constants)], [sums], domain="com.microsoft"
        ),
        _transpose(sums, name, np.argsort(product.channels_last).tolist()),
    ]
    graph.replace_nodes(model, product.outputs, nodes)


def _transpose(source: str, target: str, order: Sequence[int]) -> NodeProto:
    if list(order) == sorted(order):
        return helper.make_node("Identity", [source], [target])
    return helper.make_node("Transpose", [source], [target], perm=order)


def drop_unused_weights(model: ModelProto) -> None:
    """Leave out the weights that no node takes any more."""
    used = {name for node in model.graph.node for name in node.input}
    kept = [TensorProto.FromString(t.SerializeToString()) for t in model.graph.initializer if t.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)


def is_pointwise(conv: NodeProto, kernel: NDArray[np.float32]) -> bool:
    """A convolution is a product at each position by itself: 1 × 1, over all channels, without stride or padding."""
    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in conv.attribute}
    moves = attributes.get("group", 1) == 1 and set(attributes.get("strides", [1])) == {1}
    return bool(kernel.shape[2:] == (1, 1) and moves and set(attributes.get("pads", [0])) == {0})
