"""`ocr archive` on a real Ray, in an environment of its own, with the client as it is installed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.project import ROOT, SAMPLES
from tests.ray_environment import RAY
from tests.triton import Triton

pytestmark = pytest.mark.frameworks

OCR = "from ocr_client.cli import main; main(prog_name='ocr')"
ROWS = "import json, sys, pyarrow.parquet as p; print(json.dumps(p.read_table(sys.argv[1]).to_pylist()))"
Run: TypeAlias = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """What runs Ray's Python, which has the client as a wheel would install it."""
    installed = tmp_path_factory.mktemp("client")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", installed, ROOT / "client"], check=True)  # noqa: S603 - our own
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    environment.pop("OCR_URL", None)
    program, _without_pythonpath = RAY.command()

    def run(code: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
        command = [str(program), "-c", code, *map(str, arguments)]
        return subprocess.run(command, env=environment, cwd=installed, capture_output=True, text=True, check=False)  # noqa: S603 - our own

    return run


def rows(python: Run, folder: Path) -> list[dict[str, Any]]:
    read = python(ROWS, folder / "pages")
    assert read.returncode == 0, read.stderr
    table: list[dict[str, Any]] = json.loads(read.stdout)
    return table


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    (folder / "deeper").mkdir(parents=True)
    (folder / "deeper" / "label.png").write_bytes((SAMPLES / "label.png").read_bytes())
    (folder / "broken.png").write_bytes((SAMPLES / "label.png").read_bytes()[:3000])
    return folder


def test_pages_become_rows_and_a_second_run_skips_them(
    triton: Triton, python: Run, scans: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = (OCR, "archive", scans, out, "--url", triton.url, "--format", "text", "--readers", 2)
    first = python(*command)
    assert first.returncode == 1, first.stderr  # a page is broken
    broken, label = sorted(rows(python, out), key=lambda row: str(row["source"]))
    assert (broken["source"], broken["error_kind"]) == (str(scans / "broken.png"), "BadImage")
    assert label["source"] == str(scans / "deeper" / "label.png")
    expected = (SAMPLES / "label.txt").read_text(encoding="utf-8")
    assert (label["text"] + "\n", label["error"]) == (expected, None)
    assert len(label["lines"][0]["quad"]) == 8
    assert label["dpi"] is None  # the file states none
    assert (out / "text" / "deeper" / "label.png.txt").read_text(encoding="utf-8") == expected
    assert not (out / "text" / "broken.png.txt").exists()

    (scans / "broken.png").write_bytes((SAMPLES / "label.png").read_bytes())
    assert "nothing to do: all 2 files" in python(*command).stderr
    assert python(*command, "--retry-failed").returncode == 0
    assert [row["error"] for row in rows(python, out)] == [None, None]


@pytest.mark.parametrize(
    ("source", "url", "sentence"),
    [
        ("s3://scans/a?endpoint_override=127.0.0.1:9&scheme=http", None, "s3://scans/a cannot be reached"),
        ("ftp://scans", None, "ftp://scans is no address of files"),
        ("/nowhere", None, "/nowhere does not exist"),
        (str(SAMPLES), "127.0.0.1:9", "no OCR server at http://127.0.0.1:9"),
    ],
)
def test_what_cannot_be_reached_is_told_in_a_sentence(
    triton: Triton, python: Run, tmp_path: Path, source: str, url: str | None, sentence: str
) -> None:
    done = python(OCR, "archive", source, tmp_path / "out", "--url", url or triton.url)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {sentence}")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()
