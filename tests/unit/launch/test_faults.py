"""What is wrong with the processes of a server, told from processes of our own."""

import dataclasses
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from ocr_launch.faults import SILENT_ASKS, STOPPED_LOOKS, Fault, Watch, lacking, missing
from ocr_launch.processes import Process

ASLEEP = (sys.executable, "-c", "import time; time.sleep(60)")


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    """As of a server with two decoders and a detector."""
    with ExitStack() as stack:
        made = []
        for model, name in (("", "tritonserver"), ("decoding", "d_0_0"), ("decoding", "d_0_1"), ("detection", "t_0_0")):
            process = stack.enter_context(subprocess.Popen(ASLEEP))  # noqa: S603 - our own
            stack.callback(process.kill)
            made.append(Process(psutil.Process(process.pid), model, name))
        yield made


def end(process: Process) -> None:
    """Kill it; nobody has buried it yet, as tritonserver does not."""
    process.kill()
    while process.is_alive:
        pass


def test_all_are_well(processes: list[Process]) -> None:
    assert Watch(processes).look() is None


def test_the_dead_are_told_with_their_models(processes: list[Process]) -> None:
    end(processes[1])
    end(processes[3])
    fault = Watch(processes).look()
    assert fault
    assert fault.sentence == f"{processes[1]} died and {processes[3]} died"
    assert fault.models == {"decoding", "detection"}


def test_without_tritonserver_no_model_can_be_loaded_anew(processes: list[Process]) -> None:
    end(processes[0])
    end(processes[1])
    fault = Watch(processes).look()
    assert fault
    assert fault.models == frozenset()


def test_a_process_that_stays_stopped_is_killed(processes: list[Process]) -> None:
    watch = Watch(processes)
    processes[2].handle.send_signal(signal.SIGSTOP)
    while processes[2].status() != psutil.STATUS_STOPPED:
        pass
    assert [watch.look() for _ in range(STOPPED_LOOKS - 1)] == [None] * (STOPPED_LOOKS - 1)
    fault = watch.look()
    assert fault
    assert (fault.sentence, fault.models) == (f"{processes[2]} was stopped", frozenset({"decoding"}))
    while processes[2].is_alive:
        pass


def test_a_process_that_goes_on_in_time_is_left_alone(processes: list[Process]) -> None:
    watch = Watch(processes)
    for number in (signal.SIGSTOP, signal.SIGCONT) * STOPPED_LOOKS:
        processes[2].handle.send_signal(number)
        while (processes[2].status() == psutil.STATUS_STOPPED) != (number == signal.SIGSTOP):
            pass
        assert watch.look() is None


def test_tritonserver_may_be_silent_now_and_then(processes: list[Process]) -> None:
    watch = Watch(processes)
    answers = [*[False] * (SILENT_ASKS - 1), True, *[False] * SILENT_ASKS]
    *before, fault = [watch.note_answer(answer) for answer in answers]
    assert before == [None] * (len(answers) - 1)
    assert fault
    assert (fault.sentence, fault.models) == (f"{processes[0]} does not answer", frozenset())


def test_processes_of_models_that_were_loaded_later_are_watched_too(processes: list[Process]) -> None:
    watch = Watch(processes[:2])
    watch.add(processes)
    end(processes[3])
    fault = watch.look()
    assert fault
    assert fault.models == {"detection"}


@pytest.mark.parametrize(
    ("backend", "instances", "lacking"),
    [
        ("python", 2, None),
        ("python", 3, "1 of 3 processes of decoding died while starting"),
        ("tensorflow", 9, None),  # has threads, no processes
    ],
)
def test_a_python_model_has_a_process_for_each_instance(
    processes: list[Process], backend: str, instances: int, lacking: str | None
) -> None:
    decoding = {"backend": backend, "instance_group": [{"count": instances}]}
    found = processes[:1] if backend == "tensorflow" else processes
    assert missing({"decoding": decoding}, {"decoding": ["1"]}, found) == lacking


def test_a_python_model_has_as_many_processes_for_each_version_that_is_loaded(processes: list[Process]) -> None:
    configs = {"decoding": {"backend": "python", "instance_group": [{"count": 1}]}}
    found = [*processes[:2], dataclasses.replace(processes[2], version="2")]
    assert missing(configs, {"decoding": ["1", "2"]}, found) is None
    end(processes[1])
    assert missing(configs, {"decoding": ["1", "2"]}, found) == "1 of 1 processes of decoding died while starting"
    assert missing(configs, {"decoding": ["2"]}, found) is None


def test_a_process_that_died_before_it_was_seen_is_missed_by_its_model(processes: list[Process]) -> None:
    configs = {name: {"backend": "python", "instance_group": [{"count": 1}]} for name in ("decoding", "detection")}
    fault = lacking(configs, {"detection": ["1"]}, processes[:1])
    assert fault == Fault("1 of 1 processes of detection died", frozenset({"detection"}))


def test_onnx_models_have_processes_where_one_of_them_has(processes: list[Process]) -> None:
    configs = {
        name: {"backend": "onnxruntime", "instance_group": [{"count": 1}]} for name in ("detection", "recognition")
    }
    versions = {name: ["1"] for name in configs}
    assert missing(configs, versions, processes) == "1 of 1 processes of recognition died while starting"
    assert missing(configs, versions, processes[:3]) is None
