"""What is reduced first looks the same as what is converted first."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ocr_core.pixels import RgbArray, to_rgb

SMALL_WH = {"to two thirds": (200, 160), "to a fifth": (60, 48)}
# A page: paper, and black strokes of a few pixels on it.
INK = (np.random.default_rng(0).random((60, 75)) < 0.3).repeat(4, axis=0).repeat(4, axis=1)
GREY = np.where(INK, 20, 230).astype(np.uint8)
RGB = np.stack([GREY, 255 - GREY, np.full_like(GREY, 99)], axis=2)
ALPHA = np.random.default_rng(1).integers(0, 256, GREY.shape, np.uint8)


def palette() -> Image.Image:
    picture = Image.fromarray(INK.astype(np.uint8), "P")
    picture.putpalette([250, 240, 10, 20, 30, 200])
    return picture


def transparent(picture: Image.Image, entry: object) -> Image.Image:
    picture.info["transparency"] = entry
    return picture


PICTURES = {
    "1 bit": Image.fromarray(INK),
    "grey": Image.fromarray(GREY),
    "RGB": Image.fromarray(RGB),
    "palette": palette(),
    "palette with a transparent entry": transparent(palette(), 1),
    "palette with alpha": transparent(palette(), b"\x40\xff"),
    "grey with alpha": Image.fromarray(np.dstack([GREY, ALPHA]), "LA"),
    "RGB with alpha": Image.fromarray(np.dstack([RGB, ALPHA])),
    "RGB with a transparent colour": transparent(Image.fromarray(RGB), (20, 235, 99)),
    "16 bits": Image.fromarray(GREY.astype(np.uint16) * 257),
    "32 bits": Image.fromarray(GREY.astype(np.int32) * 1000),
    "float": Image.fromarray(GREY.astype(np.float32) / 255),
    "CMYK": Image.fromarray(RGB).convert("CMYK"),
}


@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated:DeprecationWarning")
@pytest.mark.parametrize("size_wh", SMALL_WH.values(), ids=SMALL_WH.keys())
@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES.keys())
def test_a_reduced_page_is_within_rounding_of_one_that_was_converted_whole(
    picture: Image.Image, size_wh: tuple[int, int]
) -> None:
    whole = to_rgb(picture, picture.size)
    assert whole.shape == (240, 300, 3)
    np.testing.assert_allclose(to_rgb(picture, size_wh).astype(int), reduced(whole, size_wh), atol=2)


def reduced(page: RgbArray, size_wh: tuple[int, int]) -> NDArray[np.int_]:
    return to_rgb(Image.fromarray(page), size_wh).astype(int)


def test_a_number_that_no_page_has_does_not_darken_the_others() -> None:
    values = np.full((100, 100), 0.5, np.float32)
    values[0, 0], values[1, 1], values[2, 2] = np.nan, np.inf, -3e38
    assert to_rgb(Image.fromarray(values), (50, 50))[20, 20].tolist() == [128] * 3
    assert to_rgb(Image.fromarray(np.full((9, 9), 3e38, np.float32)), (3, 3)).tolist() == [[[255] * 3] * 3] * 3
