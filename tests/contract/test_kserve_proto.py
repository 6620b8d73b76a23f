"""examples/grpc/kserve.proto is a part of the protocol: names, numbers and types are those of Triton's client."""

import re
from collections.abc import Iterator
from typing import Any

from tritonclient.grpc import service_pb2

from tests.project import ROOT

PROTO = (ROOT / "examples" / "grpc" / "kserve.proto").read_text(encoding="utf-8")
PACKAGE = "inference"
FIELD = re.compile(r"(?:repeated )?(?:map<\w+, \w+>|\w+) \w+ = \d+;")
FILES: Any = service_pb2.DESCRIPTOR


def written() -> Iterator[tuple[str, str, int, str]]:
    """Message, name, number and type of each field of the file."""
    blocks: list[str] = []
    for line in (line.partition("//")[0].strip() for line in PROTO.splitlines()):
        if opened := re.fullmatch(r"(message|oneof|service) (\w+) \{", line):
            blocks.append(opened[2] if opened[1] == "message" else "")
        elif line == "}":
            blocks.pop()
        elif FIELD.fullmatch(line):
            type_, _, rest = line.rpartition(" = ")[0].rpartition(" ")
            yield ".".join(filter(None, blocks)), rest, int(line.rpartition(" = ")[2].rstrip(";")), type_


def type_of(field: Any) -> str:
    """As a .proto file writes it."""
    if field.message_type and field.message_type.GetOptions().map_entry:
        key, value = (field.message_type.fields_by_name[name] for name in ("key", "value"))
        return f"map<{type_of(key)}, {type_of(value)}>"
    names = {getattr(field, name): name[5:].lower() for name in dir(field) if name.startswith("TYPE_")}
    name = field.message_type.name if field.message_type else names[field.type]
    return f"repeated {name}" if field.is_repeated else name


def message(name: str) -> Any:
    """Of Triton's client."""
    first, *inner = name.split(".")
    found = FILES.message_types_by_name[first]
    for nested in inner:
        found = found.nested_types_by_name[nested]
    return found


def test_every_field_is_the_protocols() -> None:
    fields = list(written())
    assert len(fields) > 15
    for name, field, number, type_ in fields:
        known = message(name).fields_by_name[field]
        assert (known.number, type_of(known)) == (number, type_), f"{name}.{field}"


def test_the_call_is_the_protocols() -> None:
    assert FILES.package == PACKAGE
    ((service, call, request, answer),) = re.findall(
        r"service (\w+) \{\s+rpc (\w+)\((\w+)\) returns \((\w+)\);\s+\}", PROTO
    )
    known = FILES.services_by_name[service].methods_by_name[call]
    assert (known.input_type.name, known.output_type.name) == (request, answer)
