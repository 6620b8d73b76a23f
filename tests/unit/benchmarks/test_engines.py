"""The pipe to an engine's process, with an engine of our own at its end."""

import sys
from pathlib import Path

import pytest

from benchmarks.baselines.engine import Engine, EngineFailed

ENGINE = """
import sys
from benchmarks.baselines.engines.pipe import answer

def start():
    print("loading")
    return read

def read(encoded):
    print("reading")
    if encoded == b"bad":
        raise ValueError("not an image")
    return [(encoded.decode(), [[0, 0], [2, 0], [2, 1], [0, 1]])]

answer(start)
"""


def engine() -> Engine:
    return Engine("echo", [sys.executable, "-c", ENGINE])


def test_an_engine_reads_one_image_after_the_other_and_what_it_prints_does_not_matter(tmp_path: Path) -> None:
    with engine() as echo:
        for text in ("größer", "two"):
            image = tmp_path / f"an image of {text}"
            image.write_text(text, encoding="utf-8")
            page, seconds = echo.read(image)
            assert page.text == text
            assert page.lines[0].quad == ((0, 0), (2, 0), (2, 1), (0, 1))
            assert 0 < seconds < 10


def test_an_engine_that_fails_is_reported_with_its_last_line(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"bad")
    with engine() as echo, pytest.raises(EngineFailed, match=r"^echo ended: ValueError: not an image$"):
        echo.read(tmp_path / "a")


def test_an_engine_that_cannot_start_is_reported() -> None:
    silent = Engine("none", [sys.executable, "-c", "import nothing_of_that_name"])
    with pytest.raises(EngineFailed, match=r"^none ended: ModuleNotFoundError"), silent:
        pass
