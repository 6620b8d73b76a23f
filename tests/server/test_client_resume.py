"""A server that stops in the middle of a run, and is back: one of our own, on this machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from server.triton import TritonServer
from tests.project import MODEL_REPOSITORY
from tests.server.processes import wait_until

COUNT = 300  # more than are read while the server stops
STOP_TIMEOUT_S = 1


def words(number: int) -> str:
    return f"Page {number:03}"


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """Small pages with a number on each."""
    folder = tmp_path / "scans"
    folder.mkdir()
    for number in range(COUNT):
        page = Image.new("L", (192, 48), "white")
        ImageDraw.Draw(page).text((16, 8), words(number), "black", ImageFont.load_default(28))
        page.save(folder / f"{number:03}.png")
    return folder


def start(tmp_path: Path, http_port: int = 0) -> TritonServer:
    log = tmp_path / "triton.log"
    server = TritonServer(MODEL_REPOSITORY, http_port=http_port, log=log, stop_timeout_s=STOP_TIMEOUT_S)
    return server.__enter__()


def stop(server: TritonServer) -> None:
    server.__exit__(None, None, None)


def test_the_same_command_continues_a_run_after_the_server_stopped(scans: Path, tmp_path: Path) -> None:
    server, out = start(tmp_path), tmp_path / "out"
    ocr = [str(Path(sys.executable).parent / "ocr"), "read", str(scans), "--output", str(out), "--skip-existing"]
    environment = {**os.environ, "OCR_URL": server.url}
    try:
        with subprocess.Popen(ocr, env=environment, stderr=subprocess.PIPE, text=True) as run:  # noqa: S603 - our own
            wait_until(lambda: len(list(out.glob("*.txt"))) >= 3)
            stop(server)
            _, stderr = run.communicate()
    finally:
        stop(server)
    done = sorted(path.name for path in out.iterdir())
    assert run.returncode == 1
    assert f"Error: no OCR server at http://{server.url} (" in stderr
    assert f"{len(done)} of {COUNT} files are done and in {out}: repeat the command with --skip-existing" in stderr
    assert done == [f"{number:03}.txt" for number in range(len(done))]

    server = start(tmp_path, http_port=int(server.url.rpartition(":")[2]))
    try:
        again = subprocess.run(ocr, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    finally:
        stop(server)
    assert (again.returncode, again.stderr) == (0, "")
    texts = [path.read_text() for path in sorted(out.iterdir())]
    assert texts == [f"{words(number)}\n" for number in range(COUNT)]
