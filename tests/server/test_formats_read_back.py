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
        xs, ys = zip(*expected.quad, strict=True)
        if actual.box and name != "pdf":
            assert actual.box == pytest.approx((min(xs), min(ys), max(xs), max(ys)), abs=1)


def test_the_text_of_a_pdf_lies_on_its_ink(label: Page, searchable: bytes) -> None:
    """All words of a line are as high as its ink, which is less than the line's box."""
    (found,) = READERS["pdf"](searchable)
    for actual, line in zip(found, label.lines, strict=True):
        assert actual.box
        line_xs, line_ys = zip(*line.quad, strict=True)
        xs, ys = zip(*(corner for word in line.words or () for corner in word.quad), strict=True)
        (left, top, right, bottom), room = actual.box, 1
        assert min(line_xs) - room < left < min(xs) + room
        assert min(line_ys) - room < top < min(ys) + room
        assert max(xs) - room < right < max(line_xs) + room
        assert max(ys) - room < bottom < max(line_ys) + room


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
