"""Overlays: where the ink lands, on images of any size and kind."""

import io
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ocr_client import Line, Page
from ocr_client.overlay import GAP_PX, SURE, WRONG, draw_overlay


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def page(width: int, height: int, *lines: Line) -> Page:
    return Page(width=width, height=height, lines=lines)


def line(
    text: str, x: float, y: float, width: float, height: float, degrees: float = 0, confidence: float = 0.99
) -> Line:
    """A line whose top-left corner is at (x, y), turned clockwise around it."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    corners = ((0, 0), (width, 0), (width, height), (0, height))
    quad = tuple((x + u * cos - v * sin, y + u * sin + v * cos) for u, v in corners)
    return Line.from_dict({"text": text, "quad": quad, "confidence": confidence, "score": 1})


def halves(overlay: Image.Image) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The photo's and the text's half of a picture with its halves side by side."""
    pixels = np.asarray(overlay)
    middle = (overlay.width - GAP_PX) // 2
    return pixels[:, :middle], pixels[:, middle + GAP_PX :]


def ink_box(half: NDArray[np.uint8]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what is not white, in parts of the half's size."""
    rows, columns = np.nonzero((half != 255).any(axis=2))
    height, width = half.shape[:2]
    return columns.min() / width, rows.min() / height, columns.max() / width, rows.max() / height


WHITE = encode(Image.new("RGB", (1200, 1200), "white"))


@pytest.mark.parametrize(
    ("size", "drawn"),
    [
        ((40, 40), (2400 + GAP_PX, 1200)),
        ((1500, 1400), (3000 + GAP_PX, 1400)),
        ((6400, 3200), (6400 + GAP_PX, 1600)),
        ((2000, 100), (2000, 200 + GAP_PX)),
        ((1, 1), (2400 + GAP_PX, 1200)),
    ],
)
def test_both_halves_have_the_images_shape_at_a_readable_size(size: tuple[int, int], drawn: tuple[int, int]) -> None:
    assert draw_overlay(encode(Image.new("RGB", size)), page(*size)).size == drawn


def test_a_page_without_text_leaves_both_halves_as_they_are() -> None:
    photo, text = halves(draw_overlay(WHITE, page(1200, 1200)))
    assert (photo == 255).all()
    assert (text == 255).all()


@pytest.mark.parametrize(
    ("degrees", "box"),
    [
        (0, (0.5, 0.5, 0.75, 0.55)),
        (90, (0.45, 0.5, 0.5, 0.75)),
        (180, (0.25, 0.45, 0.5, 0.5)),
        (270, (0.5, 0.25, 0.55, 0.5)),
    ],
)
def test_text_and_box_lie_where_the_quad_does(degrees: float, box: tuple[float, ...]) -> None:
    turned = line("Total due today", 600, 600, 300, 60, degrees)
    photo, text = halves(draw_overlay(WHITE, page(1200, 1200, turned)))
    assert ink_box(photo) == pytest.approx(box, abs=0.005)
    left, top, right, bottom = ink_box(text)
    assert left > box[0] - 0.05
    assert top > box[1] - 0.05
    assert right < box[2] + 0.05
    assert bottom < box[3] + 0.05


def test_no_stroke_crosses_what_is_in_a_box_not_even_another_boxs() -> None:
    dark = encode(Image.new("RGB", (1200, 1200), "black"))
    lines = line("one", 100, 100, 600, 100), line("two", 100, 180, 600, 100), line("tilted", 400, 150, 500, 90, 20)
    photo, _ = halves(draw_overlay(dark, page(1200, 1200, *lines)))
    inside = Image.new("1", (1200, 1200))
    for each in lines:
        ImageDraw.Draw(inside).polygon([tuple(corner) for corner in each.quad], fill=1)
    assert photo[np.asarray(inside)].max() < 130  # tinted: a stroke is white or has the full colour
    assert photo[~np.asarray(inside)].max() == 255


def test_colours_tell_sure_from_wrong() -> None:
    sure, wrong = line("MMM", 0, 0, 400, 200), line("MMM", 0, 600, 400, 200, confidence=0.3)
    _, text = halves(draw_overlay(WHITE, page(1200, 1200, sure, wrong)))
    assert (text[:400] == SURE).all(axis=2).any()
    assert not (text[:400] == WRONG).all(axis=2).any()
    assert (text[600:] == WRONG).all(axis=2).any()


@pytest.mark.parametrize(
    "odd",
    [
        line("", 10, 10, 100, 20),
        line(" \n", 10, 10, 100, 20),
        line("日本語 العربية 😀 \u200b", 10, 10, 100, 20),
        line("\u0301", 10, 10, 100, 20),
        line("x" * 500, 10, 10, 100, 20),
        line("no width", 10, 10, 0, 20),
        line("no height", 10, 10, 100, 0),
        line("a point", 10, 10, 0, 0),
        line("less than a pixel", 10, 10, 0.4, 0.4),
        line("half outside", -50, -5, 100, 20, 30),
        line("far outside", 5000, 5000, 100, 20),
    ],
    ids=lambda odd: repr(odd.text[:20]),
)
def test_odd_lines_are_drawn_as_far_as_possible(odd: Line) -> None:
    assert draw_overlay(WHITE, page(1200, 1200, odd)).size == (2400 + GAP_PX, 1200)


def test_a_line_is_drawn_as_one_line() -> None:
    broken, whole = (page(1200, 1200, line(text, 10, 10, 400, 80)) for text in ("two\n lines", "two lines"))
    assert draw_overlay(WHITE, broken) == draw_overlay(WHITE, whole)


def test_the_image_is_drawn_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90° clockwise to view
    stored = Image.new("RGB", (1200, 600), "white")
    stored.paste("black", (0, 0, 600, 600))  # viewed, this is the upper half
    photo, _ = halves(draw_overlay(encode(stored, "JPEG", exif=exif), page(600, 1200)))
    assert photo[300].max() < 30
    assert photo[900].min() > 225


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1", "I;16"])
def test_images_of_every_mode_are_drawn(mode: str) -> None:
    draw_overlay(encode(Image.new(mode, (60, 40))), page(60, 40, line("a", 5, 5, 20, 20)))


def test_transparent_parts_are_white() -> None:
    photo, _ = halves(draw_overlay(encode(Image.new("RGBA", (1200, 1200), (0, 0, 0, 0))), page(1200, 1200)))
    assert (photo == 255).all()


def test_the_page_of_another_image_is_an_error() -> None:
    with pytest.raises(ValueError, match="640x480 px, got one of 1200x1200"):
        draw_overlay(WHITE, page(640, 480))


def test_an_image_too_large_for_pillow_is_a_value_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    with pytest.raises(ValueError, match="too large to draw"):
        draw_overlay(WHITE, page(1200, 1200))
