"""hOCR 1.2: XHTML with the position of each line and word in `title` attributes.

https://kba.github.io/hocr-spec/1.2/. Boxes are whole pixels. A turned line has its corners in `poly`, and its angle in
`textangle`.
"""

import math
from collections.abc import Iterable
from typing import BinaryIO
from xml.etree.ElementTree import Element

from ocr_client.documents import ReadPage
from ocr_client.formats.markup import SOFTWARE, SOFTWARE_VERSION, bounds, element, markup
from ocr_client.formats.words import parts
from ocr_client.results import Line, Quad, Word

HEAD = f"""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml">
<head>
<title>OCR</title>
<meta http-equiv="Content-Type" content="text/html; charset=utf-8"/>
<meta name="ocr-system" content="{SOFTWARE} {SOFTWARE_VERSION}"/>
<meta name="ocr-capabilities" content="ocr_page ocr_line ocrx_word ocrp_poly"/>
</head>
<body>
"""
END = "</body>\n</html>\n"


def write(results: Iterable[ReadPage], stream: BinaryIO) -> None:
    """Write one document with an `ocr_page` for each page."""
    stream.write(HEAD.encode())
    for index, result in enumerate(results):
        stream.write(markup(_page(result, index)))
    stream.write(END.encode())


def _page(result: ReadPage, index: int) -> Element:
    page, name = result.page, f"{index + 1}"
    title = f'image "{_quoted(result.source)}"; bbox 0 0 {page.width} {page.height}; ppageno {index}'
    if result.is_dpi_known:
        title += f"; scan_res {result.dpi:.0f} {result.dpi:.0f}"
    lines = (_line(line, f"{name}_{number}") for number, line in enumerate(page.lines, 1))
    return element("div", {"class": "ocr_page", "id": f"page_{name}", "title": title}, *lines, text="\n")


def _line(line: Line, name: str) -> Element:
    title = f"bbox {_pixels(*bounds(line.quad))}"
    if angle := _angle_degrees(line.quad):
        title += f"; textangle {angle:g}; poly {_pixels(*(number for corner in line.quad for number in corner))}"
    spans: list[Element] = []
    for number, (word, is_parted) in enumerate(parts(line), 1):
        if is_parted:
            spans[-1].tail = " "
        spans.append(_word(word, f"{name}_{number}"))
    made = element("span", {"class": "ocr_line", "id": f"line_{name}", "title": title}, *spans)
    made.tail = "\n"
    return made


def _word(word: Word, name: str) -> Element:
    title = f"bbox {_pixels(*bounds(word.quad))}; x_wconf {100 * word.confidence:.0f}"
    return element("span", {"class": "ocrx_word", "id": f"word_{name}", "title": title}, text=word.text)


def _pixels(*numbers: float) -> str:
    return " ".join(f"{max(0, number):.0f}" for number in numbers)


def _angle_degrees(quad: Quad) -> float:
    """How far the reading direction is turned counter-clockwise, to a tenth of a degree."""
    (x1, y1), (x2, y2), *_ = quad
    return round(math.degrees(math.atan2(y1 - y2, x2 - x1)), 1)


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')
