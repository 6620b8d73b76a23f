"""Nodes of a graph that is being written."""

import itertools
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from onnx import NodeProto, TensorProto, helper, numpy_helper


class Nodes:
    """Nodes, one behind the other, and constants for them.

    Args:
        prefix: Of the names of their outputs.
        constants: Where what they need is added.

    Attributes:
        nodes: What was added so far.
    """

    def __init__(self, prefix: str, constants: list[TensorProto]) -> None:
        self.nodes: list[NodeProto] = []
        self._prefix, self._constants, self._numbers = prefix, constants, itertools.count()

    def add(self, operator: str, *inputs: str | ArrayLike, **attributes: Any) -> str:
        """A node; what is no name of a tensor becomes a constant. Gives the name of its output."""
        names = [value if isinstance(value, str) else self._constant(value) for value in inputs]
        name = self._name()
        self.nodes.append(helper.make_node(operator, names, [name], **attributes))
        return name

    def _constant(self, value: ArrayLike) -> str:
        """Of integers, unless it is an array of something else."""
        array = value if isinstance(value, (np.ndarray, np.generic)) else np.array(value, np.int64)
        name = self._name()
        self._constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def _name(self) -> str:
        return f"{self._prefix}_{next(self._numbers)}"
