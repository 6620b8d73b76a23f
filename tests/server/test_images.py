"""Every kind of image file is read, and its quads lie where a viewer shows the text."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PIL.Image import Transpose

from benchmarks.accuracy.changed import fade
from benchmarks.accuracy.drawn_words import LARGE_SIZES_PX, draw_pages
from ocr_client import OcrClient, Page
from tests.project import SAMPLES

# Lossy coding and fewer colours move the detector's map a little.
TOLERANCE_PX = 2
EXIF_ORIENTATION = 0x0112
# How a camera that notes this orientation has stored the picture.
STORED = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_90,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_270,
}


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    """The label, 840 pixels wide and 640 high: its two sides tell whether they were swapped."""
    with Image.open(SAMPLES / "label.png") as opened:
        return opened.convert("RGB")


def encoded(image: Image.Image, file_format: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def quads(page: Page) -> NDArray[np.float64]:
    return np.array([line.quad for line in page.lines])


def assert_same(page: Page, expected: Page) -> None:
    """The same size and texts, and quads within the tolerance."""
    assert (page.width, page.height, page.text) == (expected.width, expected.height, expected.text)
    assert np.abs(quads(page) - quads(expected)).max() <= TOLERANCE_PX


@pytest.mark.parametrize(
    ("mode", "file_format"),
    [
        pytest.param("L", "PNG", id="grey PNG"),
        pytest.param("RGBA", "PNG", id="opaque RGBA PNG"),
        pytest.param("RGB", "GIF", id="GIF, which has a palette"),
        pytest.param("CMYK", "JPEG", id="CMYK JPEG"),
        pytest.param("CMYK", "TIFF", id="CMYK TIFF"),
        pytest.param("RGB", "WEBP", id="WebP"),
        pytest.param("RGB", "BMP", id="BMP"),
        pytest.param("RGB", "PPM", id="PPM"),
    ],
)
def test_colour_modes_and_formats_read_alike(
    client: OcrClient, label: Page, picture: Image.Image, mode: str, file_format: str
) -> None:
    assert_same(client.read(encoded(picture.convert(mode), file_format, quality=95)), label)


def test_16_bit_grey_reads_like_8_bit(client: OcrClient, label: Page, picture: Image.Image) -> None:
    """All low bytes are alike: what is to be seen is in the high ones."""
    grey = np.asarray(picture.convert("L")).astype(np.uint16) * 256 + 128
    assert_same(client.read(encoded(Image.fromarray(grey), "PNG")), label)


def test_12_bit_grey_in_16_does_so_too(client: OcrClient, label: Page, picture: Image.Image) -> None:
    grey = np.asarray(picture.convert("L")).astype(np.uint16) * 16
    assert_same(client.read(encoded(Image.fromarray(grey), "PNG")), label)


def test_a_faded_page_is_read_whole(client: OcrClient) -> None:
    """The detector alone finds half of this page if it has but 40 levels of grey."""
    drawn = next(draw_pages("level", LARGE_SIZES_PX))
    found = client.read(fade(drawn.image_rgb, 46)).text.split()
    assert found == [word.text for word in drawn.words]


def test_transparent_paper_is_white(client: OcrClient, label: Page, picture: Image.Image) -> None:
    """All pixels are black; how much of the white shows through makes the picture."""
    opacity = 255 - np.asarray(picture.convert("L"))
    ink = Image.fromarray(np.dstack([np.zeros_like(opacity), opacity]), "LA")
    assert_same(client.read(encoded(ink, "PNG")), label)


@pytest.mark.parametrize("orientation", STORED)
def test_a_picture_turned_by_exif_reads_like_the_upright_one(
    client: OcrClient, label: Page, picture: Image.Image, orientation: int
) -> None:
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    stored = picture.transpose(STORED[orientation])
    assert_same(client.read(encoded(stored, "JPEG", quality=95, exif=exif)), label)


def test_a_single_pixel_is_a_page_without_text(client: OcrClient) -> None:
    assert client.read(encoded(Image.new("RGB", (1, 1)), "PNG")) == Page(width=1, height=1, lines=())


def test_quads_of_a_24_megapixel_photo_are_in_its_own_pixels(
    client: OcrClient, label: Page, picture: Image.Image
) -> None:
    scale, left, top = 5, 900, 400
    photo = Image.new("RGB", (6000, 4000), "white")
    photo.paste(picture.resize((picture.width * scale, picture.height * scale)), (left, top))
    page = client.read(encoded(photo, "JPEG", quality=85))
    assert (page.width, page.height, page.text) == (6000, 4000, label.text)
    # The detector saw it 4.5 times smaller: its own pixel is as wide as this tolerance.
    assert np.abs((quads(page) - [left, top]) / scale - quads(label)).max() <= 2 * TOLERANCE_PX
