"""Encoded images of every kind → what a viewer shows."""

import io
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from ocr_core import crops, image, quads
from ocr_core.errors import BadImage
from ocr_core.pixels import as_rgb
from tests.unit.asking import DB, recognizer

Rgb = tuple[int, int, int]
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
MAX_MEGAPIXELS = 0.01
ORIENTATION = 0x0112


def encode(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def halves(mode: str, left: Any, right: Any) -> Image.Image:
    """A picture of 32 × 16 pixels whose left and right halves have one value each."""
    picture = Image.new(mode, (32, 16), left)
    picture.paste(right, (16, 0, 32, 16))
    return picture


def grey(dtype: str, left: float, right: float) -> Image.Image:
    """Grey halves of a pixel type that Pillow has no modes for."""
    return Image.fromarray(np.repeat(np.array([[left, right]], dtype), 16, axis=1).repeat(16, axis=0))


def palette(left: Rgb, right: Rgb) -> Image.Image:
    picture = halves("P", 0, 1)
    picture.putpalette([*left, *right])
    return picture


def shown(encoded: bytes) -> tuple[list[int], list[int]]:
    """Colours in the middle of both halves."""
    decoded, size = image.decode(encoded, MAX_MEGAPIXELS, DB)
    page = as_rgb(decoded)
    assert (page.shape, page.dtype.name, size) == ((16, 32, 3), "uint8", (16, 32))
    return page[8, 8].tolist(), page[8, 24].tolist()


RGB = halves("RGB", RED, (0, 128, 255))
FORMATS = {
    "PNG": encode(RGB, "PNG"),
    "JPEG": encode(RGB, "JPEG", quality=95),
    "progressive JPEG": encode(RGB, "JPEG", quality=95, progressive=True),
    "WebP": encode(RGB, "WEBP", quality=95),
    "lossless WebP": encode(RGB, "WEBP", lossless=True),
    "TIFF": encode(RGB, "TIFF"),
    "LZW TIFF": encode(RGB, "TIFF", compression="tiff_lzw"),
    "JPEG TIFF": encode(RGB, "TIFF", compression="jpeg", quality=95),
    "BMP": encode(RGB, "BMP"),
    "GIF": encode(palette(RED, (0, 128, 255)), "GIF"),
    "PPM": encode(RGB, "PPM"),
}


@pytest.mark.parametrize("encoded", FORMATS.values(), ids=FORMATS.keys())
def test_every_format_shows_its_colours(encoded: bytes) -> None:
    left, right = shown(encoded)
    np.testing.assert_allclose([left, right], [RED, (0, 128, 255)], atol=6)


MODES: list[tuple[str, bytes, Rgb, Rgb]] = [
    ("grey", encode(halves("L", 10, 200), "PNG"), (10,) * 3, (200,) * 3),
    ("grey JPEG", encode(halves("L", 10, 200), "JPEG"), (10,) * 3, (200,) * 3),
    ("1 bit", encode(halves("1", 0, 1), "PNG"), (0,) * 3, WHITE),
    ("1 bit fax TIFF", encode(halves("1", 0, 1), "TIFF", compression="group4"), (0,) * 3, WHITE),
    ("16-bit grey PNG", encode(grey("u2", 0x8080, 0xFFFF), "PNG"), (128,) * 3, WHITE),
    ("16-bit grey TIFF", encode(grey("u2", 0x8080, 0xFFFF), "TIFF"), (128,) * 3, WHITE),
    ("8 bits of 16-bit grey", encode(grey("u2", 10, 0x00FF), "PNG"), (10,) * 3, WHITE),
    ("16-bit grey PGM", encode(grey("i4", 0x8080, 0xFFFF), "PPM"), (128,) * 3, WHITE),
    ("32-bit grey TIFF", encode(grey("i4", 100_000, 200_000), "TIFF"), (128,) * 3, WHITE),
    ("float TIFF up to 1", encode(grey("f4", 0.2, 1), "TIFF"), (51,) * 3, WHITE),
    ("float TIFF up to 255", encode(grey("f4", 10, 200), "TIFF"), (10,) * 3, (200,) * 3),
    ("float TIFF up to 65535", encode(grey("f4", 0x8080, 0xFFFF), "TIFF"), (128,) * 3, WHITE),
    ("float TIFF with holes", encode(grey("f4", np.nan, 1), "TIFF"), (0,) * 3, WHITE),
    ("grey and alpha", encode(halves("LA", (0, 51), (90, 255)), "PNG"), (204,) * 3, (90,) * 3),
    ("alpha", encode(halves("RGBA", (0, 0, 0, 0), (0, 0, 255, 51)), "PNG"), WHITE, (204, 204, 255)),
    ("alpha TIFF", encode(halves("RGBA", (0, 0, 0, 0), (0, 0, 255, 51)), "TIFF"), WHITE, (204, 204, 255)),
    ("alpha WebP", encode(halves("RGBA", (0, 0, 0, 0), (*BLUE, 255)), "WEBP", lossless=True), WHITE, BLUE),
    ("a transparent colour", encode(halves("RGB", GREEN, BLUE), "PNG", transparency=GREEN), WHITE, BLUE),
    ("a transparent grey", encode(halves("L", 10, 200), "PNG", transparency=10), WHITE, (200,) * 3),
    ("palette", encode(palette(GREEN, BLUE), "PNG"), GREEN, BLUE),
    ("palette with a transparent entry", encode(palette(GREEN, BLUE), "PNG", transparency=0), WHITE, BLUE),
    ("palette with alpha", encode(palette(RED, BLUE), "PNG", transparency=b"\xff\x33"), RED, (204, 204, 255)),
    ("transparent GIF", encode(palette(GREEN, BLUE), "GIF", transparency=0), WHITE, BLUE),
    ("palette BMP", encode(palette(GREEN, BLUE), "BMP"), GREEN, BLUE),
    ("CMYK TIFF", encode(halves("CMYK", (255, 0, 0, 0), (0, 0, 0, 255)), "TIFF"), (0, 255, 255), (0,) * 3),
    ("CMYK JPEG", encode(halves("CMYK", (0, 0, 255, 0), (0, 0, 0, 0)), "JPEG", quality=95), (255, 255, 0), WHITE),
]


@pytest.mark.parametrize(("encoded", "left", "right"), [case[1:] for case in MODES], ids=[case[0] for case in MODES])
def test_every_mode_becomes_the_rgb_that_a_viewer_shows(encoded: bytes, left: Rgb, right: Rgb) -> None:
    np.testing.assert_allclose(shown(encoded), (left, right), atol=3 if encoded[:2] == b"\xff\xd8" else 0)


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP", "PNG"])
def test_of_several_frames_the_first_counts(kind: str) -> None:
    lossless = {"lossless": True} if kind == "WEBP" else {}
    frames = [halves("RGB", colour, colour) for colour in (RED, GREEN, BLUE)]
    encoded = encode(frames[0], kind, save_all=True, append_images=frames[1:], **lossless)
    assert shown(encoded) == ([*RED], [*RED])


# The stored picture of what a viewer shows as `s`, by EXIF orientation (TIFF 6.0, page 36).
STORED: dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]] = {
    1: lambda s: s,
    2: lambda s: s[:, ::-1],
    3: lambda s: s[::-1, ::-1],
    4: lambda s: s[::-1],
    5: lambda s: s.transpose(1, 0, 2),
    6: lambda s: s.transpose(1, 0, 2)[::-1],
    7: lambda s: s.transpose(1, 0, 2)[::-1, ::-1],
    8: lambda s: s.transpose(1, 0, 2)[:, ::-1],
}


