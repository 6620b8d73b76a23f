"""The files that the exporter writes beside the weights, and that the steps read when they are loaded."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from ocr_core.errors import NotExported

CURE = "export anew with `python -m export`"
# What the exporter wrote before there was a file for each model.
OLDER_FILES = ("geometry.json", "characters.txt")

Exported = TypeVar("Exported")


def read(kind: type[Exported], path: Path) -> Exported:
    """Read a dataclass from a JSON file that has just its fields.

    Args:
        kind: The dataclass; it raises ValueError or TypeError for values that it does not take.
        path: The file.

    Raises:
        NotExported: There is no such file, or it is not what this version of the exporter writes.
    """
    fields = _read_object(path)
    names = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for problem, found in (("lacks", names - fields.keys()), ("has the unknown", fields.keys() - names)):
        if found:
            raise NotExported(f"{path.name} {problem} {', '.join(sorted(found))}; {CURE}")
    try:
        return kind(**fields)
    except (ValueError, TypeError) as error:
        raise NotExported(f"{path.name}: {error}; {CURE}") from error


def write(exported: Any, path: Path) -> None:
    """Write the file that `read` reads."""
    text = json.dumps(dataclasses.asdict(exported), indent=1, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")


def require_positive(name: str, value: object) -> None:
    """Check that a value is a whole number of at least 1.

    Raises:
        ValueError: It is not.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name} is {value!r}; it must be a whole number of at least 1")


def _read_object(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if any(path.with_name(name).exists() for name in OLDER_FILES):
            raise NotExported(f"{path.name} is missing: an older exporter wrote this version; {CURE}") from None
        raise NotExported(f"{path.name} is missing; write it with `python -m export`") from None
    except ValueError as error:  # neither UTF-8 nor JSON
        raise NotExported(f"{path.name} is not JSON ({error}); {CURE}") from error
    if not isinstance(value, dict):
        raise NotExported(f"{path.name} is not a JSON object; {CURE}")
    return value
