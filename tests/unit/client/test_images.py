"""What may be given as an image, and what is sent for it: decoded as the server does, it is the same page."""

from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from ocr_client.images import encode, image_name
from ocr_core.image import decode
from tests.unit.asking import DB

GRADIENT = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)


def page(image: Any) -> Any:
    """The pixels that the server makes of it."""
    return decode(encode(image), 1, DB)[0]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, BytesIO])
def test_a_files_content_goes_as_it_is(kind: Any) -> None:
    assert encode(kind(b"\x89PNG")) == b"\x89PNG"


@pytest.mark.parametrize("kind", [str, Path])
def test_a_path_is_read(kind: Any, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"content")
    assert encode(kind(tmp_path / "a.png")) == b"content"


def test_an_open_file_is_read_from_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"skipped content")
    with (tmp_path / "a.png").open("rb") as file:
        file.seek(8)
        assert encode(file) == b"content"


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3))))
def test_an_arrays_pixels_arrive_unchanged(pixels_rgb: Any) -> None:
    assert np.array_equal(page(pixels_rgb), pixels_rgb)


def test_a_part_of_an_array_is_an_image_too() -> None:
    assert np.array_equal(page(GRADIENT[::2, ::-1]), GRADIENT[::2, ::-1])


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr", "HSV", "I;16", "F"]
)
def test_a_pil_image_arrives_as_its_png_or_tiff_would(mode: str) -> None:
    image = Image.fromarray(GRADIENT).convert("L" if mode in ("I;16", "F") else "RGB")
    image = image.convert("RGBA").convert(mode) if mode == "RGBa" else image.convert(mode)
    expected = np.asarray(image.convert("RGB")) if mode not in ("I;16", "F") else None
    arrived = page(image)
    assert arrived.shape in (GRADIENT.shape, (*GRADIENT.shape[:2], 1))  # grey pages have one channel
    if expected is not None:
        assert np.array_equal(np.broadcast_to(arrived, GRADIENT.shape), expected)


def test_transparency_is_laid_on_white() -> None:
    palette = Image.fromarray(GRADIENT).convert("P")
    palette.info["transparency"] = palette.getpixel((0, 0))
    assert page(palette)[0, 0].tolist() == [255, 255, 255]
    assert page(Image.new("RGBA", (2, 1), (0, 0, 0, 0))).tolist() == [[[255, 255, 255]] * 2]


def test_a_pil_image_is_turned_as_a_viewer_shows_it() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    buffer = BytesIO()
    Image.fromarray(GRADIENT).save(buffer, "PNG", exif=exif)
    with Image.open(buffer) as image:
        assert np.array_equal(page(image), np.rot90(GRADIENT, -1))


def test_the_current_frame_counts() -> None:
    frames = [Image.new("RGB", (4, 3), colour) for colour in ("white", "black")]
    buffer = BytesIO()
    frames[0].save(buffer, "TIFF", save_all=True, append_images=frames[1:], compression="jpeg")
    with Image.open(buffer) as image:
        image.seek(1)
        assert page(image).max() == 0


@pytest.mark.parametrize(
    "pixels",
    [
        GRADIENT.astype(np.float32),
        GRADIENT[:, :, 0],
        GRADIENT[:, :, :2],
        GRADIENT[None],
        GRADIENT[:0],
    ],
    ids=lambda pixels: f"{pixels.shape} {pixels.dtype}",
)
def test_another_array_is_refused_with_what_is_expected(pixels: Any) -> None:
    with pytest.raises(ValueError, match=r"is \(height, width, 3\) uint8 RGB, got \(.*\) (uint8|float32): convert it"):
        encode(pixels)


@pytest.mark.parametrize("thing", [None, 7, ["a.png"], object()], ids=str)
def test_anything_else_is_no_image(thing: Any) -> None:
    with pytest.raises(TypeError, match=r"an image is bytes, a path, .* not (NoneType|int|list|object)"):
        encode(thing)


def test_a_file_opened_for_text_is_refused_with_what_to_do() -> None:
    with pytest.raises(TypeError, match=r"open it in binary mode \('rb'\)"):
        encode(StringIO("text"))  # type: ignore[arg-type]


def test_an_image_is_named_by_its_file_or_by_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (4, 3)).save(path)
    with path.open("rb") as file, Image.open(path) as image:
        assert [image_name(each, 3) for each in (path, str(path), file, image)] == [str(path)] * 4
    assert [image_name(each, 3) for each in (b"", GRADIENT, BytesIO(), Image.new("L", (1, 1)))] == ["image 3"] * 4