def stored(upright: NDArray[np.uint8], orientation: int, kind: str, **options: Any) -> bytes:
    """A file whose pixels stand as the orientation says, so that a viewer shows them upright."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    pixels = np.ascontiguousarray(STORED[orientation](upright))
    return encode(Image.fromarray(pixels), kind, exif=exif, **options)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", STORED)
def test_a_page_stands_upright_and_its_size_is_that_of_a_viewer(orientation: int, kind: str) -> None:
    upright = np.zeros((32, 48, 3), np.uint8)
    upright[:16, :16], upright[:16, 32:], upright[16:, :16] = 255, 170, 85
    page, size = image.decode(stored(upright, orientation, kind, quality=100), MAX_MEGAPIXELS, DB)
    assert size == (32, 48)
    np.testing.assert_allclose(page.astype(int), upright, atol=2)


def exif_block(*tags: tuple[int, int, int]) -> bytes:
    """An EXIF block of tags (number, type, value)."""
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(16)


@pytest.mark.filterwarnings("ignore:.*EXIF:UserWarning:PIL")
@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
@pytest.mark.parametrize(
    "exif",
    [
        pytest.param(b"Exif\0\0II*\0\x08\0\0\0", id="cut off"),
        pytest.param(b"Exif\0\0no tags here", id="not TIFF"),
        pytest.param(exif_block((ORIENTATION, 3, 9)), id="orientation 9"),
        pytest.param(exif_block((ORIENTATION, 2, 0x36)), id="orientation as text"),
        pytest.param(exif_block((ORIENTATION, 5, 8)), id="orientation without a denominator"),
    ],
)
def test_broken_exif_says_nothing_about_the_pixels(exif: bytes, kind: str) -> None:
    left, _ = shown(encode(RGB, kind, quality=95, exif=exif))
    np.testing.assert_allclose(left, RED, atol=6)


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param((0x0100, 5, 8), id="a width that is a fraction"),
        pytest.param((0x010F, 11, 0), id="a maker that is a number"),
        pytest.param((0x0110, 12, 8), id="a model that is a number"),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_page_is_turned_upright_whatever_its_other_tags_say(broken: tuple[int, int, int], kind: str) -> None:
    encoded = encode(RGB, kind, quality=95, exif=exif_block(*sorted([(ORIENTATION, 3, 6), broken])))
    page, size = image.decode(encoded, MAX_MEGAPIXELS, DB)
    assert (page.shape, size) == ((32, 16, 3), (32, 16))
    np.testing.assert_allclose(page[8, 8], RED, atol=6)


def png(width: int, height: int, *data: bytes) -> bytes:
    """A grey PNG of the given chunks, each its type and content, after a header that promises a size."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in (header, *data)
    )


