"""What NVIDIA's tools are told of the server."""

import json
import shlex
from pathlib import Path
from typing import Any

import yaml

from benchmarks.perf_analyzer.recipe import CONFIGURATION, INPUT, Target, perf_analyzer_line, write
from tests.project import SAMPLES

TARGET = Target("host:1", "host:2", "host:3", "text_detection", "text_recognition_2")


def written(folder: Path) -> tuple[list[str], dict[str, Any]]:
    """perf_analyzer's line, and Model Analyzer's configuration."""
    write(TARGET, [SAMPLES / "label.png", SAMPLES / "street.jpg"], folder)
    line = shlex.split(perf_analyzer_line(TARGET, folder, ["perf analyzer"], 4, 8))
    return line, yaml.safe_load((folder / CONFIGURATION).read_text(encoding="utf-8"))


def test_perf_analyzer_is_told_of_the_model_that_a_step_calls(tmp_path: Path) -> None:
    line, _ = written(tmp_path)
    assert line[0] == "perf analyzer"
    assert "--bls-composing-models=text_recognition_2" in line


def test_perf_analyzer_sends_the_images(tmp_path: Path) -> None:
    line, _ = written(tmp_path)
    assert f"--input-data={tmp_path / INPUT}" in line
    assert len(json.loads((tmp_path / INPUT).read_text())["data"]) == 2


def test_both_tools_ask_the_server_that_was_named(tmp_path: Path) -> None:
    line, configuration = written(tmp_path)
    assert line[line.index("-u") + 1] == configuration["triton_http_endpoint"] == "host:1"
    assert configuration["triton_metrics_url"] == "http://host:3/metrics"


def test_model_analyzer_measures_the_networks_on_shapes_that_they_take(tmp_path: Path) -> None:
    _, configuration = written(tmp_path)
    shapes = {name: model["perf_analyzer_flags"]["shape"] for name, model in configuration["profile_models"].items()}
    assert shapes == {"text_detection": "image:960,736,3", "text_recognition_2": "crops:48,320,3"}
