"""Layouts of an int8 graph's maps in which ONNX Runtime computes faster, and gives the same values.

ONNX Runtime's convolutions in int8 read their input where it lies if it has a multiple of four channels and they give
16 or more; otherwise they first copy out what each place of the output sees (`MlasConvSymPackWSize`, in convsym.cpp).
With this, and with channels that stay last (export/channels_last.py), the detector of PP-OCRv6 small takes 14 % less
time on one thread with VNNI, its recognizer 4 %; those of tiny 22 and 3 %.
"""

import numpy as np
from onnx import ModelProto, helper

from export import channels_last, graph
from export.int8_layers import MICROSOFT

LEAST_OUTPUTS = 16
# The first convolution of PP-OCR's networks: it takes pixels, and gives half as many in each direction.
COLOURS, KERNEL, STRIDES, PADS = 3, [3, 3], [2, 2], [1, 1, 1, 1]
# So many pixels of a row are taken together.
PIXELS = 4


def arrange(model: ModelProto) -> None:
    """Change a graph of `int8_layers.Rewriter` in place."""
    _join_pixels(model)
    _fill_up_outputs(model)
    channels_last.keep(model)


def _join_pixels(model: ModelProto) -> None:
    """Take four pixels of a row for one of twelve channels, and two outputs for one of twice as many."""
    image = model.graph.input[0].name
    conv = graph.only_taker(graph.takers(model), image)
    own = graph.attributes(conv)
    if conv.op_type != "QLinearConv" or (own["kernel_shape"], own["strides"], own["pads"]) != (KERNEL, STRIDES, PADS):
        return
    weights = graph.constant(model, conv.input[3])  # (outputs, colours, 3, 3)
    outputs = len(weights)
    # Each output sees three columns of pixels; the first one's first is the last of the four before.
    joined = np.zeros((2, outputs, PIXELS, COLOURS, KERNEL[0], 2), np.int8)
    for half in range(2):
        for column in range(KERNEL[1]):
            group, pixel = divmod(2 * half + column - PADS[1], PIXELS)
            joined[half, :, pixel, :, :, group + 1] = weights[..., column]
    graph.replace_initializer(model, conv.input[3], joined.reshape(2 * outputs, PIXELS * COLOURS, KERNEL[0], 2))
    for name in (conv.input[4], conv.input[5], conv.input[8]):
        graph.replace_initializer(model, name, np.tile(graph.constant(model, name), 2))
    names = [f"{image}_joined", f"{conv.output[0]}_joined"]
    shapes = [f"{name}_shape" for name in names]
    graph.add_initializer(model, shapes[0], np.array([0, 0, -1, PIXELS * COLOURS], np.int64))
    graph.add_initializer(model, shapes[1], np.array([0, 0, -1, outputs], np.int64))
    own |= {"kernel_shape": [KERNEL[0], 2], "strides": [STRIDES[0], 1], "pads": [PADS[0], 1, PADS[2], 0]}
    nodes = [
        helper.make_node("Reshape", [image, shapes[0]], names[:1]),
        helper.make_node("QLinearConv", [names[0], *conv.input[1:]], names[1:], domain=MICROSOFT, **own),
        helper.make_node("Reshape", [names[1], shapes[1]], conv.output),
    ]
    graph.replace_nodes(model, {conv.output[0]: nodes})


def _fill_up_outputs(model: ModelProto) -> None:
    """Let convolutions of fewer outputs give zeros besides, which the next one multiplies with zeros."""
    takers = graph.takers(model)
    for conv in [node for node in model.graph.node if node.op_type == "QLinearConv"]:
        missing = LEAST_OUTPUTS - len(graph.constant(model, conv.input[3]))
        taker = graph.only_taker(takers, conv.output[0])
        if missing <= 0 or taker.op_type != "QLinearConv":
            continue
        for name in (*conv.input[3:6], conv.input[8]):
            _append_zeros(model, name, missing, axis=0)
        _append_zeros(model, taker.input[3], missing, axis=1)


def _append_zeros(model: ModelProto, name: str, count: int, axis: int) -> None:
    values = graph.constant(model, name)
    zeros = np.zeros((*values.shape[:axis], count, *values.shape[axis + 1 :]), values.dtype)
    graph.replace_initializer(model, name, np.concatenate([values, zeros], axis=axis))
