"""What benchmarks know of the ensemble by name, and what documents know of the benchmarks."""

import re
from pathlib import Path

import pytest

from benchmarks.baselines.known import PAIRS
from benchmarks.latency.parts import PARTS
from export.choices import DETECTORS, RECOGNIZERS
from tests.contract.configs import ENSEMBLE
from tests.project import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
NAMING_COMMANDS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile", ".ci/run")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "benchmarks").rglob("*.py")),
]
COMMANDS = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__main__")
    for file in (ROOT / "benchmarks").rglob("*.py")
    if '\nif __name__ == "__main__":' in file.read_text(encoding="utf-8") and "engines" not in file.parts
}


def named(text: str) -> set[str]:
    """Commands of benchmarks that a text names."""
    return set(re.findall(r"-m (benchmarks(?:\.\w+)+)", text))


def test_the_parts_of_the_latency_breakdown_are_those_of_the_ensembles_steps() -> None:
    assert list(PARTS) == [step.model_name for step in ENSEMBLE.ensemble_scheduling.step]


def test_the_exporter_knows_the_pairs_that_are_compared() -> None:
    assert set(PAIRS) <= DETECTORS.keys() & RECOGNIZERS.keys()


@pytest.mark.parametrize("file", NAMING_COMMANDS, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_every_command_that_is_named_is_one(file: Path) -> None:
    assert named(file.read_text(encoding="utf-8")) <= COMMANDS


def test_the_page_of_benchmarks_has_every_command() -> None:
    assert named(PAGE.read_text(encoding="utf-8")) == COMMANDS
