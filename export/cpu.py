"""The CPU graphs of a contract graph: the shortcuts of export/shortcuts.py, a fast argmax, and in one of them int8.

Processors with VNNI, AMX or Arm's dot products multiply int8 several times faster than float32, so the costliest layers
are in int8 for them. What each graph finds or reads on the sample pages is compared with the contract graph before
anything is written (export/likeness.py).
"""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, numpy_helper, version_converter
from onnx.helper import make_opsetid

from export import argmax, calibration, graph, int8_layouts, quantization, runtime, shortcuts
from export.calibration import Observation
from export.int8_layers import MICROSOFT, Layer, Rewriter
from export.quantization import Activation, Floats

OPSET = 20  # the first in which GELU is an operator
# A product whose output would be off by more than this share gets a scale for each channel of its input, and stays in
# float32 if that does not help. In PP-OCRv6 small one does, the last convolution before the neck: its error falls from
# 12 to 9 %; all others are below 7 %.
MAX_ERROR = 0.1


def in_float32(model: ModelProto, *, gelu_by_tanh: bool) -> ModelProto:
    """Make a graph of a detector or a recognizer in float32.

    Args:
        model: A contract graph; stays as it is.
        gelu_by_tanh: Approximate GELU: a third faster without AVX-512, slower with it.

    Returns:
        A contract graph that gives the same but for rounding; with GELU approximated, it finds or reads the same, with
        rare exceptions. Its recognizer's confidences of the blank are 0.
    """
    fused = _fuse(model)
    if gelu_by_tanh:
        shortcuts.approximate_gelu(fused)
    shortcuts.scale_once(fused)
    shortcuts.enlarge_last(fused)
    shortcuts.split_joined(fused)
    if classes := argmax.find(fused):
        argmax.join_bias(fused, classes)
        argmax.speed_up(fused, len(classes.bias))
    return fused


def in_int8(model: ModelProto, batches: Iterable[NDArray[Any]]) -> ModelProto:
    """Make a graph of a detector or a recognizer for CPUs with VNNI.

    Args:
        model: A contract graph; stays as it is.
        batches: Pages or crops, (N, height, width, 3) uint8 RGB, that show the range of its values.

    Returns:
        A contract graph that finds or reads the same, with rare exceptions. Its recognizer's confidences of the
        blank are 0.
    """
    fused = _fuse(model)
    shortcuts.scale_once(fused)
    classes = argmax.find(fused)
    layers = [*_layers(fused), *([classes] if classes else [])]
    # The last products give the pixels themselves: not among these layers, they stay in float32.
    shortcuts.enlarge_last(fused)
    names = [layer.input for layer in layers] + [layer.outputs[-1] for layer in layers if not layer.is_product]
    seen = calibration.observe(fused, names, batches)
    inputs = {layer.outputs[-1]: taken for layer in layers if (taken := _input(layer, seen[layer.input]))}
    chosen = [layer for layer in layers if layer.outputs[-1] in inputs]
    Rewriter(fused, seen, _pixels(fused)).rewrite(chosen, inputs)
    int8_layouts.arrange(fused)
    if classes in chosen:
        argmax.speed_up(fused, len(classes.bias))
    return fused


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
    domains = {node.domain for node in fused.graph.node} | {MICROSOFT}
    imports = [make_opsetid(used.domain, used.version) for used in fused.opset_import if used.domain in domains]
    del fused.opset_import[:], fused.graph.value_info[:]
    fused.opset_import.extend(imports)
    return fused


def _layers(model: ModelProto) -> list[Layer]:
    """Convolutions that int8 can do: of 1 × 1, or with a ReLU behind them."""
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    takers, found = graph.takers(model), []
    for node in model.graph.node:
        if node.op_type != "Conv" or node.input[1] not in weights:
            continue
        kernel, *biases = (numpy_helper.to_array(weights[name]) for name in node.input[1:])
        bias = biases[0] if biases else np.zeros(len(kernel), np.float32)
        relu = graph.only_taker(takers, node.output[0])
        if _is_pointwise(node, kernel):
            found.append(Layer(node.input[0], (node.output[0],), kernel[:, :, 0, 0], bias))
        elif _is_plain(node, kernel) and relu.op_type == "Relu":
            outputs, pads = (node.output[0], relu.output[0]), graph.pads(node, kernel.shape[2:]) or ()
            found.append(Layer(node.input[0], outputs, kernel, bias, strides=graph.strides(node), pads=pads))
    return found


def _input(layer: Layer, seen: Observation) -> Activation | None:
    """How to round what goes into a layer; None if it is better left alone."""
    if not seen.is_map:
        return None
    name = f"{layer.outputs[-1]}_input"
    even = quantization.even(seen, name)
    if not layer.is_product or quantization.error(layer.weights, even, seen) <= MAX_ERROR:
        return even
    balanced = quantization.balanced(seen, name, layer.weights)
    return balanced if quantization.error(layer.weights, balanced, seen) <= MAX_ERROR else None


def _pixels(model: ModelProto) -> dict[str, Activation]:
    """The image itself, uint8, by the name of the tensor that has it in float32 (graph.take_uint8_rgb)."""
    image = model.graph.input[0].name
    mean = next((numpy_helper.to_array(t) for t in model.graph.initializer if t.name == f"{image}_mean"), None)
    if mean is None:
        return {}
    # The border that a convolution adds has the nearest whole number in place of each colour's mean.
    zero_point, mean = round(float(mean.mean())), mean.reshape(-1)
    shift = np.float32(zero_point) - mean
    return {f"{image}_centred": Activation(image, np.ones(len(mean), np.float32), zero_point, shift)}


def _is_pointwise(conv: NodeProto, kernel: Floats) -> bool:
    """1 × 1, over all channels, without stride or padding."""
    own = graph.attributes(conv)
    ones = {*kernel.shape[2:], *graph.strides(conv), own.get("group", 1)}
    return ones == {1} and not any(own.get("pads", []))


def _is_plain(conv: NodeProto, kernel: Floats) -> bool:
    """Over all channels and without gaps, with pads that are known."""
    own = graph.attributes(conv)
    is_whole = own.get("group", 1) == 1 and set(own.get("dilations", [1])) == {1}
    return is_whole and graph.pads(conv, kernel.shape[2:]) is not None
