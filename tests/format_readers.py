"""Readers of the client's formats that share no code with its writers."""

import csv
import io
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lxml.html
import pypdfium2
from htrvx.schemas import Validator
from lxml import etree
from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import LTChar
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage

Box = tuple[float, float, float, float]

ALTO = {"alto": "http://www.loc.gov/standards/alto/ns-v4#"}


@dataclass(frozen=True)
class FoundLine:
    """A line as a reader finds it.

    Attributes:
        text: What it says.
        box: Left, top, right and bottom in pixels of the page's image; None where the format has none.
    """

    text: str
    box: Box | None = None


FoundPages = list[list[FoundLine]]


def read_text(content: bytes) -> FoundPages:
    return [[FoundLine(line) for line in page.splitlines()] for page in content.decode().split("\f")]


def read_json(content: bytes) -> FoundPages:
    return [_json_page(page) for page in json.loads(content)]


def read_json_lines(content: bytes) -> FoundPages:
    return [_json_page(json.loads(row)) for row in content.splitlines()]


def read_tsv(content: bytes) -> FoundPages:
    rows = list(csv.DictReader(io.StringIO(content.decode()), delimiter="\t", quoting=csv.QUOTE_NONE))
    pages: dict[tuple[str, str], list[FoundLine]] = {}
    for row in (row for row in rows if row["word"] == "0"):
        xs, ys = ([float(row[f"{axis}{corner}"]) for corner in range(1, 5)] for axis in "xy")
        box = (min(xs), min(ys), max(xs), max(ys))
        pages.setdefault((row["source"], row["page"]), []).append(FoundLine(row["text"], box))
    return list(pages.values())


def read_hocr(content: bytes) -> FoundPages:
    """Parsed as HTML, like a browser does."""
    root = lxml.html.fromstring(content)
    return [
        [FoundLine(line.text_content(), hocr_box(line)) for line in page.find_class("ocr_line")]
        for page in root.find_class("ocr_page")
    ]


def hocr_box(element: Any) -> Box:
    left, top, right, bottom = map(float, hocr_properties(element)["bbox"].split())
    return left, top, right, bottom


def hocr_properties(element: Any) -> dict[str, str]:
    """The properties in an element's title."""
    pairs = (part.strip().partition(" ") for part in element.get("title").split(";"))
    return {name: value for name, _, value in pairs}


def read_alto(content: bytes) -> FoundPages:
    """Validated against the schema that the Library of Congress published for ALTO 4.2, as htrvx carries it."""
    tree = etree.ElementTree(etree.fromstring(content))
    validator = Validator("alto")
    assert validator.validate(tree), validator.xmlschema.error_log
    return [
        [FoundLine(_alto_text(line), alto_box(line)) for line in page.iterfind(".//alto:TextLine", ALTO)]
        for page in tree.iterfind(".//alto:Page", ALTO)
    ]


def _alto_text(line: Any) -> str:
    strings = line.xpath("alto:String | alto:SP", namespaces=ALTO)
    return "".join(string.get("CONTENT", " ") for string in strings)


def alto_box(element: Any) -> Box:
    left, top, width, height = (float(element.get(name)) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
    return left, top, left + width, top + height


def read_pdf(content: bytes, dpi: float = 150) -> FoundPages:
    """As PDFium, and so Chrome, finds text and marks it."""
    document = pypdfium2.PdfDocument(content)
    try:
        return [_pdf_page(page, dpi / 72) for page in document]
    finally:
        document.close()


def _pdf_page(page: Any, scale: float) -> list[FoundLine]:
    height, textpage = page.get_height(), page.get_textpage()
    pieces = list(page.get_objects([pypdfium2.raw.FPDF_PAGEOBJ_TEXT], textpage=textpage))
    found = []
    for text in textpage.get_text_range().split("\r\n") if pieces else []:
        boxes, length = [], 0
        while length < len("".join(text.split())):
            piece = pieces.pop(0)
            length += len("".join(piece.extract().split()))
            boxes.append(piece.get_bounds())
        lefts, bottoms, rights, tops = zip(*boxes, strict=True)
        box = (min(lefts) * scale, (height - max(tops)) * scale, max(rights) * scale, (height - min(bottoms)) * scale)
        found.append(FoundLine(text.rstrip(), box))  # PDFium may part texts by a space of its own
    return found


def read_pdf_letters(content: bytes, dpi: float = 150) -> list[list[tuple[str, Box, float]]]:
    """As pdfminer finds letters, in the file's order: each with its box in pixels and its angle in degrees.

    Angles are clockwise, as the eye sees them.
    """
    resources = PDFResourceManager()
    device = PDFPageAggregator(resources)  # told of no layout, it keeps the order
    interpreter = PDFPageInterpreter(resources, device)
    found = []
    for page in PDFPage.get_pages(io.BytesIO(content)):
        interpreter.process_page(page)
        layout = device.get_result()
        found.append([_letter(item, layout.y1, dpi / 72) for item in layout if isinstance(item, LTChar)])
    return found


def _letter(letter: LTChar, height: float, scale: float) -> tuple[str, Box, float]:
    box = (letter.x0 * scale, (height - letter.y1) * scale, letter.x1 * scale, (height - letter.y0) * scale)
    return letter.get_text(), box, -math.degrees(math.atan2(letter.matrix[1], letter.matrix[0]))


def read_markdown(content: bytes) -> FoundPages:
    """Each paragraph or heading as a line; tables and lists are tested elsewhere."""
    pages = content.decode().split("\n---\n")
    return [[_markdown_part(part) for part in page.strip().split("\n\n") if part] for page in pages]


def _markdown_part(part: str) -> FoundLine:
    return FoundLine(re.sub(r"\\(.)", r"\1", re.sub(r"^#+ ", "", part)))


READERS: dict[str, Callable[[bytes], FoundPages]] = {
    "text": read_text,
    "markdown": read_markdown,
    "json": read_json,
    "jsonl": read_json_lines,
    "tsv": read_tsv,
    "hocr": read_hocr,
    "alto": read_alto,
    "pdf": read_pdf,
}


def _json_page(page: Any) -> list[FoundLine]:
    return [_json_line(line) for line in page["lines"]]


def _json_line(line: Any) -> FoundLine:
    xs, ys = zip(*line["quad"], strict=True)
    return FoundLine(line["text"], (min(xs), min(ys), max(xs), max(ys)))
