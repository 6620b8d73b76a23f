"""The programs in examples/ print the text of an image, and say in one line why they cannot."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import ROOT, SAMPLES
from tests.triton import Triton

EXAMPLES = ROOT / "examples"
COMMANDS = {"read.sh": ["bash"], "read.mjs": ["node"], "read.py": [sys.executable]}
NEEDED = {"read.sh": ("curl", "jq"), "read.mjs": ("node",), "read.py": ()}
# The test runs where the toolchain is.
RUNNABLE = [name for name, programs in NEEDED.items() if all(map(shutil.which, programs))]


def run(name: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [*COMMANDS.get(name, [sys.executable]), str(EXAMPLES / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))  # noqa: S603


def test_every_example_is_run_by_a_test() -> None:
    elsewhere = {"grpc", "pages.ipynb", "web.py"}  # test_examples_frameworks.py
    assert {path.name for path in EXAMPLES.iterdir() if path.name != "__pycache__"} == {
        *COMMANDS,
        "watch.py",
        "in_process.py",
        *elsewhere,
    }


@pytest.mark.parametrize("name", RUNNABLE)
def test_an_example_prints_the_text(triton: Triton, name: str) -> None:
    done = run(name, SAMPLES / "label.png", triton.url)
    for text in (SAMPLES / "label.txt").read_text(encoding="utf-8").splitlines():
        assert text in done.stdout, done.stderr


@pytest.mark.parametrize("name", RUNNABLE)
def test_an_example_says_why_it_cannot(triton: Triton, name: str) -> None:
    done = run(name, SAMPLES / "label.txt", triton.url)
    assert (done.returncode != 0, done.stdout) == (True, "")
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("error: ")
    assert "no image that can be read" in line


def test_the_watcher_reads_each_image_once_and_gets_past_damaged_ones(triton: Triton, tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "label.png", tmp_path)
    (tmp_path / "damaged.png").write_bytes(b"damaged")
    done = run("watch.py", "--once", tmp_path, triton.url)
    assert done.returncode == 0, done.stderr
    assert "NORTHFIELD FARM" in (tmp_path / "label.txt").read_text(encoding="utf-8")
    assert "damaged.png" in done.stderr
    before = triton.calls("ocr_ensemble")
    assert run("watch.py", "--once", tmp_path, triton.url).returncode == 0
    assert triton.calls("ocr_ensemble") - before in (0, 1)  # a container's health check may come between


def test_without_tritons_library_the_program_says_where_it_is() -> None:
    """It is in NVIDIA's image only."""
    done = run("in_process.py", "models", SAMPLES / "label.png")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: there is no tritonserver for this Python: docs/in-process.md says where it is\n"
