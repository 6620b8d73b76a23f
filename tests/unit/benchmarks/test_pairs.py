"""`python -m benchmarks.accuracy.pairs`: every choice of the exporter is measured, and the table says what was."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from benchmarks.accuracy.pairs import DETECTORS, RECOGNIZERS, Model, Pair, main, table
from benchmarks.accuracy.score import Score
from export import choices
from tests.unit.benchmarks.markdown import head, rows


def score(name: str, f1: float) -> Score:
    return Score(name, images=2, precision=f1, recall=f1, f1=f1, seconds_per_image=1.25)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two data sets without images."""
    for name in ("forms", "scenes"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "labels.json").write_text("[]")
    return tmp_path


def test_all_choices_are_measured() -> None:
    assert (tuple(choices.DETECTORS), tuple(choices.RECOGNIZERS)) == (DETECTORS, RECOGNIZERS)


def test_the_table_has_a_line_a_pair_and_a_column_a_set() -> None:
    small, east = Model(9_900_000, "Apache-2.0"), Model(44_340_000, "GPL-3.0-only")
    scores = (score("forms", 0.5), score("scenes", 0.25))
    pairs = [Pair("small", "tiny", (small, small), scores), Pair("east", "tiny", (east, small), scores)]
    assert head(table(pairs)) == [
        "detector + recognizer",
        "forms: F1, s/image",
        "scenes: F1, s/image",
        "MB",
        "licences",
    ]
    assert rows(table(pairs)) == [
        ["`small` + `tiny`", "0.500, 1.25", "0.250, 1.25", "9.9 + 9.9", "Apache-2.0"],
        ["`east` + `tiny`", "0.500, 1.25", "0.250, 1.25", "44.3 + 9.9", "GPL-3.0-only, Apache-2.0"],
    ]


def test_an_unknown_set_is_answered_with_those_that_there_are(data: Path) -> None:
    result = CliRunner().invoke(main, [str(data), "--set", "receipts"])
    assert result.exit_code == 2
    assert "--set names receipts; there are forms, scenes" in result.stderr


def test_an_export_that_fails_ends_it(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = []

    def fail(command: list[str], **_settings: object) -> SimpleNamespace:
        commands.append(command)
        return SimpleNamespace(returncode=1)

    monkeypatch.setattr(subprocess, "run", fail)
    result = CliRunner().invoke(main, [str(data), "--detector", "east", "--weights", "east=my.pb"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Error: east + ppocrv6-small cannot be exported" in result.stderr
    assert commands[0][1:7] == ["-m", "export", "--detector", "east", "--recognizer", "ppocrv6-small"]
    assert commands[0][-1] == "--weights=east=my.pb"
