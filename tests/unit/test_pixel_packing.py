"""Raw pixels become a file that decodes to the same pixels."""

import numpy as np
import pytest

from ocr_core import image, pixel_packing
from ocr_core.detector import Detector
from ocr_core.errors import BadImage
from tests.project import MODEL_REPOSITORY

DETECTOR = Detector.load(MODEL_REPOSITORY / "image_preprocessing" / "1")


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (40, 300)])
def test_the_decoder_gives_the_pixels_back_as_they_were(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    page, found = image.decode(pixel_packing.pack(pixels).tobytes(), 40, DETECTOR)
    assert found == size
    np.testing.assert_array_equal(page, pixels)


def test_rows_that_do_not_lie_one_after_the_other_are_taken_in_their_order() -> None:
    pixels = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    assert pixel_packing.pack(pixels[::-1, ::2]).tobytes().endswith(pixels[::-1, ::2].tobytes())


@pytest.mark.parametrize("size", [(0, 5), (5, 0)])
def test_an_image_without_pixels_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(BadImage, match=rf"the image is {size[1]} x {size[0]} pixels; it must have at least one"):
        pixel_packing.pack(np.zeros((*size, 3), np.uint8))
