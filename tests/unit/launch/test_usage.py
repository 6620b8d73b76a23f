"""How much memory a server takes, by model."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ocr_launch import metrics, run_state
from ocr_launch.run_state import RunState
from ocr_launch.usage import Usage

MIB = 2**20
# A tritonserver as psutil sees it: a process of that name, with a child that looks like a process of a step, and holds
# memory.
STUB = f"held = b'x' * {40 * MIB}; print(flush=True); input()"
# A gate, which ends with the process that has started it.
GATE = """import subprocess, sys
command = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()", "ocr_gate"]
gate = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
gate.stdout.readline()"""


@contextmanager
def server(folder: Path) -> Iterator[int]:
    """The number of a process that has a gate and a tritonserver, which has a process of a step that holds 40 MiB."""
    model = folder / "text_cropping" / "1" / "model.py"
    model.parent.mkdir(parents=True)
    model.write_text(STUB, encoding="utf-8")
    for name in ("tritonserver", "triton_python_backend_stub"):
        (folder / name).symlink_to(sys.executable)
    code = f"import subprocess; subprocess.run([{str(folder / 'triton_python_backend_stub')!r}, {str(model)!r}])"
    parent = f"{GATE}; subprocess.run([{str(folder / 'tritonserver')!r}, '-c', {code!r}])"
    with subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603 - our own
        assert process.stdout
        process.stdout.readline()
        yield process.pid
        assert process.stdin
        process.stdin.write(b"\n")
        process.stdin.flush()


def test_memory_is_told_by_model(tmp_path: Path) -> None:
    with server(tmp_path) as pid:
        usage = Usage.now(pid)
    assert set(usage.process_bytes) == {"tritonserver", "text_cropping", "gate"}
    assert 40 * MIB < usage.process_bytes["text_cropping"] < 80 * MIB
    assert usage.process_bytes["tritonserver"] < 40 * MIB


def test_shared_memory_is_that_of_the_folder(tmp_path: Path) -> None:
    usage = Usage.now(shared_memory=tmp_path)
    assert usage.shared_limit_bytes == shutil.disk_usage(tmp_path).total
    assert 0 < usage.shared_bytes < usage.shared_limit_bytes


@pytest.mark.parametrize(
    "line",
    [
        'ocr_process_memory_bytes{process="text_cropping"} 7',
        "ocr_shared_memory_bytes 3",
        "ocr_shared_memory_limit_bytes 9",
        "# TYPE ocr_shared_memory_bytes gauge",
    ],
)
def test_it_is_shown_to_prometheus(line: str) -> None:
    text = metrics.text(RunState(run_state.SERVING, "", 0), Usage({"text_cropping": 7}, 3, 9), is_ready=True)
    assert line in text.splitlines()
