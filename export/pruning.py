"""Channels that a network computes for nothing, left out: its outputs stay the same."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto

from export.graph import initializer, replace_initializer

# ONNX Runtime's fast convolutions on CPUs work on blocks of 8 or 16 channels and are left aside where these do not
# divide the number of channels; GPUs like such numbers too. So a few dead channels stay.
BLOCK = 16


def drop_dead_channels(model: ModelProto) -> int:
    """Leave out what one convolution computes and the next does not use.

    A channel between two convolutions with nothing but a ReLU between them is dead if the first has no weight for it
    and no positive bias, so that the ReLU gives 0 everywhere, or if the second has no weight for it. Run
    `graph.zero_denormals` first.

    Args:
        model: Changed in place.

    Returns:
        How many channels are gone.
    """
    dropped = 0
    for first, second in _neighbours(model):
        weights, biases = (initializer(model, name) for name in first.input[1:])
        next_weights = initializer(model, second.input[1])
        silent = ~weights.any(axis=(1, 2, 3)) & (biases <= 0)
        keep = _keep(silent | ~next_weights.any(axis=(0, 2, 3)))
        replace_initializer(model, first.input[1], weights[keep])
        replace_initializer(model, first.input[2], biases[keep])
        replace_initializer(model, second.input[1], next_weights[:, keep])
        dropped += len(biases) - len(keep)
    return dropped


def _keep(dead: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Indices of the channels that stay: the living, and dead ones up to a whole number of blocks."""
    count = max(1, -(-int((~dead).sum()) // BLOCK)) * BLOCK
    return np.sort(np.argsort(dead, kind="stable")[:count])


def _neighbours(model: ModelProto) -> Iterator[tuple[NodeProto, NodeProto]]:
    """Convolutions and those after them, with a ReLU between them whose channels nothing else sees."""
    users: dict[str, list[NodeProto]] = {output.name: [NodeProto()] for output in model.graph.output}
    for node in model.graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)

    def only_user(name: str, kind: str) -> NodeProto | None:
        return users[name][0] if [user.op_type for user in users[name]] == [kind] else None

    def plain(conv: NodeProto) -> bool:
        grouped = any(attribute.name == "group" and attribute.i != 1 for attribute in conv.attribute)
        return not grouped and all(len(users[name]) == 1 for name in conv.input[1:])

    for first in model.graph.node:
        if first.op_type == "Conv" and len(first.input) == 3 and plain(first):
            relu = only_user(first.output[0], "Relu")
            second = relu and only_user(relu.output[0], "Conv")
            if second and plain(second):
                yield first, second
