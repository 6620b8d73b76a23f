"""The commands of docs/observe.md and docs/troubleshoot.md run, and print what stands below them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ocr_core import metrics
from ocr_launch.metrics import text
from ocr_launch.run_state import RunState
from ocr_launch.usage import Usage
from tests.deploy import observed
from tests.project import ROOT, SAMPLES
from tests.triton import Triton

GUIDES = {name: (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8") for name in ("observe", "troubleshoot")}
COMMANDS = [
    (command, output)
    for guide in GUIDES.values()
    for block in re.findall(r"^```console\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)
    for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
]
LINK = re.compile(r"\]\((?!https:)([^)#]*)#?([^)]*)\)")


@pytest.mark.parametrize(("command", "output"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_a_command_prints_what_the_guide_says(triton: Triton, tmp_path: Path, command: str, output: str) -> None:
    if triton.metrics_url is None:
        pytest.skip("--triton names an address without metrics")
    (tmp_path / "samples").symlink_to(SAMPLES)
    addresses = {"localhost:8000": triton.url, "localhost:8002": triton.metrics_url}
    for usual, actual in addresses.items():
        command = command.replace(usual, actual)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment, capture_output=True, text=True)  # noqa: S603, S607, PLW1510 - the guide's
    assert done.returncode == 0, done.stderr
    assert output in ("", done.stdout)


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_links_to_what_is_there(name: str) -> None:
    for file, anchor in LINK.findall(GUIDES[name]):
        page = ROOT / "docs" / (file or f"{name}.md")
        assert page.is_file(), file
        headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert anchor in {"", *(re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings)}


def test_the_tables_have_every_alert() -> None:
    assert set(re.findall(r"^\| `(Ocr\w+)` \|", GUIDES["observe"], re.MULTILINE)) == {
        rule["alert"] for rule in observed.alerts()
    }
    assert all(f"`{rule['alert']}`" in GUIDES["troubleshoot"] for rule in observed.alerts())


@pytest.mark.parametrize("metric", metrics.METRICS, ids=lambda metric: metric.name)
def test_the_table_of_metrics_says_what_they_are(metric: metrics.Metric) -> None:
    (row,) = re.findall(rf"^\| `{metric.name}` \| (\w+) \|\s*(\S*) \|(.*)\|$", GUIDES["observe"], re.MULTILINE)
    kind, label, meaning = row
    assert kind == ("histogram" if metric.buckets else "counter")
    assert label.strip("`") == metric.label
    if metric.label and metric.label != "step":
        assert set(re.findall(r"`(\w+)`", meaning)) == set(metric.values)


def test_the_supervisors_metrics_are_all_explained() -> None:
    shown = text(RunState("serving", "", 0), Usage({"ctc_decoding": 1}, 1, 1), is_ready=True)
    production = (ROOT / "docs" / "production.md").read_text(encoding="utf-8")
    for name in re.findall(r"^# TYPE (\w+)", shown, re.MULTILINE):
        assert f"`{name}" in GUIDES["observe"] + production
