"""Files that would cost much are refused quickly, and honest ones that look like them are read."""

import struct
import time

import numpy as np
import pytest
from PIL import Image

from ocr_core import image, structure
from ocr_core.errors import BadImage
from tests.bombs import (
    BOMBS,
    GIF_APPLICATION,
    encode,
    exif_of_shared_values,
    gif,
    lossless_webp,
    png,
    progressive_jpeg,
    tiff,
)
from tests.unit.asking import DB

MAX_MEGAPIXELS = 40


@pytest.mark.parametrize(("encoded", "said"), BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_before_its_pixels_are_touched(encoded: bytes, said: str) -> None:
    start_s = time.process_time()
    with pytest.raises(BadImage, match=said):
        image.decode(encoded, MAX_MEGAPIXELS, DB)
    assert time.process_time() - start_s < 1


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8))
PROFILE = bytes(16_000_000)
PREVIEW = encode(NOISE, "JPEG", progressive=True, quality=20)
HONEST = {
    "a progressive JPEG": encode(NOISE, "JPEG", progressive=True),
    "a progressive JPEG of 100 scans": progressive_jpeg(400, 94),
    "a JPEG with a colour profile of 255 segments": encode(NOISE, "JPEG", icc_profile=PROFILE),
    "a JPEG with a preview, which has scans of its own": encode(NOISE, "JPEG", exif=b"Exif\0\0" + PREVIEW),
    "a GIF with 100 kB of metadata": gif(GIF_APPLICATION + (b"\xff" + bytes(255)) * 400 + b"\0"),
    "a GIF with a comment": gif(b"\x21\xfe" + (b"\xff" + b"a" * 255) * 200 + b"\0"),
    "a TIFF with a strip for each row": tiff(100, 20_000, strips=20_000, rows_per_strip=1),
    "a TIFF in tiles": encode(NOISE, "TIFF", compression="tiff_lzw", tiffinfo={322: 16, 323: 16}),
    "a TIFF with a colour profile": encode(NOISE, "TIFF", icc_profile=bytes(1_000_000)),
    "a PNG with a colour profile": encode(NOISE, "PNG", icc_profile=bytes(100_000)),
    "a blank PNG of A4 at 600 dpi": png(4960, 7016, bits=1),
    "a blank fax of A4 at 600 dpi": encode(Image.new("1", (4960, 7016), 1), "TIFF", compression="group4"),
    "a blank lossless WebP of 10 megapixels": encode(Image.new("RGB", (4000, 2500)), "WEBP", lossless=True),
    "a blank GIF of 4 megapixels": encode(Image.new("L", (2000, 2000)), "GIF"),
}


@pytest.mark.parametrize("encoded", HONEST.values(), ids=HONEST.keys())
def test_an_honest_file_is_read_whatever_it_has_in_common_with_a_bomb(encoded: bytes) -> None:
    _, (height, width) = image.decode(encoded, MAX_MEGAPIXELS, DB)
    assert height * width > 255


def test_a_photo_of_100_megapixels_is_read() -> None:
    _, size = image.decode(encode(Image.new("L", (10_000, 10_000), 255), "JPEG"), MAX_MEGAPIXELS, DB)
    assert size == (10_000, 10_000)


ACCEPTED = {
    "JPEG": (encode(Image.new("L", (1001, 1000)), "JPEG"), 0.4),
    "progressive JPEG": (encode(NOISE, "JPEG", progressive=True), 1 / 0.6),
    "PNG": (png(1001, 1000), 1),
    "PNG of RGB": (png(1001, 1000, colour=2), 1),
    "PNG of 16 bits": (png(1001, 1000, bits=16), 1),
    "PNG of RGB of 16 bits": (png(1001, 1000, bits=16, colour=2), 1 / 0.6),
    "PNG with alpha": (png(1001, 1000, colour=6), 1 / 0.6),
    "float TIFF": (encode(Image.fromarray(np.zeros((1000, 1001), np.float32)), "TIFF"), 1 / 0.6),
    "WebP": (encode(Image.new("RGB", (1001, 1000)), "WEBP"), 2),
    "PGM of an unusual range": (b"P5 101 100 99 " + bytes(101 * 100), 40),
}


