"""What the client with two requests hands to the recognizer."""

from typing import Literal

import numpy as np
import pytest

from benchmarks.baselines.engines.two_requests import one_batch
from ocr_core.recognizer import Recognizer


@pytest.mark.parametrize(("padding", "filled"), [("grey", 127), ("edge", 9)])
def test_narrow_crops_are_padded_as_the_recognizer_asks(padding: Literal["grey", "edge"], filled: int) -> None:
    recognizer = Recognizer(height=2, min_width=1, max_width=320, padding=padding, characters=("", "a"))
    narrow, wide = np.full((2, 20, 3), 9, np.uint8), np.full((2, 33, 3), 5, np.uint8)
    batch = one_batch(np.hstack([narrow, wide]), np.array([20, 33], np.int32), recognizer)
    assert batch.shape == (2, 2, 64, 3)
    assert (batch[0, :, :20] == 9).all()
    assert (batch[0, :, 20:] == filled).all()
    assert (batch[1, :, :33] == 5).all()


def test_no_batch_is_wider_than_the_recognizer_takes() -> None:
    recognizer = Recognizer(height=2, min_width=1, max_width=40, characters=("", "a"))
    batch = one_batch(np.zeros((2, 80, 3), np.uint8), np.array([40, 40], np.int32), recognizer)
    assert batch.shape == (2, 2, 40, 3)
