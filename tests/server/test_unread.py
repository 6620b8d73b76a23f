"""Text that was found and could not be read has boxes of its own."""

from ocr_client import OcrClient, Page
from tests.project import SAMPLES


def test_a_line_is_read_or_has_a_box_among_the_unread(client: OcrClient, label: Page) -> None:
    sure = client.read(SAMPLES / "label.png", min_confidence=1, unread=True)
    assert sure.unread
    quads = [line.quad for line in sure.lines] + [box.quad for box in sure.unread]
    assert sorted(quads) == sorted(line.quad for line in label.lines)


def test_a_page_without_text_has_none(client: OcrClient) -> None:
    assert client.read(SAMPLES / "blank.png", unread=True).unread == ()


def test_without_asking_the_page_has_no_unread_boxes(label: Page) -> None:
    assert label.unread is None
