"""Plain text: one line for each line of text, and a form feed between pages, as other OCR programs write it."""

from collections.abc import Iterable
from typing import BinaryIO

from ocr_client.documents import ReadPage
from ocr_client.formats.writer import encoded


def write(results: Iterable[ReadPage], stream: BinaryIO) -> None:
    """Write what the lines say in UTF-8, each line ended by a line feed."""
    for index, result in enumerate(results):
        lines = "".join(f"{line.text}\n" for line in result.page.lines)
        stream.write(encoded("\f" * bool(index) + lines))
