"""The `ocr` command against a server."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from ocr_client import Page
from tests.project import SAMPLES
from tests.server.thresholds import middle
from tests.triton import Triton

LABEL, STREET = SAMPLES / "label.png", SAMPLES / "street.jpg"


def ocr(triton: Triton, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "ocr"), "read", *map(str, arguments)]
    environment = {**os.environ, "OCR_URL": triton.url}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)  # noqa: S603 - our own


def test_confidence_and_text_go_to_stdout_and_nothing_else(triton: Triton, label: Page) -> None:
    done = ocr(triton, LABEL)
    assert done.stdout.splitlines() == [f"{line.confidence:.2f}  {line.text}" for line in label.lines]
    assert (done.returncode, done.stderr) == (0, "")


def test_json_is_the_page_and_options_reach_the_server(triton: Triton, label: Page) -> None:
    least = middle([line.confidence for line in label.lines])
    done = ocr(triton, LABEL, "--json", "--min-confidence", least)
    (document,) = map(json.loads, done.stdout.splitlines())
    assert document["source"] == str(LABEL)
    best = tuple(line for line in label.lines if line.confidence >= least)
    page = Page.from_dict(document)
    assert page == Page(width=840, height=640, lines=best, unread=page.unread)
    assert [each.reason for each in page.unread or ()] == ["low_confidence"] * (len(label.lines) - len(best))


def test_overlay_is_a_picture_of_the_image_and_its_text_side_by_side(triton: Triton, tmp_path: Path) -> None:
    done = ocr(triton, STREET, "--overlay", tmp_path / "drawn")
    with Image.open(tmp_path / "drawn" / "street.png") as picture:
        assert (picture.format, picture.height) == ("PNG", 960)
        assert picture.width == pytest.approx(2 * 1280, abs=8)
    assert (done.returncode, "drawn into" in done.stderr) == (0, True)


def test_a_bad_file_among_good_ones_is_named_and_the_others_are_read(triton: Triton, tmp_path: Path) -> None:
    letter = tmp_path / "letter.jpg"
    letter.write_text("This is a letter.")
    done = ocr(triton, LABEL, letter, STREET)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{letter}: these 17 bytes are no image")
    assert "Wild Blueberry Jam" in done.stdout
    assert "HARBOUR STREET" in done.stdout