@pytest.mark.parametrize(("encoded", "times"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_limit_is_exact_and_fits_what_a_format_costs(encoded: bytes, times: float) -> None:
    """Megapixels times what the format counts for: with that as the limit an image is read, with less it is not."""
    _, (height, width) = image.decode(encoded, MAX_MEGAPIXELS, DB)
    limit = height * width / 1e6 * times
    image.decode(encoded, limit * 1.0001, DB)
    with pytest.raises(BadImage, match=rf"= {height * width / 1e6:.3g} megapixels.*; at most [\d.]+ are accepted"):
        image.decode(encoded, limit * 0.9999, DB)


@pytest.mark.parametrize(
    ("encoded", "scans"),
    [
        pytest.param(encode(NOISE, "JPEG"), 1, id="baseline"),
        pytest.param(encode(NOISE, "JPEG", progressive=True), 10, id="progressive"),
        pytest.param(progressive_jpeg(64, 20), 26, id="further scans"),
        pytest.param(
            encode(NOISE, "JPEG") + encode(NOISE, "JPEG", progressive=True) * 3, 1, id="images after the first"
        ),
        pytest.param(encode(NOISE, "JPEG", progressive=True) * 3, 10, id="images after a progressive one"),
    ],
)
def test_scans_are_counted_as_the_decoder_will_meet_them(encoded: bytes, scans: int) -> None:
    assert structure.jpeg_scans(encoded) == scans


def test_a_scan_that_hides_behind_a_false_end_is_counted() -> None:
    """Two bytes within a comment look like the end of the image, and are none."""
    encoded = progressive_jpeg(64, 0)
    last = encoded.rindex(b"\xff\xda")
    hidden = encoded[:last] + b"\xff\xfe\0\x04\xff\xd9" + encoded[last:]
    assert structure.jpeg_scans(hidden) == structure.jpeg_scans(encoded)


@pytest.mark.parametrize("kind", [{"lossless": True}, {}, {"lossless": True, "exif": b"Exif\0\0II*\0"}], ids=str)
def test_the_size_that_a_webp_declares_is_read_from_its_header(kind: dict[str, object]) -> None:
    assert structure.webp_size(encode(Image.new("RGB", (321, 123)), "WEBP", **kind)) == (321, 123)
    assert structure.webp_size(lossless_webp(16383, 6100)) == (16383, 6100)


def test_stray_bytes_between_the_segments_of_a_jpeg_are_bounded() -> None:
    encoded = encode(NOISE, "JPEG")
    start, rest = encoded[:20], encoded[20:]  # the first segment is JFIF's
    assert image.decode(start + bytes(1000) + rest, MAX_MEGAPIXELS, DB)[1] == (300, 400)
    with pytest.raises(BadImage, match="stray bytes"):
        image.decode(start + bytes(100_000) + rest, MAX_MEGAPIXELS, DB)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True], ids=["TIFF", "BigTIFF"])
def test_values_are_counted_in_either_byte_order_and_in_bigtiff(order: str, big: bool) -> None:
    mark = {"<": b"II", ">": b"MM"}[order]
    header = mark + (struct.pack(order + "HHHQ", 43, 8, 0, 16) if big else struct.pack(order + "HL", 42, 8))
    entry = struct.pack(order + ("HHQ8x" if big else "HHL4x"), 273, 4, 100_000)
    with pytest.raises(BadImage, match="more than 65536 values of one tag"):
        structure.check(header + struct.pack(order + ("Q" if big else "H"), 1) + entry)


@pytest.mark.parametrize("encoded", [b"II*\0", b"GIF89a", b"\x89PNG", b"GIF89a" + b"\xff" * 7, b"II+\0" + b"\xff" * 12])
def test_a_file_that_ends_early_has_few_parts(encoded: bytes) -> None:
    structure.check(encoded)
    assert structure.jpeg_scans(b"\xff\xd8" + encoded) == 1


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_exif_block_larger_than_a_jpeg_can_have_says_nothing(kind: str) -> None:
    """Its tags share a value: read, they would take gigabytes."""
    start_s = time.process_time()
    encoded = encode(NOISE, kind, exif=exif_of_shared_values(4_000, 1_000_000))
    assert image.decode(encoded, MAX_MEGAPIXELS, DB)[1] == (300, 400)
    assert time.process_time() - start_s < 1
