"""What `ocr status` finds out from the launcher of a server on this machine."""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ocr_client.address import parse_url
from ocr_client.cli import main
from ocr_client.supervision import find
from ocr_launch import run_state
from ocr_launch.run_state import RunState

PORT = 8123
HERE = parse_url(f"127.0.0.1:{PORT}")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def write(folder: Path, name: str = "ocr-serve.json", state: str = run_state.SERVING, **more: Any) -> None:
    """As the launcher does."""
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    RunState(state, "127.0.0.1", PORT + 1, door=PORT, **more).write(file)


@pytest.mark.parametrize("name", ["ocr-serve.json", "ocr-triton-x7/supervisor.json"])
def test_what_was_refused_and_mended_is_told(folder: Path, name: str) -> None:
    write(folder, name, restarts=2, faults=("cropping_0_1 stands still",), pages=3, places=8, refused=40, late=1)
    found = find(HERE)
    assert found
    assert str(found) == (
        "3 of 8 places are taken; 40 images were refused, 1 given up as too late; "
        "brought back 2 times, the last time: cropping_0_1 stands still"
    )
    assert found.problems == ()


def test_who_is_being_brought_back_is_a_problem(folder: Path) -> None:
    write(folder, state=run_state.RESTARTING, trouble="cropping_0_1 (process 5) died")
    found = find(HERE)
    assert found
    assert found.problems == ("the server is restarting: cropping_0_1 (process 5) died",)


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8000", f"grpc://127.0.0.1:{PORT}", f"box:{PORT}", "https://ocr.example.com"]
)
def test_another_server_is_not_meant(folder: Path, url: str) -> None:
    write(folder)
    assert find(parse_url(url)) is None


def test_what_is_old_or_no_state_is_not_believed(folder: Path) -> None:
    assert find(HERE) is None
    write(folder)
    file = folder / "ocr-serve.json"
    fields = json.loads(file.read_text())
    for content in ({**fields, "beat_s": time.monotonic() - 60}, {"door": PORT, "beat_s": time.monotonic()}):
        file.write_text(json.dumps(content))
        assert find(HERE) is None
    file.write_text("{")
    assert find(HERE) is None


def test_a_server_that_is_not_there_is_explained_by_what_is_being_done_about_it(folder: Path, nobody: str) -> None:
    port = int(nobody.rpartition(":")[2])
    RunState(run_state.RESTARTING, "127.0.0.1", 1, port, trouble="tritonserver (process 5) died").write(
        folder / "ocr-serve.json"
    )
    done = CliRunner().invoke(main, ["status", "--url", nobody, "--timeout", "1"])
    assert done.exit_code == 1
    assert done.stderr.rstrip().endswith("; the server is restarting: tritonserver (process 5) died")
