"""Channels that a network computes for nothing, left out: its outputs stay the same."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto

from export.graph import initializer, replace_initializer

# ONNX Runtime's fast convolutions on CPUs work on blocks of 8 or 16 channels and are left aside where these do not
# divide the number of channels; GPUs like such numbers too. So a few dead channels stay.
BLOCK = 16
# What takes each channel by itself. GELU, as PyTorch and Paddle export it, is made of Div, Erf, Add and Mul.
POINTWISE = {"Add", "Div", "Erf", "Identity", "Mul", "Relu"}


class Channels(NamedTuple):
    """Channels that one convolution gives to another, and to nothing else.

    Attributes:
        first: The convolution that gives them.
        between: What is done to each of them on the way.
        second: The convolution that takes them.
        constants: Weights of `first` and of `between` with a value for each channel, and the axis of the channels.
    """

    first: NodeProto
    between: list[NodeProto]
    second: NodeProto
    constants: dict[str, int]


def drop_dead_channels(model: ModelProto) -> int:
    """Leave out what one convolution computes and the next does not use.

    A channel between two convolutions is dead if the second has no weight for it; also if the first has no weight for
    it and no positive bias, and the ReLU between them gives 0 everywhere. Run `graph.zero_denormals` first.

    Args:
        model: Changed in place.

    Returns:
        How many channels are gone.
    """
    dropped = 0
    for channels in list(_between_convolutions(model)):
        weights, next_weights = (initializer(model, conv.input[1]) for conv in (channels.first, channels.second))
        keep = _keep(_silent(model, channels) | ~next_weights.any(axis=(0, 2, 3)))
        if len(keep) < len(weights):
            for name, axis in channels.constants.items():
                replace_initializer(model, name, initializer(model, name).take(keep, axis))
            replace_initializer(model, channels.second.input[1], next_weights[:, keep])
            dropped += len(weights) - len(keep)
    del model.graph.value_info[:]  # shapes of intermediate results, as they were; no runtime needs them
    return dropped


def _silent(model: ModelProto, channels: Channels) -> NDArray[np.bool_]:
    """Which channels are 0 everywhere after a ReLU."""
    weights, *biases = (initializer(model, name) for name in channels.first.input[1:])
    bias = biases[0] if biases else np.zeros(len(weights), np.float32)
    if [node.op_type for node in channels.between] != ["Relu"]:
        return np.zeros(len(weights), bool)
    return np.asarray(~weights.any(axis=(1, 2, 3)) & (bias <= 0))


def _keep(dead: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Indices of the channels that stay: the living, and dead ones up to a whole number of blocks."""
    count = max(1, -(-int((~dead).sum()) // BLOCK)) * BLOCK
    return np.sort(np.argsort(dead, kind="stable")[:count])


def _between_convolutions(model: ModelProto) -> Iterator[Channels]:
    sizes = {tensor.name: list(tensor.dims) for tensor in model.graph.initializer}
    names = [name for node in model.graph.node for name in node.input]
    # A weight that two nodes share can be cut for neither.
    own = {name for name in sizes if names.count(name) == 1}
    for index, node in enumerate(model.graph.node):
        if _is_plain(node, own):
            channels = _follow(model, index, sizes, own)
            if channels:
                yield channels


def _follow(model: ModelProto, index: int, sizes: dict[str, list[int]], own: set[str]) -> Channels | None:
    """From a convolution to the only other one that sees its channels; None where there is no such pair."""
    first, *others = model.graph.node[index:]
    count = sizes[first.input[1]][0]
    constants = dict.fromkeys(first.input[1:], 0)
    between, second = [], None
    names = {first.output[0]}
    for node in others:
        if not names & set(node.input):
            continue
        if node.op_type in POINTWISE:
            fixed = [name for name in node.input if name not in names]
            per_channel = {name: 1 for name in fixed if name in own and sizes[name] == [1, count, 1, 1]}
            if any(name not in per_channel and sizes.get(name) not in ([], [1]) for name in fixed):
                return None
            constants |= per_channel
            names |= set(node.output)
            between.append(node)
        elif second is None and _is_plain(node, own) and node.input[0] in names:
            second = node
        else:
            return None
    seen_outside = any(output.name in names for output in model.graph.output)
    return Channels(first, between, second, constants) if second and not seen_outside else None


def _is_plain(node: NodeProto, own: set[str]) -> bool:
    """A convolution in which every output channel sees every input channel, with weights of its own."""
    grouped = any(attribute.name == "group" and attribute.i != 1 for attribute in node.attribute)
    return node.op_type == "Conv" and not grouped and set(node.input[1:]) <= own