@pytest.mark.parametrize(
    ("encoded", "message"),
    [
        (b"", "the image is empty (0 bytes); send the bytes of an image file"),
        (b"hello", "these 5 bytes are no image that can be read here; send the bytes of a JPEG, PNG, WebP"),
        (b"%PDF-1.7", "these 8 bytes are no image"),
        (b"\x89PNG\r\n\x1a\n", "these 8 bytes are no image"),
        (FORMATS["PNG"][:-30], "the PNG image of 32 x 16 pixels is damaged or truncated; send the whole file"),
        (FORMATS["JPEG"][:-2], "the JPEG image of 32 x 16 pixels is damaged or truncated; send the whole file"),
    ],
)
def test_what_cannot_be_decoded_is_told_to_the_caller(encoded: bytes, message: str) -> None:
    with pytest.raises(BadImage, match=re.escape(message)):
        image.decode(encoded, MAX_MEGAPIXELS, DB)


@pytest.mark.filterwarnings("ignore:.*:UserWarning:PIL")
@pytest.mark.parametrize("encoded", FORMATS.values(), ids=FORMATS.keys())
def test_half_a_file_is_refused_in_every_format(encoded: bytes) -> None:
    with pytest.raises(BadImage, match=r"truncated|no image that can be read"):
        image.decode(encoded[: len(encoded) // 2], MAX_MEGAPIXELS, DB)


@pytest.mark.parametrize(
    ("width", "height", "message"),
    [
        (
            20_000,
            10_000,
            "the PNG image has 20000 x 10000 = 200 megapixels; at most 100 are accepted, send it scaled down",
        ),
        (65_536, 1, "the image is 65536 x 1 pixels; sides of at most 65535 are accepted"),
        (1, 65_536, "the image is 1 x 65536 pixels; sides of at most 65535 are accepted"),
        (10_000, 10_000, "damaged or truncated"),
        (65_535, 1, "damaged or truncated"),
    ],
)
def test_an_image_too_large_is_refused_by_its_header_alone(width: int, height: int, message: str) -> None:
    """The headers stand for pictures that were never written: to decode them is another error."""
    with pytest.raises(BadImage, match=message):
        image.decode(png(width, height, b"IDAT" + zlib.compress(b"")), 100, DB)


@pytest.mark.parametrize("kind", ["PCX", "TGA", "ICO", "EPS", "PDF"])
def test_formats_that_are_not_promised_are_not_tried(kind: str) -> None:
    """Some of Pillow's readers start other programs; each one less is less to attack."""
    with pytest.raises(BadImage, match="no image that can be read here"):
        image.decode(encode(RGB, kind), MAX_MEGAPIXELS, DB)


def tiff(offset_type: int, offset: int) -> bytes:
    """A TIFF in which the place of the pixels is of another type than the standard says; it ends in eight 0xFF."""
    encoded = bytearray(FORMATS["TIFF"] + b"\xff" * 8)
    entry = encoded.index(struct.pack("<HH", TiffImagePlugin.STRIPOFFSETS, 4))
    struct.pack_into("<HII", encoded, entry + 2, offset_type, 1, offset)
    return bytes(encoded)


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param(tiff(5, 8), id="pixels at a fraction"),
        pytest.param(tiff(2, 65), id="pixels at a letter"),
        pytest.param(tiff(16, len(FORMATS["TIFF"])), id="pixels beyond 64 bits"),
        pytest.param(
            png(9, 9, b"IDAT" + zlib.compress(bytes(range(90)))[:20], b"}z[9"), id="pixels of an unknown kind"
        ),
    ],
)
def test_a_file_that_contradicts_its_format_is_damaged(encoded: bytes) -> None:
    with pytest.raises(BadImage, match="is damaged or truncated"):
        image.decode(encoded, MAX_MEGAPIXELS, DB)


