"""Images that benchmarks make."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from benchmarks.common.images import enlarged, page_of
from tests.project import SAMPLES


@pytest.mark.parametrize("megapixels", [0.3, 2])
def test_a_sample_is_enlarged_to_so_many_pixels_in_its_proportions(megapixels: float) -> None:
    with (
        Image.open(SAMPLES / "street.jpg") as sample,
        Image.open(BytesIO(enlarged(SAMPLES / "street.jpg", megapixels))) as image,
    ):
        assert image.width * image.height == pytest.approx(megapixels * 1e6, rel=0.01)
        assert image.width / image.height == pytest.approx(sample.width / sample.height, rel=0.01)


def test_pages_of_more_lines_have_more_ink_and_the_same_size() -> None:
    pages = [np.asarray(Image.open(BytesIO(page_of(lines, room_for=2000)))) for lines in (0, 1, 100, 2000)]
    assert len({page.shape for page in pages}) == 1
    ink = [int((page < 128).sum()) for page in pages]
    assert ink[0] == 0
    assert ink == sorted(set(ink))
