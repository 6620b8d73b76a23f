"""`ocr bench`: what it prints of the answers."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from ocr_client import BadImage, OcrClient, Page
from ocr_client.cli import main

PAGE = Page(width=1, height=1, lines=())


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    Image.new("RGB", (8, 8), "white").save(path)
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs the command; every second image cannot be read."""
    numbers = iter(range(1000))

    def read(_client: OcrClient, _image: bytes) -> Page:
        if next(numbers) % 2:
            raise BadImage("the image is damaged")
        return PAGE

    monkeypatch.setattr(OcrClient, "read", read)
    return lambda *arguments: CliRunner().invoke(main, ["bench", *map(str, arguments)])


def test_the_command_prints_figures_and_failures(run: Callable[..., Result], image: Path) -> None:
    done = run(image, "--requests", 5, "--warm-up", 3)
    first, second, third = done.stdout.splitlines()
    assert first.endswith(" s, 1 different image")
    assert ", 1 at once: 5 requests in " in first
    assert second.startswith("latency in ms: p50 ")
    assert third == "3 × BadImage: the image is damaged"  # the warm-up had the first of them
    assert done.exit_code == 1


def test_the_command_prints_json_on_demand(run: Callable[..., Result], image: Path) -> None:
    done = run(image, "--requests", 1, "--warm-up", 0, "--format", "json")
    told = json.loads(done.stdout)
    assert (told["requests"], told["errors"], done.exit_code) == (1, {}, 0)
    assert list(told["latency_ms"]) == ["p50"]


def test_where_nothing_can_be_read_nothing_is_measured(image: Path) -> None:
    done = CliRunner().invoke(main, ["bench", str(image), "--url", "localhost:1"])
    assert done.exit_code == 1
    assert "no OCR server at http://localhost:1" in done.stderr


def test_what_is_no_file_is_wrong_usage() -> None:
    done = CliRunner().invoke(main, ["bench", "nothing.png"])
    assert (done.exit_code, "nothing.png does not exist" in done.stderr) == (2, True)
