"""What `python -m benchmarks.baselines` refuses before it starts anything."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.baselines.__main__ import main


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of two sets: "signs" of one image, and "blank" without any."""
    for name, entries in (("signs", [{"image": "a.png", "items": []}]), ("blank", [])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "labels.json").write_text(json.dumps(entries))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["--set", "sings"], "--set names sings; there are blank, signs"),
        ([], "no images in blank; leave it out with --set"),
        (["--engine", "tesseract"], "'tesseract' is not one of"),
        (["--pair", "east"], "'east' is not one of"),
    ],
)
def test_what_cannot_be_measured_is_wrong_usage(data: Path, arguments: list[str], printed: str) -> None:
    done = CliRunner().invoke(main, [str(data), "--output", str(data / "results"), *arguments])
    assert done.exit_code == 2
    assert printed in done.stderr


def test_without_models_there_is_no_result_but_a_cure(data: Path) -> None:
    done = CliRunner().invoke(
        main, [str(data), "--set", "signs", "--model-repository", str(data), "--output", str(data)]
    )
    assert done.exit_code == 1
    assert "is not a model repository" in done.stderr
