"""What all commands answer alike."""

import importlib
from pathlib import Path

import pytest
from click.testing import CliRunner


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("gpu.__main__", ["--profile", "cpu"]),
        ("latency.breakdown", []),
        ("latency.regression_check", ["--url", "localhost:1"]),
        ("layouts.crop_batches", []),
        ("layouts.sweep", []),
        ("upper_bound.__main__", []),
    ],
)
def test_without_models_a_command_says_how_to_get_them(command: str, arguments: list[str], tmp_path: Path) -> None:
    main = importlib.import_module(f"benchmarks.{command}").main
    output = [f"--output={tmp_path}"] if any(option.name == "output" for option in main.params) else []
    done = CliRunner().invoke(main, [*arguments, *output, f"--model-repository={tmp_path}"])
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: {tmp_path} is not a model repository")
    assert "python -m export" in done.stderr
