"""A real Prometheus reads the metrics of a real server, and the alerts and the dashboard of deploy/observe/."""

import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.deploy import observed
from tests.deploy.prometheus.prometheus import TOOL, Prometheus, prometheus
from tests.reliability.replicas import free_urls
from tests.server.processes import wait_until
from tests.triton import Triton

pytestmark = pytest.mark.prometheus
ALERTS = [rule["alert"] for rule in observed.alerts()]
EXPRESSIONS = observed.expressions()
# What a server that reads every page shows nothing of.
OF_FAULTS = ("failed: {{reason}}",)


def alerts(watching: Prometheus) -> list[dict[str, str]]:
    """The labels of those that are pending or firing."""
    return [alert["labels"] for alert in watching.get("alerts")["alerts"]]


def test_it_reaches_the_server(watching: Prometheus) -> None:
    ((target),) = watching.get("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")


def test_it_takes_every_alert_and_none_is_raised(watching: Prometheus) -> None:
    wait_until(lambda: all(rule["health"] == "ok" for rule in _rules(watching)))
    assert [rule["name"] for rule in _rules(watching)] == ALERTS
    assert alerts(watching) == []


def _rules(watching: Prometheus) -> list[dict[str, str]]:
    return [rule for group in watching.get("rules")["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("name", [name for name in EXPRESSIONS if ":" in name and not name.endswith(OF_FAULTS)])
def test_a_panel_has_something_to_show(watching: Prometheus, name: str) -> None:
    assert watching.values(EXPRESSIONS[name].replace("$instance", ".*"))


def test_each_alert_is_raised_when_it_should_and_not_before() -> None:
    """By promtool, with series that are made up."""
    file = Path(__file__).with_name("alerts_test.yaml")
    assert set(ALERTS) == {test["alertname"] for case in _cases(file) for test in case["alert_rule_test"]}
    assert TOOL is not None
    checked = subprocess.run([TOOL, "test", "rules", file], capture_output=True, text=True, check=False)  # noqa: S603
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_server_that_is_out_of_reach_is_down_though_another_one_is_not(triton: Triton, tmp_path: Path) -> None:
    gone = urlsplit(free_urls(1)[0]).netloc
    expected = [("OcrIsDown", gone)]
    with prometheus(tmp_path, [str(triton.metrics_url), gone]) as watching:
        # Until the first look at either, none is there.
        wait_until(lambda: [(a["alertname"], a.get("instance")) for a in alerts(watching)] == expected)


def _cases(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]
