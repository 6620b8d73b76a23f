"""Words and characters on request, each on its ink."""

from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks.accuracy.changed import turn_back
from benchmarks.accuracy.drawn_words import LARGE_SIZES_PX, SIZES_PX, draw_pages
from benchmarks.accuracy.word_boxes import score
from ocr_client import OcrClient, Page, Word
from tests.blocking import CLIENTS
from tests.project import SAMPLES
from tests.triton import Triton


def words_of(page: Page) -> list[Word]:
    return [word for line in page.lines for word in line.words or ()]


@pytest.mark.parametrize(
    ("view", "sizes_px", "least_iou", "least_overlap"),
    [
        ("level", SIZES_PX, 0.84, 0.94),
        ("level", LARGE_SIZES_PX, 0.91, 0.97),
        ("in perspective", LARGE_SIZES_PX, 0.86, 0.94),
    ],
)
def test_boxes_of_words_lie_on_the_words(
    client: OcrClient, view: str, sizes_px: Sequence[int], least_iou: float, least_overlap: float
) -> None:
    """The first font's page; `python -m benchmarks.accuracy.words` measures all of them."""
    drawn = next(draw_pages(view, sizes_px))
    found = score(view, [(words_of(client.read(drawn.image_rgb, words=True)), drawn.words)])
    assert found.matched > 0.9 * found.words
    assert found.overlap > least_overlap
    assert found.iou > least_iou


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_so_they_do_on_a_page_on_its_side_or_on_its_head(client: OcrClient, degrees: int) -> None:
    """On its head, the detector misses parts of a page whose lines differ in size: it must see it turned."""
    drawn = next(draw_pages("level", LARGE_SIZES_PX))
    page = turn_back(client.read(np.rot90(drawn.image_rgb, degrees // 90), words=True), degrees)
    found = score("turned", [(words_of(page), drawn.words)])
    assert found.matched > 0.9 * found.words
    assert found.overlap > 0.97
    assert found.iou > 0.91


@pytest.mark.parametrize("kind", CLIENTS)
def test_words_and_characters_spell_their_line(triton: Triton, kind: str) -> None:
    with CLIENTS[kind](triton.url) as client:
        page = client.read(SAMPLES / "label.png", words=True, characters=True)
    assert page.lines
    for line in page.lines:
        assert " ".join(word.text for word in line.words or ()) == line.text
        for word in line.words or ():
            assert "".join(character.text for character in word.characters or ()) == word.text
            confidences = [character.confidence for character in word.characters or ()]
            assert word.confidence == pytest.approx(np.mean(confidences), abs=1e-3)


def test_words_come_without_characters(client: OcrClient) -> None:
    words = words_of(client.read(SAMPLES / "label.png", words=True))
    assert words
    assert {word.characters for word in words} == {None}


def test_a_page_without_text_has_no_words(client: OcrClient) -> None:
    assert client.read(SAMPLES / "blank.png", words=True, characters=True).lines == ()


def test_asking_changes_nothing_else(client: OcrClient, label: Page) -> None:
    asked = client.read(SAMPLES / "label.png", words=True)
    assert [(line.text, line.quad) for line in asked.lines] == [(line.text, line.quad) for line in label.lines]
    assert {line.words for line in label.lines} == {None}
