"""Which boxes count as unread, and why."""

import cv2
import numpy as np
import pytest

from ocr_core import unread
from ocr_core.options import Options
from ocr_core.pixels import RgbArray

HEIGHT = 48


def crop(*strokes: tuple[int, int, int], width: int = 480, ink: int = 0, paper: int = 255) -> RgbArray:
    """A line on which each stroke covers columns from … to, this many pixels high."""
    picture = np.full((HEIGHT, width, 3), paper, np.uint8)
    for left, right, high in strokes:
        cv2.rectangle(picture, (left, HEIGHT // 2 - high // 2), (right - 1, HEIGHT // 2 + high // 2), (ink,) * 3, -1)
    return picture


LETTERS = [(left, left + 20, 24) for left in range(10, 450, 30)]
DOTS = [(left, left + 20, 6) for left in range(10, 450, 30)]


def reason(text: str, picture: RgbArray, confidence: float = 0.9, min_confidence: float = 0.75) -> str:
    texts, confidences = np.array([text], object), np.array([confidence], np.float32)
    (told,) = unread.reasons(texts, confidences, [picture], Options(min_confidence=min_confidence))
    return str(told)


@pytest.mark.parametrize(
    ("text", "picture", "told"),
    [
        pytest.param("Fifteen letters", crop(*LETTERS), "", id="a letter for each"),
        pytest.param(", 25", crop(*LETTERS), "unknown_script", id="crumbs"),
        pytest.param(", 25", crop(*LETTERS, ink=255, paper=0), "unknown_script", id="white on black"),
        pytest.param("", crop(*LETTERS), "unknown_script", id="nothing"),
        pytest.param("", crop((10, 30, 24), width=48), "low_confidence", id="too little ink to say"),
        pytest.param("", crop(), "low_confidence", id="no ink"),
        pytest.param("A 5", crop((10, 40, 30), *DOTS[2:], (450, 470, 30)), "", id="leader dots"),
        pytest.param("CASH RM", crop(*LETTERS[:4], *LETTERS[-2:]), "", id="a wide gap"),
        pytest.param("-", crop((10, 470, 4)), "", id="a rule"),
        pytest.param("国语", crop((6, 42, 30), (54, 90, 30), width=96), "", id="wide characters"),
    ],
)
def test_a_line_of_more_ink_than_its_characters_take_is_in_an_unknown_script(
    text: str, picture: RgbArray, told: str
) -> None:
    assert reason(text, picture) == told


@pytest.mark.parametrize(("confidence", "told"), [(0.95, ""), (0.85, "unknown_script")])
def test_of_unsure_characters_less_ink_is_too_much(confidence: float, told: str) -> None:
    assert reason("Ln n nu", crop(*LETTERS[:10]), confidence) == told


@pytest.mark.parametrize(("confidence", "told"), [(0.74, "low_confidence"), (0.75, "")])
def test_a_line_below_the_confidence_asked_for_is_unread(confidence: float, told: str) -> None:
    assert reason("Fifteen letters", crop(*LETTERS), confidence) == told


def test_without_lines_there_are_no_reasons() -> None:
    none = unread.reasons(np.zeros(0, object), np.zeros(0, np.float32), [], Options())
    assert (none.shape, none.dtype.name) == ((0,), "object")


@pytest.mark.parametrize(
    ("confidences", "min_confidence", "count"),
    [
        pytest.param([0.85] * 8, 0.75, 0, id="sure of none"),
        pytest.param([0.85] * 7 + [0.95], 0.75, 8, id="sure of one"),
        pytest.param([0.85] * 7, 0.75, 7, id="few lines"),
        pytest.param([0.85] * 8, 0.7, 8, id="less is asked for"),
        pytest.param([0.85] * 8, 0.85, 0, id="more is asked for"),
    ],
)
def test_a_page_of_many_lines_none_of_which_is_surely_read_has_no_text(
    confidences: list[float], min_confidence: float, count: int
) -> None:
    """Mirrored print that shines through paper, for example."""
    texts = np.array(["Fifteen letters"] * len(confidences), object)
    pictures = [crop(*LETTERS)] * len(confidences)
    told = unread.reasons(texts, np.array(confidences, np.float32), pictures, Options(min_confidence=min_confidence))
    assert list(told) == [""] * count + ["low_confidence"] * (len(confidences) - count)


def test_lines_of_a_few_letters_do_not_tell_that_a_page_has_no_text() -> None:
    texts, pictures = np.array(["abc"] * 20, object), [crop(*LETTERS[:3], width=110)] * 20
    assert set(unread.reasons(texts, np.full(20, 0.85, np.float32), pictures, Options())) == {""}
