"""What NVIDIA's tools are told of the server."""

import json
import shlex
from pathlib import Path

import yaml

from benchmarks.perf_analyzer.recipe import CONFIGURATION, INPUT, Target, perf_analyzer_line, write
from tests.project import SAMPLES

TARGET = Target("host:1", "host:2", "host:3", "text_recognition_2")


def test_both_tools_are_told_of_the_model_that_a_step_calls(tmp_path: Path) -> None:
    write(TARGET, [SAMPLES / "label.png"], tmp_path)
    line = shlex.split(perf_analyzer_line(TARGET, tmp_path, ["perf analyzer"], 4, 8))
    configuration = yaml.safe_load((tmp_path / CONFIGURATION).read_text(encoding="utf-8"))
    assert line[0] == "perf analyzer"
    assert "--bls-composing-models=text_recognition_2" in line
    assert configuration["bls_composing_models"] == ["text_recognition_2"]


def test_both_tools_send_the_images_to_the_server_that_was_named(tmp_path: Path) -> None:
    write(TARGET, [SAMPLES / "label.png", SAMPLES / "street.jpg"], tmp_path)
    line = shlex.split(perf_analyzer_line(TARGET, tmp_path, [], 4, 8))
    configuration = yaml.safe_load((tmp_path / CONFIGURATION).read_text(encoding="utf-8"))
    (model,) = configuration["profile_models"].values()
    assert f"--input-data={tmp_path / INPUT}" in line
    assert model["perf_analyzer_flags"]["input-data"] == str(tmp_path / INPUT)
    assert len(json.loads((tmp_path / INPUT).read_text())["data"]) == 2
    assert line[line.index("-u") + 1] == configuration["triton_http_endpoint"] == "host:1"
    assert configuration["triton_metrics_url"] == "http://host:3/metrics"