@pytest.mark.filterwarnings("ignore:.*:UserWarning:PIL")
@given(
    encoded=st.sampled_from([*FORMATS.values(), *(case[1] for case in MODES)]),
    flips=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=4),
    length=st.integers(0, 2000),
)
def test_damage_is_either_shown_or_refused(encoded: bytes, flips: list[tuple[int, int]], length: int) -> None:
    damaged = bytearray(encoded)
    for position, value in flips:
        damaged[position % len(damaged)] = value
    try:
        page, (height, width) = image.decode(bytes(damaged[: max(length, 1)]), MAX_MEGAPIXELS, DB)
    except BadImage:
        return
    assert page.dtype == np.uint8
    assert page.shape in ((height, width, 3), (height, width, 1))


def test_a_single_pixel_is_an_image() -> None:
    page, size = image.decode(encode(Image.new("RGB", (1, 1), RED), "PNG"), MAX_MEGAPIXELS, DB)
    assert (page.tolist(), size) == ([[[*RED]]], (1, 1))
    assert image.fit_to_detector(page, DB).shape == (32, 32, 3)


@pytest.mark.parametrize(("width", "height"), [(65_535, 1), (40, 40_000)])
def test_an_image_as_thin_as_a_thread_can_be_read(width: int, height: int) -> None:
    page, size = image.decode(encode(Image.new("1", (width, height), 1), "PNG"), 100, DB)
    assert size == (height, width)
    whole = np.array([[[0, 0], [page.shape[1], 0], page.shape[1::-1], [0, page.shape[0]]]], np.float32)
    line = quads.turn_to_reading_direction(whole)
    strip, _ = crops.cut(page, line, recognizer(max_width=100))
    assert strip.min() == 255
    assert max(image.fit_to_detector(page, DB).shape) <= image.MAX_PAGE_SIDE_PX


