"""The benchmark for GPUs, but for what needs one: plan, arithmetic, report, and what it refuses."""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from benchmarks.common.server_statistics import Work
from benchmarks.gpu import upper_bounds as gpu_limits
from benchmarks.gpu import variants as gpu_variants
from benchmarks.gpu import wheels
from benchmarks.gpu.__main__ import choose_images, main
from benchmarks.gpu.budget import Budget
from benchmarks.gpu.clients import Answers, merge
from benchmarks.gpu.device import GpuWatch, query
from benchmarks.gpu.measurements import step
from benchmarks.gpu.report import Level, Report
from benchmarks.gpu.upper_bounds import LimitFailed, ModelsAlone
from benchmarks.gpu.variants import SWEEP, Variant
from benchmarks.upper_bound.model_layout import read_config
from ocr_client.cli.load import Speed
from server import requirements
from tests.project import MODEL_REPOSITORY

LEVEL = Level("gpu", "HTTP", 4, 80.0, 50.0, 60.0, 70.0, 0, 93.0, 2048.0, 7.5)


def test_without_a_gpu_one_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "GPU_DEVICES", ())
    done = CliRunner().invoke(main, ["--output", str(tmp_path / "results")])
    assert done.exit_code == 1
    assert done.stderr == "Error: the profile gpu needs a GPU and this machine has none; use --profile cpu\n"
    assert not (tmp_path / "results").exists()


