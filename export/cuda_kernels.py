"""Which nodes ONNX Runtime's CUDA provider computes: where it has no kernel, the tensors travel to the CPU and back.

The table beside this file has the provider's kernels. ONNX Runtime lists them in its own repository for each version:

    python -m export.cuda_kernels docs/OperatorKernels.md 1.25.0
"""

import csv
import dataclasses
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from onnx import ModelProto, NodeProto, TensorProto, defs

from export import graph

TABLE = Path(__file__).with_suffix(".csv")
PROVIDER, DOMAIN = "CUDAExecutionProvider", "ai.onnx"
COLUMNS = ("operator", "first opset", "last opset", "constraint", "types")
# What the tensors of our networks are made of, as ONNX and the list call it.
TYPES = {
    "float16": TensorProto.FLOAT16,
    "float": TensorProto.FLOAT,
    "double": TensorProto.DOUBLE,
    "uint8": TensorProto.UINT8,
    "int8": TensorProto.INT8,
    "int32": TensorProto.INT32,
    "int64": TensorProto.INT64,
    "bool": TensorProto.BOOL,
}
HALF, SINGLE = TYPES["float16"], TYPES["float"]


@dataclasses.dataclass(frozen=True)
class Kernel:
    """One kernel of the provider.

    Attributes:
        operator: Of ONNX.
        first: Version of the operator that it computes.
        last: The last version that it computes; None if it was made for the first one only, which is the newest.
        types: Data types that it takes, by the name that ONNX gives to a group of inputs and outputs ("T").
    """

    operator: str
    first: int
    last: int | None
    types: dict[str, frozenset[int]]

    def computes(self, operator: str, version: int) -> bool:
        """Whether this is a kernel of an operator in the version that an opset has."""
        return self.operator == operator and self.first <= version <= (self.last or self.first)


@cache
def kernels() -> tuple[Kernel, ...]:
    """The provider's kernels."""
    found: dict[tuple[str, int, int | None], dict[str, frozenset[int]]] = {}
    with TABLE.open(encoding="utf-8", newline="") as file:
        next(file)  # the version
        for operator, first, last, constraint, types in list(csv.reader(file))[1:]:
            kernel = operator, int(first), int(last) if last else None
            found.setdefault(kernel, {})[constraint] = frozenset(TYPES[name] for name in types.split())
    return tuple(Kernel(*kernel, types) for kernel, types in found.items())


def lacking(model: ModelProto) -> list[str]:
    """What the provider has no kernel for: operators with their version, and types of tensors."""
    version, types = graph.opset(model), graph.types(model, strictly=True)
    return [missing for node in model.graph.node for missing in dict.fromkeys(_missing(node, version, types))]


def without_float16(model: ModelProto) -> set[str]:
    """Operators of a graph that the provider computes in float32 and not in float16."""
    version = graph.opset(model)
    operators = {node.op_type for node in model.graph.node}
    return {
        kernel.operator
        for kernel in kernels()
        if kernel.operator in operators and kernel.computes(kernel.operator, _since(kernel.operator, version))
        if any(SINGLE in types and HALF not in types for types in kernel.types.values())
    }


def _missing(node: NodeProto, opset: int, types: dict[str, int]) -> Iterator[str]:
    if node.domain not in ("", DOMAIN):
        yield f"{node.domain}.{node.op_type}"
        return
    version = _since(node.op_type, opset)
    kernel = next((kernel for kernel in kernels() if kernel.computes(node.op_type, version)), None)
    if kernel is None:
        yield f"{node.op_type} of opset {version}"
        return
    schema = defs.get_schema(node.op_type, version)
    for names, parameters in ((node.input, schema.inputs), (node.output, schema.outputs)):
        for place, name in enumerate(names):
            constraint = parameters[min(place, len(parameters) - 1)].type_str
            if name and types[name] not in kernel.types.get(constraint, {types[name]}):
                yield f"{node.op_type} of opset {version} with {constraint} {TensorProto.DataType.Name(types[name])}"


def _since(operator: str, opset: int) -> int:
    """The version of an operator that an opset has."""
    return int(defs.get_schema(operator, opset).since_version)


def parse(page: str) -> Iterator[tuple[str, str, str, str, str]]:
    """Rows of the table out of ONNX Runtime's list of kernels.

    Args:
        page: Markdown: for each provider and domain a table of operator, parameters, versions and types, in which a row
            without an operator is one more kernel of the operator above.
    """
    provider, domain, operator = "", "", ""
    for line in page.splitlines():
        if line.startswith("## "):
            provider, domain = line.rpartition(" ")[2], ""
        elif named := re.match(r"\|\*\*Operator Domain:\*\* \*(.+)\*\|", line):
            domain = named[1]
        elif (provider, domain) == (PROVIDER, DOMAIN) and line.count("|") > 4:
            name, _, versions, constraints, *_ = line[1:].split("|")
            operator = name or operator
            first, last = _range(versions)
            for constraint in constraints.split("<br/>"):
                group, _, types = constraint.partition(" = ")
                taken = [kind for kind in re.findall(r"(?<!\()tensor\((\w+)\)", types) if kind in TYPES]
                if taken:
                    yield operator, first, last, group.strip(" *"), " ".join(taken)


def _range(versions: str) -> tuple[str, str]:
    """First and last version.

    >>> _range("13+"), _range("[6, 12]"), _range("10")
    (('13', ''), ('6', '12'), ('10', '10'))
    """
    first, *last = re.findall(r"\d+", versions)
    return first, last[0] if last else "" if versions.endswith("+") else first


def main(page: str, version: str) -> None:
    """Write the table."""
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        file.write(f"# ONNX Runtime {version}\n")
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *parse(Path(page).read_text(encoding="utf-8"))])


if __name__ == "__main__":
    main(*sys.argv[1:])
