"""The plugin in the real OCRmyPDF: `ocrmypdf --plugin ocr_client.ocrmypdf`. What it writes is read by two readers.

OCRmyPDF is in an environment of its own, with the client's wheel: `pytest -m frameworks`.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pypdfium2
import pytest
from pdfminer.high_level import extract_text
from PIL import Image, ImageDraw, ImageFont

from downloads import Environment
from ocr_client import OcrClient
from tests.project import ROOT, SAMPLES
from tests.triton import Triton

pytestmark = pytest.mark.frameworks

OCRMYPDF = Environment(
    "ocrmypdf",
    ("ocrmypdf==17.13.0", "aiohttp", "click>=8.2", "numpy", "tritonclient[http]==2.73.0", "urllib3>=2"),
)
GUIDE = (ROOT / "docs" / "ocrmypdf.md").read_text(encoding="utf-8")
# Commands and what they print.
COMMANDS = re.findall(r"^\$ (ocrmypdf .*)\n((?:(?!\$ |```).*\n)*)", GUIDE, re.MULTILINE)
# PDFBox's validator, of Debian's libpdfbox2-java, with what else it needs. The test runs where it is, and Ghostscript,
# for which OCRmyPDF asks.
JARS = [
    Path("/usr/share/java", f"{name}.jar")
    for name in ("preflight", "pdfbox2", "fontbox2", "xmpbox", "commons-logging", "jaxb-api", "javax.activation")
]
CAN_VALIDATE = all(map(shutil.which, ("gs", "java"))) and all(jar.exists() for jar in JARS)
DPI = 150
LINES = ["The quick brown fox jumps over", "the lazy dog, and nobody", "minds it on a warm afternoon."]
# Where they are drawn.
LEFT, TOP, STEP, SIZE = 90, 120, 80, 40


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client as its wheel installs it, for OCRmyPDF's Python to find."""
    folder = tmp_path_factory.mktemp("client")
    install = ["install", "--quiet", "--no-deps", "--no-build-isolation", "--target", str(folder), str(ROOT / "client")]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True)  # noqa: S603 - our own
    return folder


