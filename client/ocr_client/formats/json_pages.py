"""JSON: the file, the number of the page in it, and the fields of `Page`."""

import json
from collections.abc import Iterable
from typing import BinaryIO

from ocr_client.documents import ReadPage
from ocr_client.formats.writer import encoded


def write_json(results: Iterable[ReadPage], stream: BinaryIO) -> None:
    """Write one array with an object for each page."""
    stream.write(b"[")
    for index, result in enumerate(results):
        stream.write((b",\n" if index else b"\n") + _object(result))
    stream.write(b"\n]\n")


def write_json_lines(results: Iterable[ReadPage], stream: BinaryIO) -> None:
    """Write one line with an object for each page."""
    for result in results:
        stream.write(_object(result) + b"\n")


def _object(result: ReadPage) -> bytes:
    fields = {"source": result.source, "number": result.number, **result.page.to_dict()}
    return encoded(json.dumps(fields, ensure_ascii=False))
