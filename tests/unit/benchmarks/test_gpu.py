"""The benchmark for GPUs, but for what needs one: plan, arithmetic, report, and what it refuses."""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.common.server_statistics import Work
from benchmarks.gpu import device, mixed_pages, upper_bounds, wheels
from benchmarks.gpu.__main__ import choose_images, main
from benchmarks.gpu.budget import Budget
from benchmarks.gpu.clients import Answers, merge
from benchmarks.gpu.device import GpuWatch
from benchmarks.gpu.measurements import step_times
from benchmarks.gpu.report import Level, Report
from benchmarks.gpu.upper_bounds import MeasurementFailed, Rates
from benchmarks.layouts.candidates import on_gpus
from benchmarks.layouts.change import Change
from benchmarks.layouts.climb import climb
from ocr_client.load_generator import Speed
from ocr_launch import layout, machine
from ocr_launch.layout import Layout
from ocr_launch.machine import Cores
from ocr_launch.profiles import Profile
from ocr_launch.repository import Repository
from tests.project import MODEL_REPOSITORY
from tests.unit.benchmarks.markdown import rows

REPOSITORY = Repository(MODEL_REPOSITORY)
LEVEL = Level("gpu", "HTTP", 4, 80.0, 50.0, 60.0, 70.0, 0, 93.0, 2048.0, 7.5)


def test_without_a_gpu_one_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "GPU_DEVICES", ())
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
    assert all(image.startswith(b"\x89PNG") for image in choose_images({}, None))


def test_what_there_is_no_time_for_is_left_out_and_noted() -> None:
    now = SimpleNamespace(s=100.0)
    budget = Budget(30, clock=lambda: now.s)
    assert budget.allows("levels", 30)
    now.s += 20
    assert not budget.allows("sweep", 11)
    assert budget.allows("upper bounds", 10)
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
    ours = step_times(LEVEL, "text_recognition", work, images=10, cpu_ms=50)
    assert (ours.calls_per_image, ours.calls_per_run, ours.cpu_ms_per_image) == (8, 4, 5)
    assert (ours.queue_ms, ours.input_ms, ours.infer_ms, ours.output_ms) == (2, 0.1, 5, 0.2)


def test_a_step_that_was_not_called_took_nothing() -> None:
    ours = step_times(LEVEL, "text_recognition", Work(0, 0, 0, 0, 0, 0, 0), images=10, cpu_ms=0)
    assert (ours.calls_per_run, ours.queue_ms, ours.infer_ms) == (0, 0, 0)


class Refused(Exception):
    """What the driver's library raises."""


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A stand-in for the driver's library, with two GPUs; `refuses` has the names of the functions that fail."""
    library = SimpleNamespace(refuses=set(), NVMLError=Refused)

    def answering(name: str, answer: object) -> None:
        def call(*_arguments: object) -> object:
            if name in library.refuses:
                raise Refused(name)
            return answer

        setattr(library, name, call)

    answering("nvmlInit", None)
    answering("nvmlShutdown", None)
    library.nvmlDeviceGetHandleByIndex = ["first", "second"].__getitem__
    library.nvmlDeviceGetHandleByUUID = {"GPU-2": "second"}.__getitem__
    library.nvmlDeviceGetName = {"first": "NVIDIA H200", "second": "NVIDIA L4"}.__getitem__
    answering("nvmlSystemGetDriverVersion", "580.159.04")
    answering("nvmlDeviceGetUtilizationRates", SimpleNamespace(gpu=87))
    answering("nvmlDeviceGetMemoryInfo", SimpleNamespace(used=2 << 30))
    monkeypatch.setattr(device, "pynvml", library)
    monkeypatch.setattr(device, "ASK_S", 0)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return library


@pytest.mark.usefixtures("driver")
def test_the_gpu_is_named_and_watched() -> None:
    with GpuWatch() as watch:
        assert watch.name() == "NVIDIA H200, driver 580.159.04"
        while watch.between(0, math.inf).busy_percent is None:
            os.sched_yield()
    usage = watch.between(0, math.inf)
    assert (usage.busy_percent, usage.memory_mib) == (87, 2048)


