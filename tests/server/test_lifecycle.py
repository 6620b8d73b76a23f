"""`python -m server` from its start to its end, with one small model: the launcher is under test here."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.project import MODEL_REPOSITORY
from tests.server.processes import TIMEOUT_S, naming, wait_until
from tests.server.raw_http import PATH, RAW, post

ANY_PORTS = ("--http-port", "0", "--grpc-port", "0", "--metrics-port", "0")
ONE_MODEL = ("--model-control", "explicit", "--triton-option", "--load-model=ocr_ensemble")

CONFIG = """\
backend: "python"
max_batch_size: 0
input [ { name: "image" data_type: TYPE_UINT8 dims: [ -1 ] } ]
output [ { name: "texts" data_type: TYPE_STRING dims: [ -1 ] } ]
instance_group [ { count: 1 kind: KIND_CPU } ]
"""
MODEL = """\
import pathlib
import time

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    # Makes the file that the request names, and answers a second later, or a minute.
    def execute(self, requests):
        (request,) = requests
        image = pb_utils.get_input_tensor_by_name(request, "image").as_numpy()
        named = pathlib.Path(image.tobytes().decode())
        named.touch()
        time.sleep(60 if named.name == "for long" else 1)
        return [pb_utils.InferenceResponse([pb_utils.Tensor("texts", np.array([b"done"], object))])]
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model repository whose ensemble is one small Python model; it starts and stops within seconds."""
    root = tmp_path_factory.mktemp("repository")
    write_repository(root, CONFIG)
    return root


@pytest.fixture(autouse=True)
def temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The launcher's temporary folder goes where the test looks for it; after a failed start it stays."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def write_repository(root: Path, config: str) -> None:
    (root / "ocr_ensemble" / "1").mkdir(parents=True)
    (root / "ocr_ensemble" / "config.pbtxt").write_text(config)
    (root / "ocr_ensemble" / "1" / "model.py").write_text(MODEL)


def command(repository: Path, *more: str) -> list[str]:
    # With another profile, the model would get as many processes as suit the cores.
    profile = ("--profile", "configured")
    arguments = ["--model-repository", str(repository), *profile, *ANY_PORTS, *ONE_MODEL, *more]
    return [sys.executable, "-m", "server", *arguments]


def launch(repository: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """`python -m server` until it ends by itself."""
    arguments = command(repository, *more)
    return subprocess.run(arguments, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)  # noqa: S603 - our own


@contextmanager
def launched(repository: Path, folder: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m server`, killed at the end with all that names its temporary folder."""
    with subprocess.Popen(command(repository, *more), text=True, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own
        try:
            yield process
        finally:
            process.kill()
            for pid in naming(folder):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


def wait_for_address(process: subprocess.Popen[str]) -> str:
    """The server's address, once the launcher has said that it is ready."""
    assert process.stdout
    announced = ""
    while not announced.endswith("Ctrl-C.\n"):
        line = process.stdout.readline()
        assert line, "the server did not start"
        announced += line
    return str(re.findall(r"http://([\d.]+:\d+)", announced)[0])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_stops_the_server_and_leaves_nothing_behind(repository: Path, tmp_path: Path, number: int) -> None:
    with launched(repository, tmp_path) as process:
        wait_for_address(process)
        assert len(naming(tmp_path)) == 2  # tritonserver and the model's own process
        process.send_signal(number)
        assert process.wait(TIMEOUT_S) == 0
        assert naming(tmp_path) == set()
        assert list(tmp_path.iterdir()) == []


def test_a_request_in_flight_is_answered_before_the_server_stops(repository: Path, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    with launched(repository, tmp_path) as process, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(post, wait_for_address(process), str(begun).encode())
        wait_until(begun.exists)
        process.terminate()
        assert answer.result(TIMEOUT_S).texts == ["done"]
        assert process.wait(TIMEOUT_S) == 0


def test_a_client_that_stays_connected_does_not_hold_up_the_end(repository: Path, tmp_path: Path) -> None:
    """Triton by itself waits half a minute for connections to close."""
    with launched(repository, tmp_path) as process, closing(HTTPConnection(wait_for_address(process))) as idle:
        idle.request("GET", "/v2/health/ready")
        idle.getresponse().read()
        process.terminate()
        assert process.wait(TIMEOUT_S) == 0


def test_a_second_signal_ends_it_at_once_though_a_request_is_under_way(repository: Path, tmp_path: Path) -> None:
    begun = tmp_path / "for long"
    with launched(repository, tmp_path) as process, closing(HTTPConnection(wait_for_address(process))) as waiting:
        waiting.request("POST", PATH, str(begun).encode(), RAW)
        wait_until(begun.exists)
        begun.unlink()
        (log,) = tmp_path.glob("*/triton.log")
        process.send_signal(signal.SIGINT)
        wait_until(lambda: "Signal (15) received" in log.read_text())
        process.send_signal(signal.SIGINT)
        process.wait(TIMEOUT_S)
        wait_until(lambda: not naming(tmp_path), timeout_s=5)
        assert list(tmp_path.iterdir()) == []


def test_the_server_ends_when_its_launcher_is_killed(repository: Path, tmp_path: Path) -> None:
    with launched(repository, tmp_path) as process:
        wait_for_address(process)
        assert len(naming(tmp_path)) == 2
        process.kill()
        wait_until(lambda: not naming(tmp_path))


@pytest.mark.parametrize("delay_s", [0, 0.03, 0.06, 0.09, 0.12])
def test_a_signal_while_the_model_loads_leaves_no_process(repository: Path, tmp_path: Path, delay_s: float) -> None:
    """Early on, the server dies of a signal at once; the model's process must not outlive it, whatever it is at."""
    with launched(repository, tmp_path) as process:
        wait_until(lambda: len(naming(tmp_path)) == 2)
        time.sleep(delay_s)
        process.terminate()
        assert process.wait(TIMEOUT_S) == 0
        wait_until(lambda: not naming(tmp_path))


def test_models_for_cpus_do_not_see_a_gpu(repository: Path, tmp_path: Path) -> None:
    """ONNX Runtime would put the int8 graph on it, where its products are not made for."""
    with launched(repository, tmp_path, "--profile", "cpu") as process:
        wait_for_address(process)
        environments = [Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") for pid in naming(tmp_path)]
        assert len(environments) > 1
        assert all(b"CUDA_VISIBLE_DEVICES=" in environment for environment in environments)


def test_a_commands_exit_status_is_passed_on_and_it_gets_the_address(repository: Path) -> None:
    code = "import os, sys, urllib.request as r; r.urlopen('http://' + os.environ['OCR_URL'] + '/v2'); sys.exit(7)"
    assert launch(repository, "--", sys.executable, "-c", code).returncode == 7


def test_a_command_that_there_is_not_is_named_before_anything_starts(repository: Path) -> None:
    done = launch(repository, "--", "no-such-program", "photo.jpg")
    assert (done.returncode, done.stderr) == (1, "Error: cannot run no-such-program: there is no such program\n")


def test_a_broken_configuration_shows_the_end_of_the_log(tmp_path: Path) -> None:
    write_repository(tmp_path / "repository", CONFIG.replace('"python"', '"pyhton"'))
    done = launch(tmp_path / "repository")
    assert done.returncode == 1
    assert "the server ended with status 1 while starting" in done.stderr
    assert "pyhton" in done.stderr
    assert Path(re.findall("All of it: (.+)", done.stderr)[0]).is_file()


def test_a_taken_port_is_named_before_anything_starts(repository: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = launch(repository, "--grpc-port", str(port))
    assert done.returncode == 1
    assert f"Error: cannot use 127.0.0.1:{port} for grpc: Address already in use; stop what uses it" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_models_that_were_not_exported_are_named_with_the_cure(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    shutil.copytree(MODEL_REPOSITORY, repository, ignore=shutil.ignore_patterns("*.onnx"))
    done = launch(repository)
    assert done.returncode == 1
    assert "has no exported text_detection (model.cpu.onnx is missing in version 1): write it with" in done.stderr


def test_a_folder_that_is_no_model_repository_is_named(tmp_path: Path) -> None:
    done = launch(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert done.returncode == 1
    assert f"{tmp_path} is not a model repository: it has no ocr_ensemble/config.pbtxt" in done.stderr
