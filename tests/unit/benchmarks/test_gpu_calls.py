"""Calls of the networks alone, in the shapes for GPUs."""

import pytest
from click.testing import CliRunner

from benchmarks.gpu import calls
from ocr_launch import machine
from tests.unit.benchmarks.markdown import rows


def test_each_network_is_called_in_each_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "PAGES", ((64, 96),))
    monkeypatch.setattr(calls, "CALLS", ((2, 64), (1, 128)))
    done = CliRunner().invoke(calls.main, ["--profile", "cpu", "--graph", "model.onnx", "--calls", "1"])
    assert done.exit_code == 0, done.output
    found = rows(done.stdout)
    assert [row[:2] for row in found] == [
        ["text_detection", "1 × 64 × 96"],
        ["text_recognition", "2 × 48 × 64"],
        ["text_recognition", "1 × 48 × 128"],
    ]
    assert all(float(cell) > 0 for row in found for cell in row[3:])


def test_a_graph_that_is_not_there_and_a_gpu_that_is_not_there_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    done = CliRunner().invoke(calls.main, ["--profile", "cpu", "--graph", "model.no.onnx"])
    assert (done.exit_code, "model.no.onnx" in done.stderr) == (1, True)
    monkeypatch.setattr(machine, "GPU_DEVICES", ())
    done = CliRunner().invoke(calls.main, [])
    assert (done.exit_code, "this machine has none" in done.stderr) == (1, True)
