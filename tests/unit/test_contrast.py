"""A faded page is stretched to all grey levels; all others stay what they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ocr_core import contrast
from ocr_core.pixels import PixelArray


def page(paper: int, ink: int, channels: int = 1) -> PixelArray:
    drawn = np.full((200, 300, channels), paper, np.uint8)
    drawn[20:180:8, 30:270] = ink
    return drawn


@pytest.mark.parametrize(("paper", "ink"), [(250, 200), (200, 250), (60, 10), (148, 100)])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_faded_page_gets_full_contrast(paper: int, ink: int, channels: int) -> None:
    restored = contrast.restore(page(paper, ink, channels))
    assert restored.shape == (200, 300, channels)
    assert restored.dtype == np.uint8
    assert (restored[0, 0, 0] - 128.0) * (paper - ink) > 0
    assert {int(restored[0, 0, 0]), int(restored[20, 30, 0])} == {0, 255}


NOISE = np.random.default_rng(0).normal(240, 3, (400, 400, 1)).round().astype(np.uint8)


@pytest.mark.parametrize(
    "other",
    [page(250, 100), page(255, 0, 3), page(200, 200), page(240, 225), NOISE],
    ids=["grey", "black", "blank", "shining through", "noise"],
)
def test_a_page_that_is_not_faded_or_shows_next_to_nothing_is_itself(other: PixelArray) -> None:
    assert contrast.restore(other) is other


def test_dust_does_not_hide_that_a_page_is_faded_but_a_word_does() -> None:
    dusty = page(250, 200)
    dusty[4, 4] = 0
    assert int(contrast.restore(dusty)[20, 30, 0]) == 0
    word = page(250, 200)
    word[100:112, 40:100:3] = 0
    assert contrast.restore(word) is word


def test_colours_keep_their_hue() -> None:
    tinted = page(220, 220, 3)
    tinted[20:180:8, 30:270] = 170, 140, 140
    red, green, blue = contrast.restore(tinted)[20, 30]
    assert red > green == blue


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]))))
def test_no_order_of_brightness_is_reversed(pixels: PixelArray) -> None:
    restored = contrast.restore(pixels)
    order = np.argsort(pixels.ravel(), kind="stable")
    assert (np.diff(restored.ravel()[order].astype(int)) >= 0).all()