@pytest.mark.usefixtures("driver")
@pytest.mark.parametrize("visible", ["1,0", "GPU-2"])
def test_the_gpu_that_cuda_sees_first_is_watched(visible: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with GpuWatch() as watch:
        assert watch.name() == "NVIDIA L4, driver 580.159.04"


def test_a_gpu_that_does_not_tell_is_named_all_the_same(driver: SimpleNamespace) -> None:
    driver.refuses.add("nvmlDeviceGetUtilizationRates")
    with GpuWatch() as watch:
        assert watch.name()
    assert watch.between(0, math.inf).busy_percent is None


def test_without_a_driver_nothing_is_known(driver: SimpleNamespace) -> None:
    driver.refuses |= {"nvmlInit", "nvmlShutdown"}
    with GpuWatch() as watch:
        assert watch.name() == ""
    assert watch.between(0, math.inf).busy_percent is None


@pytest.mark.parametrize("profile", ["cpu", "gpu"])
def test_a_change_edits_what_it_names_and_nothing_else(tmp_path: Path, profile: str) -> None:
    lines = on_gpus(REPOSITORY)
    double = lines[0][0] | lines[2][0]
    assert double.name == "Python steps × 2, text_detection × 2"
    laid_out = Layout(Profile(profile, "as asked for"), Cores(2), has_vnni=True)
    as_chosen = Repository(layout.arrange(REPOSITORY, laid_out, tmp_path / "as chosen"))
    changed = Repository(layout.arrange(REPOSITORY, laid_out, tmp_path / "changed", double))
    for model in ("text_cropping", "text_detection", "ocr_ensemble"):
        before, after = as_chosen.config(model), changed.config(model)
        if model == "text_cropping" or model == "text_detection":
            assert after.instance_group[0].count == before.instance_group[0].count * 2
            after.instance_group[0].count = before.instance_group[0].count
        assert after == before


def test_the_climb_keeps_what_gains_and_continues_from_there() -> None:
    gains = {"Python steps × 3": 1.5, "text_recognition × 2": 1.01, "text_recognition × 0.5": 1.2}
    tried: list[str] = []

    def measure(change: Change) -> float | None:
        tried.append(change.name)
        if "text_detection" in change.name:
            return None  # no time is left
        return 100 * math.prod(gain for name, gain in gains.items() if name in change.name)

    measured = [change.name for change, _ in climb(on_gpus(REPOSITORY), 100, measure, min_gain=0.02)]
    assert measured[:3] == ["Python steps × 2", "Python steps × 3", "Python steps × 3, text_recognition × 2"]
    # A gain of 1 % is noise.
    assert measured[-1] == "Python steps × 3, text_recognition × 0.5"
    assert tried[-1] == "Python steps × 3, text_recognition × 0.5, text_detection × 0.5"


def test_a_report_has_what_is_known_so_far(tmp_path: Path) -> None:
    report = Report("Measured on a GPU.", "Sent in turn: 3 images.")
    assert report.write(tmp_path) == "Measured on a GPU. Sent in turn: 3 images.\n"
    report.levels.append(LEVEL)
    report.steps.append(step_times(LEVEL, "text_cropping", Work(4, 4, 0, 8, 1, 20, 1), images=4, cpu_ms=40))
    report.models["gpu"] = Rates(20.0, 400.0, 800.0, 500.0, 3.5, 40.0)
    report.changes.append(("gpu", "text_recognition × 2", 4, 85.0))
    report.memory += [("gpu", 900, 2048.0), ("gpu", 1800, None)]
    report.notes.append("tensorrt: it is not here")
    page = report.write(tmp_path)
    assert ["gpu", "HTTP", "4", "80.0", "50.0", "60.0", "70.0", "0", "93.0", "2048", "7.50"] in rows(page)
    assert ["text_cropping", "1.00", "1.00", "2.00", "0.25", "5.00", "0.25", "10.0"] in rows(page)
    assert ["gpu: models alone, one page at a time", "50.0"] in rows(page)
    assert ["gpu", "900", "2048"] in rows(page)
    assert ["gpu", "1800", "–"] in rows(page)
    assert (tmp_path / "memory.csv").read_text().splitlines()[1] == "gpu,900,2048.0"
    assert page.endswith("* tensorrt: it is not here\n")
    assert (tmp_path / "levels.csv").read_text().splitlines()[1] == "gpu,HTTP,4,80.0,50.0,60.0,70.0,0,93.0,2048.0,7.5"
    assert (tmp_path / "throughput.png").read_bytes().startswith(b"\x89PNG")


def test_mixed_pages_are_of_many_sizes_and_the_same_in_each_run() -> None:
    images = choose_images({}, None)[1:]
    pieces = mixed_pages.cut(images, 20)
    assert pieces == mixed_pages.cut(images, 20)
    sizes = {cv2.imdecode(np.frombuffer(piece, np.uint8), cv2.IMREAD_COLOR).shape for piece in pieces}
    assert len(sizes) == 20


def test_memory_is_told_until_all_pages_are_read_or_the_time_is_over() -> None:
    memory_mib = iter([100.0, 120.0, None, 130.0])
    told = list(mixed_pages.growth(lambda: (40, next(memory_mib)), 100, lambda: True))
    assert told == [(40, 100.0), (80, 120.0), (120, None)]
    assert list(mixed_pages.growth(lambda: (40, 1.0), 100, iter([True, False]).__next__)) == [(40, 1.0)]


def _add(numbers: Sequence[int]) -> int:
    return sum(numbers)


def test_what_takes_too_long_in_a_process_of_its_own_is_reported() -> None:
    with pytest.raises(MeasurementFailed, match="no result within 0 s"):
        upper_bounds.apart(_add, [1, 2], timeout_s=0)


def test_the_wheels_have_what_the_benchmark_needs_and_nothing_else() -> None:
    names = {wheels._name(requirement) for requirement in wheels._needs(wheels.EXTRAS)}
    assert {"onnxruntime", "numpy", "opencv-python-headless", "matplotlib", "platformdirs", "pillow"} <= names
    assert {"nvidia-ml-py", "psutil", "tabulate", "tritonclient"} <= names
    assert not {"onnx", "pytest", "ocr-triton"} & names


def test_without_wheels_the_message_says_where_they_come_from(tmp_path: Path) -> None:
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
