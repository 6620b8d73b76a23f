"""What `ocr archive` writes, what it skips, and what it says of what it cannot reach."""

import socket
from pathlib import Path

import pytest

from tests.project import SAMPLES
from tests.ray_environment import RayPython
from tests.server.archive.conftest import OCR, rows
from tests.triton import Triton

pytestmark = pytest.mark.frameworks


def test_pages_become_rows_and_a_second_run_skips_them(
    triton: Triton, python: RayPython, scans: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = (OCR, "archive", scans, out, "--url", triton.url, "--format", "text", "--readers", 2)
    first = python.run(*command)
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
    assert "nothing to do: all 2 files" in python.run(*command).stderr
    assert python.run(*command, "--retry-failed").returncode == 0
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
    triton: Triton, python: RayPython, tmp_path: Path, source: str, url: str | None, sentence: str
) -> None:
    done = python.run(OCR, "archive", source, tmp_path / "out", "--url", url or triton.url)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {sentence}")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_server_that_never_answers_is_told_in_a_sentence(python: RayPython, scans: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = python.run(OCR, "archive", scans, tmp_path / "out", "--url", url)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {url} gave no answer within 20 s")
    assert done.stderr.count("\n") == 1


def test_an_option_that_the_server_refuses_costs_no_run(
    triton: Triton, python: RayPython, scans: Path, tmp_path: Path
) -> None:
    done = python.run(OCR, "archive", scans, tmp_path / "out", "--url", triton.url, "--language", "xx")
    assert (done.returncode, done.stderr) == (1, "Error: language is 'xx'; this server has default\n")
    assert not (tmp_path / "out").exists()
