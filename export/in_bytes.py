"""Layers in bytes in the place of layers in floats; from one to the next, bytes stay bytes, channels last.

Products of 1 × 1 are matrix products whose sums come out as floats (MatMulIntegerToFloat). A convolution with a ReLU
behind it gives bytes again (QLinearConv), which the next layer, a MaxPool or a Concat takes as they are. So the first
layers of PP-OCR's networks, where maps are largest, run from the image's own bytes on without a float.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from onnx import ModelProto, NodeProto, TensorProto, helper

from export import graph, quantization
from export.calibration import Observation
from export.quantization import Bytes, Floats

MICROSOFT = "com.microsoft"
ONE, ZERO = "one", "zero_byte"
TO_CHANNELS_LAST, TO_CHANNELS_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


@dataclasses.dataclass(frozen=True, eq=False)
class Layer:
    """A convolution or a matrix product with its bias, or a convolution with bias and ReLU.

    Attributes:
        input: Name of the tensor that goes in.
        outputs: Names of the tensors that its nodes give; the last is the layer's own.
        weights: (outputs, channels) float32 of a product, (outputs, channels, height, width) of a convolution.
        bias: (outputs,) float32.
        rank: Number of axes of what goes in and comes out: 4 of maps (N, C, H, W), 3 of sequences (N, T, C).
        strides: Of a convolution.
        pads: Of a convolution.
    """

    input: str
    outputs: tuple[str, ...]
    weights: Floats
    bias: Floats
    rank: int = 4
    strides: Sequence[int] = (1, 1)
    pads: Sequence[int] = (0, 0, 0, 0)

    @property
    def is_product(self) -> bool:
        """At each position by itself."""
        return self.weights.ndim == 2


class Rewriter:
    """Puts bytes into a network.

    Args:
        model: Changed in place by `rewrite`.
        seen: What the inputs of layers and the outputs of convolutions hold.
        pixels: Names of tensors that are bytes to begin with.
    """

    def __init__(self, model: ModelProto, seen: Mapping[str, Observation], pixels: Mapping[str, Bytes]) -> None:
        self._model = model
        self._seen = seen
        self._pixels = pixels
        self._bytes: dict[str, Bytes] = {}
        self._floats: set[str] = set()  # which of them have been made floats again
        self._nodes: list[NodeProto] = []
        graph.add_initializer(model, ONE, np.float32(1))
        graph.add_initializer(model, ZERO, np.uint8(0))

    def rewrite(self, layers: Sequence[Layer], sources: Mapping[str, Bytes]) -> None:
        """Let layers run in bytes.

        Args:
            layers: Which ones.
            sources: How the input of a layer is to be rounded, by the name of the layer's output.
        """
        by_node = {layer.outputs[0]: layer for layer in layers}
        absorbed = {name for layer in layers for name in layer.outputs[1:]}
        for node in self._model.graph.node:
            name = node.output[0]
            if layer := by_node.get(name):
                source = self._find(layer.input) or self._quantize(layer, sources[layer.outputs[-1]])
                (self._product if layer.is_product else self._convolution)(layer, source)
            elif name not in absorbed:
                self._take_over(node)
        graph.set_nodes(self._model, self._nodes)
        graph.drop_unused(self._model)

    def _find(self, name: str) -> Bytes | None:
        return self._pixels.get(name) or self._bytes.get(name)

    def _take_over(self, node: NodeProto) -> None:
        inputs = [self._bytes.get(name) for name in node.input]
        sources = [source for source in inputs if source]
        if len(sources) == len(inputs) and _takes_bytes(node):
            self._take_over_bytes(node, sources)
            return
        for name, source in zip(node.input, inputs, strict=True):
            if source and name not in self._floats:
                self._dequantize(name, source)
        self._nodes.append(node)

    def _take_over_bytes(self, node: NodeProto, sources: Sequence[Bytes]) -> None:
        name, names = f"{node.output[0]}_bytes", [source.name for source in sources]
        if node.op_type == "Concat":
            self._add("Concat", names, name, axis=3)
        else:
            kernel = graph.attributes(node)["kernel_shape"]
            own = {"kernel_shape": kernel, "strides": graph.strides(node), "pads": graph.pads(node, kernel)}
            self._add("NhwcMaxPool", names, name, MICROSOFT, **own)
        steps = np.concatenate([source.steps for source in sources])
        self._bytes[node.output[0]] = Bytes(name, steps, 0, np.zeros_like(steps))

    def _quantize(self, layer: Layer, source: Bytes) -> Bytes:
        """Round a layer's input; its channels go to the end as bytes, a quarter of the memory of floats."""
        floats, rounded = layer.input, f"{source.name}_rounded"
        scale, steps = source.steps[0], source.steps
        if (steps != scale).any():
            scale, floats = np.float32(1), f"{source.name}_scaled"
            factors = (1 / steps).reshape((-1, 1, 1) if layer.rank == 4 else (-1,))
            self._add("Mul", [layer.input, self._constant(f"{source.name}_factors", factors)], floats)
        constants: dict[str, ArrayLike] = {"scale": scale, "zero": np.uint8(source.zero)}
        self._add("QuantizeLinear", [floats, *self._constants(source.name, constants)], rounded)
        self._transpose(rounded, source.name, TO_CHANNELS_LAST if layer.rank == 4 else ())
        return source

    def _dequantize(self, name: str, source: Bytes) -> None:
        self._transpose(source.name, f"{name}_first", TO_CHANNELS_FIRST)
        self._add("Cast", [f"{name}_first"], f"{name}_steps", to=TensorProto.FLOAT)
        self._add("Mul", [f"{name}_steps", self._constant(f"{name}_widths", source.steps.reshape(-1, 1, 1))], name)
        self._floats.add(name)

    def _product(self, layer: Layer, source: Bytes) -> None:
        name = layer.outputs[-1]
        weights = quantization.round_weights(layer.weights, layer.bias, source, self._seen[layer.input].means)
        constants: dict[str, ArrayLike] = {
            "weights": weights.steps.T,
            "one": np.float32(1),
            "scales": weights.scales,
            "zero": np.uint8(source.zero),
            "zeros": np.zeros(len(weights.scales), np.int8),
            "bias": weights.bias,
        }
        self._add("MatMulIntegerToFloat", [source.name, *self._constants(name, constants)], f"{name}_sums", MICROSOFT)
        self._transpose(f"{name}_sums", name, TO_CHANNELS_FIRST if layer.rank == 4 else ())

    def _convolution(self, layer: Layer, source: Bytes) -> None:
        name = layer.outputs[-1]
        weights = quantization.round_weights(layer.weights, layer.bias, source, self._seen[layer.input].means)
        target = quantization.positive(self._seen[name], f"{name}_bytes")
        constants: dict[str, ArrayLike] = {
            "zero": np.uint8(source.zero),
            "weights": weights.steps,
            "scales": weights.scales / target.steps,
            "zeros": np.zeros(len(weights.scales), np.int8),
            "bias": np.rint(weights.bias / weights.scales).astype(np.int32),
        }
        zero, kernel, scales, zeros, bias = self._constants(name, constants)
        self._add(
            "QLinearConv",
            [source.name, ONE, zero, kernel, scales, zeros, ONE, ZERO, bias],
            target.name,
            MICROSOFT,
            channels_last=1,
            kernel_shape=layer.weights.shape[2:],
            strides=layer.strides,
            pads=layer.pads,
        )
        self._bytes[name] = target

    def _add(self, operator: str, inputs: Sequence[str], output: str, domain: str = "", **attributes: Any) -> None:
        self._nodes.append(helper.make_node(operator, inputs, [output], domain=domain, **attributes))

    def _transpose(self, source: str, target: str, order: Sequence[int]) -> None:
        if order:
            self._add("Transpose", [source], target, perm=order)
        else:
            self._add("Identity", [source], target)

    def _constants(self, prefix: str, values: Mapping[str, ArrayLike]) -> list[str]:
        return [self._constant(f"{prefix}_{name}", value) for name, value in values.items()]

    def _constant(self, name: str, value: ArrayLike) -> str:
        graph.add_initializer(self._model, name, value)
        return name


def _takes_bytes(node: NodeProto) -> bool:
    """Channels put one behind the other, or a pool whose pads are known and that reaches not beyond them."""
    own = graph.attributes(node)
    if node.op_type == "MaxPool":
        is_plain = not own.get("ceil_mode", 0) and set(own.get("dilations", [1])) == {1}
        return is_plain and graph.pads(node, own["kernel_shape"]) is not None
    return node.op_type == "Concat" and own["axis"] == 1
