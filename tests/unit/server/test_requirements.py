"""Each thing that the server needs, missing once, and told with its cure."""

import importlib.metadata
import importlib.util
import platform
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import SimpleNamespace

import pytest

from ocr_launch import machine
from ocr_launch.errors import StartError
from server import requirements
from tests.project import ROOT


@pytest.mark.parametrize(
    ("machine", "libc", "message"),
    [
        ("Linux x86_64", ("glibc", "2.35"), None),
        ("Linux x86_64", ("glibc", "2.41"), None),
        ("Linux x86_64", ("glibc", "3.0"), None),
        ("Linux x86_64", ("glibc", "2.9"), "needs glibc 2.35, this is glibc 2.9; use the container image"),
        ("Linux x86_64", ("glibc", "2.31"), "needs glibc 2.35, this is glibc 2.31; use the container image"),
        ("Linux x86_64", ("", ""), "needs glibc 2.35, this is another C library"),
        ("Linux aarch64", ("glibc", "2.39"), "runs on Linux x86_64 only, this is Linux aarch64; use the container"),
        ("Darwin arm64", ("", ""), "runs on Linux x86_64 only, this is Darwin arm64; use the container image"),
    ],
)
def test_the_machine_is_linux_on_x86_64_with_a_recent_glibc(
    monkeypatch: pytest.MonkeyPatch, machine: str, libc: tuple[str, str], message: str | None
) -> None:
    system, processor = machine.split()
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: processor)
    monkeypatch.setattr(platform, "libc_ver", lambda: libc)
    if message is None:
        requirements.check_machine()
    else:
        with pytest.raises(StartError, match=message):
            requirements.check_machine()


def test_this_version_of_python_is_one_of_those_with_a_stub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "PYTHON_VERSIONS", (sys.version_info[:2],))
    requirements.check_version()
    monkeypatch.setattr(requirements, "PYTHON_VERSIONS", ((3, 8),))
    this = platform.python_version()
    with pytest.raises(StartError, match=rf"needs Python 3.10, 3.11 or 3.12, this is {this}; name one of them"):
        requirements.check_version()


@pytest.mark.parametrize(
    ("version", "fits"), [("1.26.4", True), ("2.0.0", False), ("2.3.1rc1", False), ("10.0", False)]
)
def test_numpy_is_older_than_2(monkeypatch: pytest.MonkeyPatch, version: str, fits: bool) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _: version)
    if fits:
        requirements.check_numpy()
    else:
        with pytest.raises(StartError, match=f"numpy {version} makes every output .* empty.*'numpy<2'"):
            requirements.check_numpy()


def test_python_can_make_virtual_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    requirements.check_venv()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(StartError, match=r"apt-get install python3\.\d+-venv$"):
        requirements.check_venv()


@pytest.mark.parametrize("place", [".", "x86_64-linux-test", "base/lib", "unpacked"])
def test_the_library_of_this_python_is_found_where_distributions_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr(sysconfig, "get_config_vars", lambda *_: [str(tmp_path), "x86_64-linux-test"])
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path / "base"))
    monkeypatch.setenv("LD_LIBRARY_PATH", f":{tmp_path / 'unpacked'}")
    name = f"libpython{sys.version_info.major}.{sys.version_info.minor}"
    with pytest.raises(StartError, match=rf"^{name}.so.1.0 is missing, .*apt-get install {name}$"):
        requirements.libpython_directory()
    folder = tmp_path / place
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.so.1.0").touch()
    assert requirements.libpython_directory() == folder


def test_a_python_that_names_no_folder_for_its_library_is_searched_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sysconfig, "get_config_vars", lambda *_: [None, None])
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StartError, match="is missing"):
        requirements.libpython_directory()


@pytest.mark.parametrize(
    ("profile", "devices", "providers", "message"),
    [
        ("gpu", ["nvidiactl"], ["CUDAExecutionProvider"], None),
        ("tensorrt", ["dxg"], ["CUDAExecutionProvider", "TensorrtExecutionProvider"], None),
        ("gpu", [], ["CUDAExecutionProvider"], "profile gpu needs a GPU and this machine has none; use --profile cpu"),
        ("gpu", ["dxg"], [], "profile gpu needs ONNX Runtime with its CUDAExecutionProvider.* install onnxruntime-gpu"),
        ("tensorrt", ["dxg"], ["CUDAExecutionProvider"], "profile tensorrt needs .* TensorrtExecutionProvider"),
    ],
)
def test_a_profile_for_gpus_finds_one_and_a_runtime_for_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    profile: str,
    devices: list[str],
    providers: list[str],
    message: str | None,
) -> None:
    for device in devices:
        (tmp_path / device).touch()
    monkeypatch.setattr(machine, "GPU_DEVICES", [tmp_path / device.name for device in machine.GPU_DEVICES])
    runtime = SimpleNamespace(get_available_providers=lambda: [*providers, "CPUExecutionProvider"])
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
    if message is None:
        requirements.check_gpu(profile)
    else:
        with pytest.raises(StartError, match=message):
            requirements.check_gpu(profile)


@pytest.mark.parametrize("option", ["--grpc-use-ssl=true", "--grpc-port=9001"])
def test_what_the_gate_is_in_the_way_of_is_refused(option: str) -> None:
    requirements.check_options(["--log-verbose=1", "--grpc-keepalive-time=1000"])
    with pytest.raises(StartError, match=f"{option} is not for the embedded server"):
        requirements.check_options(["--log-verbose=1", option])


def test_the_check_runs_in_a_python_without_packages() -> None:
    """As find_python.sh asks each candidate, before anything is installed."""
    command = [sys.executable, "-S", "-m", "server.requirements"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - fixed arguments
    assert (done.stdout.strip(), done.returncode) == (sys.executable, 0), done.stderr


def test_all_that_a_python_lacks_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "PYTHON_VERSIONS", (sys.version_info[:2],))
    assert requirements.lacking() == ""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(sysconfig, "get_config_vars", lambda *_: [str(tmp_path), ""])
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    assert re.search(r"apt-get install python.*-venv; libpython.* is missing", requirements.lacking())
    monkeypatch.setattr(requirements, "PYTHON_VERSIONS", ((3, 8),))
    assert "venv" not in requirements.lacking()
