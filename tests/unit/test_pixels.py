"""What is reduced first looks the same as what is converted first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from ocr_core.pixels import PixelArray, as_grey, as_rgb, to_page

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
WITHOUT_COLOURS = {"1 bit", "grey", "16 bits", "32 bits", "float"}


@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated:DeprecationWarning")
@pytest.mark.parametrize("size_wh", SMALL_WH.values(), ids=SMALL_WH.keys())
@pytest.mark.parametrize("name", PICTURES)
def test_a_reduced_page_is_within_rounding_of_one_that_was_converted_whole(name: str, size_wh: tuple[int, int]) -> None:
    picture = PICTURES[name]
    whole = to_page(picture, picture.size)
    assert whole.shape == (240, 300, 1 if name in WITHOUT_COLOURS else 3)
    np.testing.assert_allclose(to_page(picture, size_wh).astype(int), reduced(whole, size_wh), atol=2)


def reduced(page: PixelArray, size_wh: tuple[int, int]) -> NDArray[np.int_]:
    return to_page(Image.fromarray(page.squeeze()), size_wh).astype(int)


@given(arrays(np.uint8, (3, 4, 1)))
def test_grey_in_three_channels_is_the_same_grey(grey: PixelArray) -> None:
    rgb = as_rgb(grey)
    assert np.array_equal(rgb, np.dstack([grey] * 3))
    assert np.array_equal(as_grey(rgb), as_grey(grey))
    assert as_rgb(rgb) is rgb


def test_a_number_that_no_page_has_does_not_darken_the_others() -> None:
    values = np.full((100, 100), 0.5, np.float32)
    values[0, 0], values[1, 1], values[2, 2] = np.nan, np.inf, -3e38
    assert to_page(Image.fromarray(values), (50, 50))[20, 20] == 128
    assert (to_page(Image.fromarray(np.full((9, 9), 3e38, np.float32)), (3, 3)) == 255).all()


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_white_is_what_an_instrument_of_so_many_bits_calls_white(bits: int) -> None:
    """Its counts lie in the low bits of 16."""
    white = 2**bits - 1
    grey = np.linspace(0, white, 256).round().astype(np.uint16).reshape(16, 16)
    np.testing.assert_allclose(to_page(Image.fromarray(grey), (16, 16))[:, :, 0].ravel(), np.arange(256), atol=1)
