"""ALTO 4.2, the XML of libraries and archives: https://www.loc.gov/standards/alto/.

Numbers are pixels. Lines and words (`String`) have their corners in `Shape`. A page's lines are in one block: the
server finds no paragraphs.
"""

import shutil
from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from typing import BinaryIO
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from ocr_client.documents import ReadPage
from ocr_client.formats.markup import SOFTWARE, SOFTWARE_VERSION, bounds, element, legal, markup
from ocr_client.formats.words import parts
from ocr_client.formats.writer import encoded
from ocr_client.results import Line, Quad, Word

NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"
SCHEMA = "http://www.loc.gov/standards/alto/v4/alto-4-2.xsd"
HEAD = f"""<?xml version="1.0" encoding="UTF-8"?>
<alto xmlns="{NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:schemaLocation="{NAMESPACE} {SCHEMA}" SCHEMAVERSION="4.2">
<Description>
<MeasurementUnit>pixel</MeasurementUnit>
<sourceImageInformation>%s</sourceImageInformation>
<Processing ID="ocr">
<processingCategory>contentGeneration</processingCategory>
<processingSoftware><softwareName>{SOFTWARE}</softwareName><softwareVersion>{SOFTWARE_VERSION}</softwareVersion>\
</processingSoftware>
</Processing>
</Description>
<Layout>
"""
END = "</Layout>\n</alto>\n"
# More pages than that wait on disk for the names of all files, which come first.
PAGES_IN_MEMORY_BYTES = 1 << 24


def write(results: Iterable[ReadPage], stream: BinaryIO) -> None:
    """Write one document with a `Page` for each page; its head names all files, so it is written at the end."""
    sources: dict[str, None] = {}  # in their order, each once
    with SpooledTemporaryFile(PAGES_IN_MEMORY_BYTES) as written:
        for index, result in enumerate(results, 1):
            sources[result.source] = None
            written.write(markup(_page(result, f"{index}")))
        stream.write(encoded(HEAD % _named(sources)))
        written.seek(0)
        shutil.copyfileobj(written, stream)
    stream.write(END.encode())


def _named(sources: Iterable[str]) -> str:
    """The schema allows one `fileName`, and any number of identifiers after it."""
    first, *others = [escape(legal(source)) for source in sources] or [""]
    return f"<fileName>{first}</fileName>" + "".join(
        f"<fileIdentifier>{name}</fileIdentifier>" for name in ([first, *others] if others else ())
    )


def _page(result: ReadPage, name: str) -> Element:
    page = result.page
    size = {"WIDTH": page.width, "HEIGHT": page.height}
    space = element("PrintSpace", {"HPOS": 0, "VPOS": 0, **size}, *_blocks(page.lines, name))
    return element("Page", {"ID": f"page_{name}", "PHYSICAL_IMG_NR": result.number, **size}, space)


def _blocks(lines: tuple[Line, ...], name: str) -> Iterator[Element]:
    if lines:
        made = (_line(line, f"{name}_{number}") for number, line in enumerate(lines, 1))
        yield element("TextBlock", {"ID": f"block_{name}", **_box(*(line.quad for line in lines))}, *made)


def _line(line: Line, name: str) -> Element:
    made = element("TextLine", {"ID": f"line_{name}", **_box(line.quad)}, _shape(line.quad))
    for number, (word, is_parted) in enumerate(parts(line), 1):
        if is_parted:
            made.append(element("SP", {}))
        made.append(_string(word, f"{name}_{number}"))
    if not line.words:  # the schema wants one
        made.append(_string(Word(text="", confidence=line.confidence, quad=line.quad), f"{name}_1"))
    return made


def _string(word: Word, name: str) -> Element:
    fields = {"ID": f"word_{name}", "CONTENT": word.text, "WC": word.confidence}
    return element("String", {**fields, **_box(word.quad)}, _shape(word.quad))


def _shape(quad: Quad) -> Element:
    points = " ".join(f"{x:g},{y:g}" for x, y in quad)
    return element("Shape", {}, element("Polygon", {"POINTS": points}))


def _box(*quads: Quad) -> dict[str, float]:
    left, top, right, bottom = bounds(*quads)
    return {"HPOS": left, "VPOS": top, "WIDTH": round(right - left, 2), "HEIGHT": round(bottom - top, 2)}
