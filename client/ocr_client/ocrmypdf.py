"""A plugin of OCRmyPDF 17: `ocrmypdf --plugin ocr_client.ocrmypdf in.pdf out.pdf` has pages read by an OCR server.

The server's address is in OCR_URL, as for the command `ocr`. Only this file needs OCRmyPDF.
"""

import math
import os
from pathlib import Path
from typing import Any

from ocrmypdf import hookimpl
from ocrmypdf.builtin_plugins.tesseract_ocr import add_options, register_options
from ocrmypdf.exceptions import BadArgsError, ExitCodeException
from ocrmypdf.models.ocr_element import Baseline, BoundingBox, OcrClass, OcrElement
from ocrmypdf.pluginspec import OcrEngine, OrientationConfidence
from PIL import Image

from ocr_client.client import OcrClient
from ocr_client.documents import ReadPage
from ocr_client.errors import OcrError
from ocr_client.formats import hocr
from ocr_client.formats.markup import SOFTWARE, SOFTWARE_VERSION, bounds
from ocr_client.results import Line, Page, Quad, Word

# OCRmyPDF looks at Tesseract's options whoever reads: two of that plugin's hooks are this one's, too.
__all__ = ["add_options", "get_ocr_engine", "initialize", "register_options"]

TESSERACT = "ocrmypdf.builtin_plugins.tesseract_ocr"
# What OCRmyPDF itself takes for an image that says nothing.
DEFAULT_DPI = 72.0
# Tesseract's units, of which 14 turn a page by default.
SURE = 15.0
# How far letters reach below the baseline, in heights of a line: Latin fonts, on average.
DESCENT = 0.2


class TritonOcrEngine(OcrEngine):
    """Reads pages through `ocr_ensemble`."""

    @staticmethod
    def version() -> str:
        """Of the client."""
        return SOFTWARE_VERSION

    @staticmethod
    def creator_tag(options: Any) -> str:  # noqa: ARG004
        """What the PDF's metadata say of the engine."""
        return f"{SOFTWARE} {SOFTWARE_VERSION}"

    def __str__(self) -> str:
        return f"{SOFTWARE} {SOFTWARE_VERSION}"

    @staticmethod
    def languages(options: Any) -> set[str]:  # noqa: ARG004
        """None by name: the recognizer reads all that it knows at once, and `--language` changes nothing."""
        return set()

    @staticmethod
    def get_orientation(input_file: Path, options: Any) -> OrientationConfidence:  # noqa: ARG004
        """How far a page is turned clockwise."""
        page = _read(input_file)
        return OrientationConfidence(page.angle or 0, SURE if page.lines else 0.0)

    @staticmethod
    def get_deskew(input_file: Path, options: Any) -> float:  # noqa: ARG004
        """Degrees counter-clockwise by which a page must be turned for its lines to be level."""
        facts = _read(input_file).facts
        return facts.skew if facts else 0.0

    @staticmethod
    def supports_generate_ocr() -> bool:
        """The words come as a tree."""
        return True

    @staticmethod
    def generate_ocr(input_file: Path, options: Any, page_number: int = 0) -> tuple[OcrElement, str]:  # noqa: ARG004
        """The words of a page with their places, and its text."""
        page = _read(input_file)
        return tree(page, _dpi(input_file), page_number), f"{page.text}\n" if page.lines else ""

    @staticmethod
    def generate_hocr(input_file: Path, output_hocr: Path, output_text: Path, options: Any) -> None:  # noqa: ARG004
        """The same as files."""
        page = _read(input_file)
        with output_hocr.open("wb") as stream:
            hocr.write(
                [ReadPage(source=input_file.name, number=1, page=page, image=None, dpi=_dpi(input_file))], stream
            )
        output_text.write_text(page.text, encoding="utf-8")

    @staticmethod
    def generate_pdf(input_file: Path, output_pdf: Path, output_text: Path, options: Any) -> None:  # noqa: ARG004
        """Not there: OCRmyPDF makes the text layer.

        Raises:
            BadArgsError: The options ask for it.
        """
        raise BadArgsError("this engine has no renderer 'sandwich': leave --pdf-renderer out")


@hookimpl
def initialize(plugin_manager: Any) -> None:
    """Leave Tesseract out, which would have to be installed."""
    plugin_manager.set_blocked(TESSERACT)


@hookimpl
def get_ocr_engine(options: Any) -> OcrEngine | None:
    """This one, unless no text is asked for."""
    return None if getattr(options, "ocr_engine", "auto") == "none" else TritonOcrEngine()


def tree(page: Page, dpi: float, page_number: int) -> OcrElement:
    """A page as OCRmyPDF takes it.

    Args:
        page: With words.
        dpi: Pixels per inch, more than 0.
        page_number: From 0.
    """
    whole = BoundingBox(0, 0, page.width, page.height)
    lines = [_line(line) for line in page.lines]
    return OcrElement(OcrClass.PAGE, bbox=whole, dpi=dpi, page_number=page_number, children=lines)


def _line(line: Line) -> OcrElement:
    words = [_word(word) for word in line.words or ()]
    turned, baseline = _lie(line.quad)
    return OcrElement(OcrClass.LINE, bbox=_box(line.quad), children=words, textangle=turned, baseline=baseline)


def _word(word: Word) -> OcrElement:
    return OcrElement(OcrClass.WORD, bbox=_box(word.quad), text=word.text, confidence=word.confidence)


def _box(quad: Quad) -> BoundingBox:
    return BoundingBox(*bounds(quad))


def _lie(quad: Quad) -> tuple[float, Baseline]:
    """By how many quarter turns a line is turned counter-clockwise, in degrees, and its baseline within that.

    The baseline goes through the bottom left corner of the line's box, turned back, moved by its intercept; both count
    downwards, in pixels.
    """
    (x0, y0), (x1, y1), _, _ = quad
    quarters = round(math.atan2(y0 - y1, x1 - x0) / (math.pi / 2))
    top_left, _, right, left = upright = [_turned_back(x, y, quarters) for x, y in quad]
    slope = (right[1] - left[1]) / ((right[0] - left[0]) or 1)
    leftmost, bottom = min(x for x, _ in upright), max(y for _, y in upright)
    at_left = left[1] - slope * (left[0] - leftmost) - DESCENT * math.dist(top_left, left)
    return 90.0 * quarters, Baseline(slope, at_left - bottom)


def _turned_back(x: float, y: float, quarters: int) -> tuple[float, float]:
    """A point turned clockwise by so many quarter turns; y counts downwards."""
    for _ in range(quarters % 4):
        x, y = -y, x
    return x, y


def _dpi(image: Path) -> float:
    """Pixels per inch, as the file says; never 0."""
    with Image.open(image) as opened:
        return float(opened.info.get("dpi", (0, 0))[0]) or DEFAULT_DPI


def _read(image: Path) -> Page:
    """Have a page read.

    Raises:
        ExitCodeException: It cannot be; the sentence says why.
    """
    try:
        with OcrClient(os.environ.get("OCR_URL", "localhost:8000")) as client:
            return client.read(image, words=True, facts=True)
    except (OcrError, ValueError) as error:
        raise ExitCodeException(str(error)) from error
