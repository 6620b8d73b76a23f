"""What deploy/observe/ asks Prometheus, taken apart."""

import json
from collections.abc import Iterator
from typing import Any

import promql_parser
import yaml

from tests.project import ROOT

FOLDER = ROOT / "deploy" / "observe"
# Grafana's own: as long as suits the screen.
INTERVAL, ANY_INTERVAL = "$__rate_interval", "5m"
# Of each target: whether it was reached.
PROMETHEUS_OWN = "up"
PARTS = ("lhs", "rhs", "expr", "param")


def load(name: str) -> Any:
    """One of the YAML files."""
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def alerts() -> list[dict[str, Any]]:
    """The rules."""
    return [rule for group in load("alerts.yaml")["groups"] for rule in group["rules"]]


def dashboard() -> Any:
    """What Grafana shows."""
    return json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))


def expressions() -> dict[str, str]:
    """All that is asked: by the name of the alert, or by panel and legend."""
    found = {rule["alert"]: rule["expr"] for rule in alerts()}
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            found[f"{panel['id']} {panel['title']}: {target['legendFormat']}"] = target["expr"]
    return {name: expression.replace(INTERVAL, ANY_INTERVAL) for name, expression in found.items()}


def selectors(expression: str) -> list[Any]:
    """What an expression selects: metrics by name and labels.

    Raises:
        ValueError: It is none.
    """
    return list(_selectors(promql_parser.parse(expression)))


def _selectors(node: Any) -> Iterator[Any]:
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    elif isinstance(node, promql_parser.MatrixSelector):
        yield node.vector_selector
    elif isinstance(node, promql_parser.Call):
        for argument in node.args:
            yield from _selectors(argument)
    else:
        for part in PARTS:
            if (child := getattr(node, part, None)) is not None:
                yield from _selectors(child)
