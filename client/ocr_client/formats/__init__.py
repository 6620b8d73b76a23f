"""The formats that results can be written in.

| name  | what it is                                            | who reads it                      |
|-------|-------------------------------------------------------|-----------------------------------|
| text  | a line of text a line, form feeds between pages       | people, grep                      |
| markdown | headings, paragraphs, lists and tables           | people, editors, language models  |
| json  | an array of pages                                     | programs                          |
| jsonl | a page a line                                         | jq, pipelines, data frames        |
| tsv   | a row a line of text                                  | cut, sort, spreadsheets           |
| hocr  | XHTML with boxes                                      | OCR tools, viewers in the browser |
| alto  | XML with boxes, checked against the published schema  | libraries, archives               |
| pdf   | pages with the text invisibly over them               | everyone who wants to search      |
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import BinaryIO

from ocr_client.documents import ReadPage
from ocr_client.formats import alto, hocr, json_pages, layout, markdown, text, tsv
from ocr_client.formats.writer import Writer

__all__ = ["LAYOUT", "WRITERS", "Writer"]


def _write_pdf(results: Iterable[ReadPage], stream: BinaryIO) -> None:
    try:
        from ocr_client.formats import pdf
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "PDFs are written with pydyf and pikepdf: pip install 'ocr-triton-client[pdf]'"
        ) from error
    pdf.write(results, stream)


# What `ocr read --layout` writes in the place of text.
LAYOUT = Writer(".txt", binary=False, needs_image=False, write=layout.write)
WRITERS: Mapping[str, Writer] = MappingProxyType(
    {
        "text": Writer(".txt", binary=False, needs_image=False, write=text.write),
        "markdown": Writer(".md", binary=False, needs_image=False, write=markdown.write, needs_blocks=True),
        "json": Writer(".json", binary=False, needs_image=False, write=json_pages.write_json),
        "jsonl": Writer(".jsonl", binary=False, needs_image=False, write=json_pages.write_json_lines),
        "tsv": Writer(".tsv", binary=False, needs_image=False, write=tsv.write),
        "hocr": Writer(".hocr", binary=False, needs_image=False, write=hocr.write, needs_words=True),
        "alto": Writer(".xml", binary=False, needs_image=False, write=alto.write, needs_words=True),
        "pdf": Writer(".pdf", binary=True, needs_image=True, write=_write_pdf, needs_words=True),
    }
)
