"""What the client with two requests hands to the recognizer."""

from typing import Literal

import numpy as np
import pytest

from benchmarks.baselines.engines.two_requests import padded_to_the_widest
from ocr_core.crops import IntArray
from ocr_core.pixels import RgbArray
from ocr_core.recognizer import Recognizer


@pytest.mark.parametrize(("padding", "filled"), [("grey", 127), ("edge", 9)])
def test_narrow_crops_are_padded_as_the_recognizer_asks(padding: Literal["grey", "edge"], filled: int) -> None:
    recognizer = Recognizer(height=2, min_width=1, max_width=320, padding=padding, characters=("", "a"))
    narrow, wide = np.full((2, 20, 3), 9, np.uint8), np.full((2, 33, 3), 5, np.uint8)
    ((places, batch),) = calls(np.hstack([narrow, wide]), [20, 33], recognizer, max_pixels=256)
    assert places.tolist() == [0, 1]
    assert batch.shape == (2, 2, 64, 3)
    assert (batch[0, :, :20] == 9).all()
    assert (batch[0, :, 20:] == filled).all()
    assert (batch[1, :, :33] == 5).all()


def test_no_batch_is_wider_than_the_recognizer_takes() -> None:
    recognizer = Recognizer(height=2, min_width=1, max_width=40, characters=("", "a"))
    ((_, batch),) = calls(np.zeros((2, 80, 3), np.uint8), [40, 40], recognizer, max_pixels=256)
    assert batch.shape == (2, 2, 40, 3)


@pytest.mark.parametrize(("max_pixels", "crops"), [(384, [2, 3]), (257, [1, 2, 2]), (1, [1] * 5)])
def test_no_call_has_more_pixels_than_the_recognizer_takes(max_pixels: int, crops: list[int]) -> None:
    recognizer = Recognizer(height=2, min_width=1, max_width=320, characters=("", "a"))
    widths = [64, 10, 20, 30, 40]
    made = calls(np.zeros((2, sum(widths), 3), np.uint8), widths, recognizer, max_pixels)
    assert sorted(batch.shape for _, batch in made) == [(number, 2, 64, 3) for number in crops]
    assert np.concatenate([places for places, _ in made]).tolist() == [0, 1, 2, 3, 4]


def test_a_page_without_text_needs_no_call() -> None:
    recognizer = Recognizer(height=2, min_width=1, max_width=320, characters=("", "a"))
    assert not calls(np.zeros((2, 0, 3), np.uint8), [], recognizer, max_pixels=256)


def calls(
    strip: RgbArray, widths: list[int], recognizer: Recognizer, max_pixels: int
) -> list[tuple[IntArray, RgbArray]]:
    return list(padded_to_the_widest(strip, np.array(widths, np.int32), recognizer, 16, max_pixels))
