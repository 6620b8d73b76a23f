"""Pages as the real server reads them, through every format, to independent readers; and documents on their way in."""

import io

import pypdfium2
import pytest

from ocr_client import OcrClient, Page
from ocr_client.documents import ReadPage, pages
from ocr_client.formats import WRITERS
from tests.format_readers import READERS
from tests.project import SAMPLES
from tests.triton import Triton

DPI = 150  # for which `READERS` turn points into pixels


@pytest.fixture(scope="session")
def label(triton: Triton) -> Page:
    """What the server reads in the label, with its words."""
    with OcrClient(triton.url) as connected:
        return connected.read(SAMPLES / "label.png", words=True)


@pytest.fixture(scope="session")
def searchable(label: Page) -> bytes:
    """The label as a searchable PDF."""
    return written("pdf", label)


def written(name: str, page: Page) -> bytes:
    image = (SAMPLES / "label.png").read_bytes()
    stream = io.BytesIO()
    WRITERS[name].write([ReadPage(source="label.png", number=1, page=page, image=image, dpi=DPI)], stream)
    return stream.getvalue()


@pytest.mark.parametrize("name", WRITERS)
def test_text_order_and_boxes_are_found_again(name: str, label: Page) -> None:
    (found,) = READERS[name](written(name, label))
    assert [line.text for line in found] == [line.text for line in label.lines]
    for actual, expected in zip(found, label.lines, strict=True):
        quads = [word.quad for word in expected.words or ()] if name == "pdf" else [expected.quad]
        xs, ys = zip(*(corner for quad in quads for corner in quad), strict=True)
        # In a PDF all words of a line are as high as its ink, and slant with it.
        if actual.box:
            assert actual.box == pytest.approx((min(xs), min(ys), max(xs), max(ys)), abs=6 if name == "pdf" else 1)


def test_a_searchable_pdf_is_read_again_and_finds_its_own_text(
    client: OcrClient, label: Page, searchable: bytes
) -> None:
    (again,) = pages(searchable, dpi=DPI)
    assert client.read(again.image).text == label.text


def test_every_line_is_found_by_searching(label: Page, searchable: bytes) -> None:
    document = pypdfium2.PdfDocument(searchable)
    text = document[0].get_textpage()
    for line in label.lines:
        assert text.search(line.text).get_next()
    document.close()
