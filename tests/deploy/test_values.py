"""The chart's values, their schema and the guide name the same things."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.deploy.chart import CHART, MATRIX, Object
from tests.project import ROOT

GUIDE = ROOT / "docs" / "scale.md"


def load(name: str) -> Object:
    """A file of the chart; JSON is YAML, too."""
    found: Object = yaml.safe_load((CHART / name).read_text(encoding="utf-8"))
    return found


def names(values: Object, schema: Object, above: str = "") -> Iterator[tuple[str, bool, bool]]:
    """Each value's path, and whether the file of values and the schema have it."""
    properties = schema.get("properties", {})
    for name in {*values, *properties} - {"global"}:  # Helm's own
        yield f"{above}{name}", name in values, name in properties
        if isinstance(values.get(name), dict) and properties.get(name, {}).get("properties"):
            yield from names(values[name], properties[name], f"{above}{name}.")


def test_every_value_has_a_default_and_a_type() -> None:
    found = list(names(load("values.yaml"), load("values.schema.json")))
    assert len(found) > 70
    assert [path for path, in_values, in_schema in found if not (in_values and in_schema)] == []


def objects(schema: Object) -> Iterator[Object]:
    """All parts of a schema that list their properties."""
    if "properties" in schema:
        yield schema
    for part in schema.values():
        if isinstance(part, dict):
            yield from objects(part)


def test_no_part_of_the_values_takes_unknown_names() -> None:
    free = [part for part in objects(load("values.schema.json")) if part.get("additionalProperties") is not False]
    # Kubernetes' own type, of which the schema knows the name only.
    assert [set(part["properties"]) for part in free] == [{"name"}]


@pytest.mark.parametrize("name", sorted(load("values.yaml")))
def test_the_guide_explains_every_value(name: str) -> None:
    rows = re.findall(r"^\| (`.+?) \|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    explained = {path.split(".")[0] for row in rows for path in re.findall(r"`([\w.]+)`", row)}
    assert name in explained


def test_the_guide_counts_the_sets_of_values_that_are_tested() -> None:
    assert f"with {len(MATRIX)} sets of values" in GUIDE.read_text(encoding="utf-8")


def test_the_guide_gives_the_defaults() -> None:
    """Those that have a row of their own."""
    values, text = load("values.yaml"), GUIDE.read_text(encoding="utf-8")
    defaults: dict[str, Any] = {
        "`replicas`": values["replicas"],
        "`profile`": values["profile"],
        "`health.startSeconds`": values["health"]["startSeconds"],
        "`preStopSeconds`": values["preStopSeconds"],
    }
    for name, default in defaults.items():
        assert f"| {name} | {default} |" in text