class Program:
    """OCRmyPDF in a folder, with a server."""

    def __init__(self, folder: Path, plugin: Path, url: str) -> None:
        self.folder, self._plugin, self.url = folder, plugin, url
        # An environment's own programs know only the place where it was made.
        self._programs = folder / "programs"
        self._programs.mkdir()
        (self._programs / "ocrmypdf").write_text(f'#!/bin/sh\nexec {OCRMYPDF.command()[0]} -m ocrmypdf "$@"\n')
        (self._programs / "ocrmypdf").chmod(0o755)

    def __call__(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command line of it."""
        path = f"{self._programs}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "PYTHONPATH": str(self._plugin), "OCR_URL": self.url}
        return subprocess.run(  # noqa: S603 - our own
            ["/bin/bash", "-c", command], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )


@pytest.fixture
def ocrmypdf(triton: Triton, plugin: Path, tmp_path: Path) -> Program:
    return Program(tmp_path, plugin, triton.url)


def letter() -> Image.Image:
    """A level page."""
    page = Image.new("RGB", (850, 600), "white")
    for number, line in enumerate(LINES):
        place = (LEFT, TOP + number * STEP)
        ImageDraw.Draw(page).text(place, line, "black", ImageFont.load_default(SIZE), anchor="ls")
    return page


def saved(image: Image.Image, folder: Path) -> Path:
    image.convert("RGB").save(folder / "scan.pdf", resolution=DPI)
    return folder / "scan.pdf"


def texts(pdf: Path) -> list[str]:
    """The words of a PDF in their order, as pdfminer and PDFium find them."""
    with pypdfium2.PdfDocument(pdf) as document:
        pdfium = "\n".join(page.get_textpage().get_text_bounded() for page in document)
    return [" ".join(text.split()) for text in (extract_text(pdf), pdfium)]


def test_the_commands_of_the_guide_write_what_they_say(ocrmypdf: Program, tmp_path: Path) -> None:
    saved(Image.open(SAMPLES / "label.png"), tmp_path)
    for command, printed in COMMANDS:
        done = ocrmypdf(command)
        assert done.returncode == 0, done.stderr
        assert done.stdout == printed
    assert COMMANDS


@pytest.mark.parametrize("sample", ["label.png", "article.png"] if CAN_VALIDATE else [])
def test_pdf_a_is_valid(ocrmypdf: Program, tmp_path: Path, sample: str) -> None:
    """By another program than the one that made it; what is no PDF/A is told apart."""
    scan = saved(Image.open(SAMPLES / sample), tmp_path)
    done = ocrmypdf(f"ocrmypdf --plugin ocr_client.ocrmypdf --output-type pdfa-1 {scan} out.pdf")
    assert done.returncode == 0, done.stderr
    assert "is a valid PDF/A-1b file" in validated(tmp_path / "out.pdf")
    assert "is not a valid PDF/A-1b file" in validated(scan)


def validated(pdf: Path) -> str:
    """What PDFBox says of a PDF/A-1b."""
    command = ["java", "-cp", ":".join(map(str, JARS)), "org.apache.pdfbox.preflight.Validator_A1b", str(pdf)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - our own


def test_both_readers_find_the_lines(ocrmypdf: Program, tmp_path: Path) -> None:
    done = ocrmypdf(f"ocrmypdf --plugin ocr_client.ocrmypdf {saved(letter(), tmp_path)} out.pdf")
    assert done.returncode == 0, done.stderr
    assert texts(ocrmypdf.folder / "out.pdf") == [" ".join(LINES)] * 2


def test_the_lines_lie_where_they_are_seen(ocrmypdf: Program, tmp_path: Path) -> None:
    done = ocrmypdf(f"ocrmypdf --plugin ocr_client.ocrmypdf {saved(letter(), tmp_path)} out.pdf")
    assert done.returncode == 0, done.stderr
    with pypdfium2.PdfDocument(ocrmypdf.folder / "out.pdf") as document:
        page, height = document[0].get_textpage(), document[0].get_height()
        for number, line in enumerate(LINES):
            first, count = page.search(line).get_next()
            boxes = [page.get_charbox(index) for index in range(first, first + count)]
            x0, y0, x1, y1 = boxes[0][0], boxes[0][1], boxes[-1][2], boxes[0][3]
            lies = (x0 * DPI / 72, x1 * DPI / 72, (height - y0) * DPI / 72, (height - y1) * DPI / 72)
            left, upper, right, lower = ImageFont.load_default(SIZE).getbbox(line, anchor="ls")
            seen = (LEFT + left, LEFT + right, TOP + number * STEP + lower, TOP + number * STEP + upper)
            assert lies == pytest.approx(seen, abs=SIZE / 2), line


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_page_on_its_side_or_head_is_turned(ocrmypdf: Program, turn: int, tmp_path: Path) -> None:
    scan = saved(letter().rotate(turn, expand=True), tmp_path)
    done = ocrmypdf(f"ocrmypdf --plugin ocr_client.ocrmypdf --rotate-pages {scan} out.pdf")
    assert done.returncode == 0, done.stderr
    with pypdfium2.PdfDocument(ocrmypdf.folder / "out.pdf") as document:
        shown = document[0].render(scale=DPI / 72).to_pil()
    with OcrClient(ocrmypdf.url) as client:
        page = client.read(shown, facts=True)
    assert (page.angle, page.text) == (0, "\n".join(LINES))
    assert texts(ocrmypdf.folder / "out.pdf") == [" ".join(LINES)] * 2


def test_a_skewed_page_is_straightened(ocrmypdf: Program, tmp_path: Path) -> None:
    skewed = letter().rotate(-3, expand=True, fillcolor="white")
    done = ocrmypdf(f"ocrmypdf --plugin ocr_client.ocrmypdf --deskew {saved(skewed, tmp_path)} out.pdf")
    assert done.returncode == 0, done.stderr
    with pypdfium2.PdfDocument(ocrmypdf.folder / "out.pdf") as document:
        shown = document[0].render(scale=DPI / 72).to_pil()
    with OcrClient(ocrmypdf.url) as client:
        facts = client.read(shown, facts=True).facts
    assert facts
    assert abs(facts.skew) < 0.5


def test_an_image_without_a_resolution_is_read(ocrmypdf: Program, tmp_path: Path) -> None:
    letter().save(tmp_path / "bare.png")
    done = ocrmypdf("ocrmypdf --plugin ocr_client.ocrmypdf --image-dpi 150 bare.png out.pdf")
    assert done.returncode == 0, done.stderr
    assert texts(ocrmypdf.folder / "out.pdf") == [" ".join(LINES)] * 2


def test_a_page_without_text_passes(ocrmypdf: Program, tmp_path: Path) -> None:
    scan = saved(Image.open(SAMPLES / "blank.png"), tmp_path)
    done = ocrmypdf(f"ocrmypdf --plugin ocr_client.ocrmypdf --rotate-pages --deskew {scan} out.pdf")
    assert done.returncode == 0, done.stderr
    assert texts(ocrmypdf.folder / "out.pdf") == ["", ""]


def test_a_server_that_is_not_there_is_told_and_nothing_is_written(ocrmypdf: Program, tmp_path: Path) -> None:
    scan = saved(letter(), tmp_path)
    done = ocrmypdf(f"OCR_URL=localhost:1 ocrmypdf --plugin ocr_client.ocrmypdf {scan} out.pdf")
    assert done.returncode != 0
    assert "no OCR server at http://localhost:1" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not (ocrmypdf.folder / "out.pdf").exists()


def test_a_broken_pdf_is_told_and_nothing_is_written(ocrmypdf: Program, tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\nbroken")
    done = ocrmypdf("ocrmypdf --plugin ocr_client.ocrmypdf broken.pdf out.pdf")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert not (ocrmypdf.folder / "out.pdf").exists()