def test_a_set_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    for name in ("forms", "signs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "labels.json").write_text("[]")
    done = CliRunner().invoke(main, [str(tmp_path), "--profile", "cpu", "--set", "receipts"])
    assert done.exit_code == 2
    assert "--set names receipts; there are forms, signs" in done.stderr


def test_without_data_the_samples_are_sent() -> None:
    assert all(image.startswith(b"\x89PNG") for image in choose_images([], None))


def test_what_there_is_no_time_for_is_left_out_and_noted() -> None:
    now = SimpleNamespace(s=100.0)
    budget = Budget(30, clock=lambda: now.s)
    assert budget.allows("loads", 30)
    now.s += 20
    assert not budget.allows("sweep", 11)
    assert budget.allows("limits", 10)
    assert (budget.left_out, budget.left_s) == (["sweep"], 10)
    now.s += 20
    assert budget.left_s == 0


def speed(images_per_s: float, errors: dict[str, int]) -> Speed:
    messages = dict.fromkeys(errors, "it is busy")
    return Speed(
        concurrency=1, requests=9, seconds=1, images_per_s=images_per_s, latency_ms={}, errors=errors, messages=messages
    )


def test_the_answers_of_several_processes_are_one_loads() -> None:
    answers = merge([(speed(3, {}), [0.1, 0.3]), (speed(4, {"ServerBusy": 2}), [0.2])])
    assert answers == Answers(7, answers.p50_ms, answers.p90_ms, answers.p99_ms, 3, 2, "it is busy")
    assert [answers.p50_ms, answers.p90_ms, answers.p99_ms] == pytest.approx([200, 280, 298])


def test_a_load_of_which_nothing_was_read_has_no_latency() -> None:
    answers = merge([(speed(0, {"Unreachable": 1}), [])])
    assert (answers.images, answers.failed, answers.images_per_s) == (0, 1, 0)
    assert math.isnan(answers.p50_ms)


def test_a_steps_times_are_those_of_a_call_and_its_cores_those_of_an_image() -> None:
    work = Work(calls=80, runs=20, total_ms=0, queue_ms=160, input_ms=8, infer_ms=400, output_ms=16)
    ours = step(LEVEL, "text_recognition", work, images=10, cpu_ms=50)
    assert (ours.calls_per_image, ours.calls_per_run, ours.cpu_ms_per_image) == (8, 4, 5)
    assert (ours.queue_ms, ours.input_ms, ours.infer_ms, ours.output_ms) == (2, 0.1, 5, 0.2)


def test_a_step_that_was_not_called_took_nothing() -> None:
    ours = step(LEVEL, "text_recognition", Work(0, 0, 0, 0, 0, 0, 0), images=10, cpu_ms=0)
    assert (ours.calls_per_run, ours.queue_ms, ours.infer_ms) == (0, 0, 0)


@pytest.fixture
def nvidia_smi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in on the PATH that answers as the real one does; alone there, so that a real one is not found."""
    file = tmp_path / "nvidia-smi"
    file.write_text(
        '#!/bin/sh\ncase "$*" in\n'
        '*--query-gpu=name,driver_version*) echo "NVIDIA H200, 580.159.04";;\n'
        '*--query-gpu=utilization.gpu,memory.used*) echo "87, 2048";;\n'
        "*) exit 6;;\nesac\n"
    )
    file.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return file


@pytest.mark.usefixtures("nvidia_smi")
def test_the_gpu_is_named_and_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.gpu.device.ASK_S", 0)
    with GpuWatch() as watch:
        assert watch.name() == "NVIDIA H200, driver 580.159.04"
        while watch.between(0, math.inf).busy_percent is None:
            os.sched_yield()
    usage = watch.between(0, math.inf)
    assert (usage.busy_percent, usage.memory_mib) == (87, 2048)


def test_an_nvidia_smi_that_fails_tells_nothing(nvidia_smi: Path) -> None:
    assert query(str(nvidia_smi), "temperature") == ()


def test_without_nvidia_smi_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with GpuWatch() as watch:
        assert watch.name() == ""
    assert watch.between(0, math.inf).busy_percent is None


@pytest.mark.parametrize("profile", ["cpu", "gpu"])
def test_a_variant_changes_what_it_names_and_nothing_else(tmp_path: Path, profile: str) -> None:
    double = SWEEP[0][0] | SWEEP[1][2]
    assert double.name == "Python steps × 2, delays × 4"
    served = gpu_variants.arrange(MODEL_REPOSITORY, profile, double, tmp_path)
    for model in ("text_cropping", "text_detection"):
        before, after = read_config(MODEL_REPOSITORY / model, profile), read_config(served / model)
        is_python = model == "text_cropping"
        factor = 2 if is_python else 1
        assert after.instance_group[0].count == before.instance_group[0].count * factor
        assert after.HasField("dynamic_batching") == (not is_python and profile == "gpu")
        delay_us = before.dynamic_batching.max_queue_delay_microseconds
        assert after.dynamic_batching.max_queue_delay_microseconds == (delay_us if is_python else delay_us * 4)
        after.instance_group[0].count = before.instance_group[0].count
        after.ClearField("dynamic_batching")
        before.ClearField("dynamic_batching")
        assert after == before
    assert (served / "ocr_ensemble" / "config.pbtxt").exists()


def test_the_sweep_keeps_what_gains_and_goes_on_from_there() -> None:
    gains = {"Python steps × 3": 1.5, "delays × 0": 1.01, "text_recognition × 2": 1.2}
    tried: list[str] = []

    def measure(variant: Variant) -> float | None:
        tried.append(variant.name)
        if "text_detection" in variant.name:
            return None  # no time is left
        return 100 * math.prod(gain for name, gain in gains.items() if name in variant.name)

    measured = [variant.name for variant, _ in gpu_variants.climb(100, measure, min_gain=0.02)]
    assert measured[:3] == ["Python steps × 2", "Python steps × 3", "Python steps × 3, delays × 0"]
    # A gain of 1 % is noise.
    assert measured[-1] == "Python steps × 3, text_recognition × 0.5"
    assert tried[-1] == "Python steps × 3, text_recognition × 2, text_detection × 0.5"


def test_a_report_has_what_is_known_so_far(tmp_path: Path) -> None:
    report = Report("Measured on a GPU.", "Sent in turn: 3 images.")
    assert report.write(tmp_path) == "Measured on a GPU. Sent in turn: 3 images.\n"
    report.levels.append(LEVEL)
    report.steps.append(step(LEVEL, "text_cropping", Work(4, 4, 0, 8, 1, 20, 1), images=4, cpu_ms=40))
    report.models["gpu"] = ModelsAlone(20.0, 400.0, 800.0, 500.0, 3.5, 40.0)
    report.variants.append(("gpu", "delays × 0", 4, 85.0))
    report.notes.append("tensorrt: it is not here")
    told = report.write(tmp_path)
    assert "| gpu | HTTP | 4 | 80.0 | 50.0 | 60.0 | 70.0 | 0 | 93.0 | 2048 | 7.50 |" in told
    assert "| text_cropping | 1.00 | 1.00 | 2.00 | 0.25 | 5.00 | 0.25 | 10.0 |" in told
    assert "| gpu: models alone, one page at a time | 50.0 |" in told
    assert told.endswith("* tensorrt: it is not here\n")
    assert (tmp_path / "levels.csv").read_text().splitlines()[1] == "gpu,HTTP,4,80.0,50.0,60.0,70.0,0,93.0,2048.0,7.5"
    assert (tmp_path / "throughput.png").read_bytes().startswith(b"\x89PNG")


def _add(numbers: Sequence[int]) -> int:
    return sum(numbers)


def test_what_takes_too_long_in_a_process_of_its_own_is_told() -> None:
    with pytest.raises(LimitFailed, match="no result within 0 s"):
        gpu_limits.apart(_add, [1, 2], timeout_s=0)


def test_the_wheels_are_those_of_the_benchmark_with_another_runtime() -> None:
    names = {wheels._name(requirement) for requirement in wheels._needs(wheels.EXTRAS)}
    assert {"onnxruntime", "numpy", "opencv-python-headless", "matplotlib", "platformdirs", "pillow"} <= names
    assert not {"onnx", "pytest", "ocr-triton"} & names


def test_without_wheels_it_is_told_where_they_come_from(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="make bench-gpu-wheels"):
        wheels.main(["install", str(tmp_path), str(tmp_path / "environment")])


def test_wheels_for_another_python_are_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "PYTHON", "3.99")
    (tmp_path / "requirements.txt").touch()
    with pytest.raises(SystemExit, match=r"the wheels are for Python 3\.99, this is 3\."):
        wheels.main(["install", str(tmp_path), str(tmp_path / "environment")])


def test_the_libraries_of_this_python_are_found_beside_onnx_runtime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "system" / "nvidia" / "cu13" / "lib" / "libcublas.so.13"
    library.parent.mkdir(parents=True)
    library.touch()
    monkeypatch.syspath_prepend(tmp_path / "system")
    packages = tmp_path / "packages"
    packages.mkdir()
    for _ in range(2):
        wheels.link_libraries(packages)
    assert (packages / "nvidia" / "cu13" / "lib" / "libcublas.so.13").exists()
    assert not (packages / "tensorrt_libs").exists()