@given(width=st.integers(1, 65_535), height=st.integers(1, 65_535))
def test_the_detectors_input_has_sides_of_whole_strides_and_a_bounded_area(width: int, height: int) -> None:
    detector_width, detector_height = image.detector_size(width, height, DB)
    assert detector_width >= 32
    assert detector_height >= 32
    assert (detector_width % 32, detector_height % 32) == (0, 0)
    # Rounding may widen a side of one and a half strides to two.
    assert detector_width * detector_height <= 4 / 3 * DB.max_area_px


@pytest.mark.parametrize(
    ("page_wh", "detector_wh"),
    [
        ((640, 480), (640, 480)),
        ((1280, 960), (1280, 960)),
        ((650, 470), (640, 480)),
        ((2560, 1920), (1280, 960)),
        ((3000, 3000), (1120, 1120)),
        ((6000, 4000), (1344, 896)),
        ((400, 6000), (288, 4288)),
    ],
)
def test_a_page_keeps_its_size_for_the_detector_or_is_scaled_to_its_area(
    page_wh: tuple[int, int], detector_wh: tuple[int, int]
) -> None:
    assert image.detector_size(*page_wh, DB) == detector_wh


def test_the_detectors_own_bounds_count() -> None:
    small = replace(DB, side_multiple_px=48, max_area_px=10**9, max_side_px=200)
    assert image.detector_size(1000, 100, small) == (192, 96)


# Pages of more than 192 × 192 pixels are reduced for this one.
SMALL = replace(DB, max_area_px=64 * 64)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_large_page_is_reduced_and_keeps_the_images_size(kind: str, orientation: int) -> None:
    upright = np.zeros((800, 1000, 3), np.uint8)
    upright[:400, :500], upright[400:, 500:] = RED, BLUE
    page, size = image.decode(stored(upright, orientation, kind), 1, SMALL)
    assert size == (800, 1000)
    assert page.shape == (192, 192, 3)
    middles = page[48::96, 48::96].reshape(-1, 3)
    np.testing.assert_allclose(middles, [RED, (0, 0, 0), (0, 0, 0), BLUE], atol=3)


def test_a_jpeg_of_a_usual_size_keeps_every_pixel() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (90, 70, 3), np.uint8)
    encoded = encode(Image.fromarray(noise), "JPEG")
    page, _ = image.decode(encoded, MAX_MEGAPIXELS, DB)
    assert np.array_equal(page, np.asarray(Image.open(io.BytesIO(encoded))))


def test_a_large_jpeg_is_decoded_no_smaller_than_the_page() -> None:
    """Blocks of 8 page pixels, which would blur at an eighth of the image's size."""
    blocks = np.random.default_rng(0).integers(0, 256, (24, 24), np.uint8)
    upright = cv2.resize(blocks, (960, 960), interpolation=cv2.INTER_NEAREST)
    page, _ = image.decode(encode(Image.fromarray(upright), "JPEG", quality=95), 1, SMALL)
    expected = cv2.resize(blocks, (192, 192), interpolation=cv2.INTER_NEAREST)
    assert page.shape == (192, 192, 1)
    assert np.abs(page[:, :, 0].astype(int) - expected).mean() < 4


def test_a_turned_image_that_is_almost_square_keeps_its_size_when_reduced() -> None:
    """Reduced decoding rounds 1599 × 1600 to a square, which looks the same turned."""
    upright = np.zeros((1599, 1600, 3), np.uint8)
    _, size = image.decode(stored(upright, 6, "JPEG"), 3, SMALL)
    assert size == (1599, 1600)


def test_a_reduced_page_and_the_detectors_view_are_averaged_instead_of_sampled() -> None:
    checkered = (np.indices((576, 576)).sum(axis=0) % 2 * 255).astype(np.uint8)
    page, _ = image.decode(encode(Image.fromarray(checkered), "PNG"), 1, SMALL)
    assert page.shape == (192, 192, 1)
    np.testing.assert_allclose(page.astype(int), 127, atol=16)
    view = image.fit_to_detector(checkered[:128, :128, None], SMALL)
    assert view.shape == (64, 64, 3)
    np.testing.assert_allclose(view.astype(int), 127, atol=1)
