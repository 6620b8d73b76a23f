"""Searchable PDFs: what PDFium and pdfminer find and see in them."""

import io
import sys
import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pypdfium2
import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageOps

from ocr_client import Line, Page, formats
from ocr_client.documents import ReadPage
from ocr_client.formats.glyphless import true_type
from tests.format_readers import read_pdf_letters
from tests.unit.client.test_formats import LINES, line, read_page, written


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def quadrants() -> Image.Image:
    """An image that is another one after every turn."""
    image = Image.new("RGB", (64, 48), "white")
    for box, colour in (((0, 0, 32, 24), "red"), ((32, 0, 64, 24), "lime"), ((0, 24, 32, 48), "blue")):
        image.paste(colour, box)
    return image


def photo_page(encoded: bytes, dpi: float = 72) -> ReadPage:
    with Image.open(io.BytesIO(encoded)) as image:
        width, height = ImageOps.exif_transpose(image).size
    page = Page(width=width, height=height, lines=())
    return ReadPage(source="photo", number=1, page=page, image=encoded, dpi=dpi)


def rendered(pdf: bytes) -> Image.Image:
    """The first page, a point a pixel."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        image: Image.Image = document[0].render().to_pil().convert("RGB")
        return image
    finally:
        document.close()


def assert_similar(actual: Image.Image, expected: Image.Image, tolerance: int = 12) -> None:
    assert actual.size == expected.size
    difference = np.abs(np.asarray(actual, np.int16) - np.asarray(expected, np.int16))
    assert np.median(difference) <= tolerance
    assert (difference > 4 * tolerance).mean() < 0.05  # edges between colours may be soft


def test_every_letter_lies_in_its_lines_box_and_is_turned_as_it_is() -> None:
    (letters,) = read_pdf_letters(written("pdf", read_page(*LINES)))
    assert "".join(text for text, _, _ in letters) == "".join(line.text for line in LINES)
    angles = [0, 0, 0, 0, 0, -30, 90, 180, 0]
    for expected, angle in zip(LINES, angles, strict=True):
        own, letters = letters[: len(expected.text)], letters[len(expected.text) :]
        lefts, tops, rights, bottoms = zip(*(box for _, box, _ in own), strict=True)
        xs, ys = zip(*expected.quad, strict=True)
        union = (min(lefts), min(tops), max(rights), max(bottoms))
        assert union == pytest.approx((min(xs), min(ys), max(xs), max(ys)), abs=1)
        assert {round(turned, 1) % 360 for _, _, turned in own} == {angle % 360}


@pytest.mark.parametrize(
    "words", ["Lighthouse", "café", "Ελληνικά", "кириллица", "字符识别", "日本語", "한국어", "falling"]
)
def test_a_viewer_finds_words_of_every_script_and_direction(words: str) -> None:
    document = pypdfium2.PdfDocument(written("pdf", read_page(*LINES)))
    search = document[0].get_textpage().search(words)
    assert search.get_next()
    assert not search.get_next()
    document.close()


def test_text_is_copied_in_reading_order() -> None:
    document = pypdfium2.PdfDocument(written("pdf", read_page(*LINES)))
    assert document[0].get_textpage().get_text_range().split("\r\n") == [line.text for line in LINES]
    document.close()


def test_letters_beyond_16_bits_keep_their_code() -> None:
    (letters,) = read_pdf_letters(written("pdf", read_page(line("a𝄞𠀀b", 50, 50, 200, 40))))
    assert "".join(text for text, _, _ in letters) == "a𝄞𠀀b"


def test_more_letters_than_one_block_of_codes_holds() -> None:
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 250)))
    (letters,) = read_pdf_letters(written("pdf", read_page(line(text, 10, 10, 900, 40))))
    assert "".join(letter for letter, _, _ in letters) == text


def test_a_quad_that_narrows_gets_the_closest_parallelogram() -> None:
    quad = [(100, 100), (500, 108), (500, 132), (100, 140)]
    words = [{"text": "faraway", "quad": quad, "confidence": 1}]
    narrowing = Line.from_dict({"text": "faraway", "quad": quad, "confidence": 1, "score": 1, "words": words})
    (letters,) = read_pdf_letters(written("pdf", read_page(narrowing)))
    boxes = [box for _, box, _ in letters]
    assert boxes[0][:2] == pytest.approx((100, 104), abs=1)
    assert boxes[-1][2:] == pytest.approx((500, 136), abs=1)


@pytest.mark.parametrize("quad_width", [0, 100])
def test_a_line_without_extent_or_text_is_left_out(quad_width: float) -> None:
    empty = line("" if quad_width else "flat", 10, 10, quad_width, quad_width and 20)
    assert read_pdf_letters(written("pdf", read_page(empty))) == [[]]


def test_the_text_is_not_seen() -> None:
    assert rendered(written("pdf", read_page(*LINES))).getextrema() == ((255, 255),) * 3


def test_the_page_has_the_size_that_the_resolution_gives_it() -> None:
    document = pypdfium2.PdfDocument(written("pdf", photo_page(encode(Image.new("L", (600, 300))), dpi=200)))
    assert document[0].get_size() == pytest.approx((216, 108))  # points: 3 and 1.5 inches
    document.close()


def test_a_page_is_never_larger_than_readers_take() -> None:
    document = pypdfium2.PdfDocument(written("pdf", photo_page(encode(Image.new("1", (30_000, 10))), dpi=30)))
    assert document[0].get_size() == pytest.approx((14_400, 4.8))
    document.close()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photographs_are_turned_upright_without_loss(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    jpeg = encode(quadrants(), "JPEG", exif=exif, quality=95, subsampling=0)
    pdf = written("pdf", photo_page(jpeg))
    assert jpeg in pdf
    with Image.open(io.BytesIO(jpeg)) as image:
        assert_similar(rendered(pdf), ImageOps.exif_transpose(image).convert("RGB"))


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("1", "PNG"), ("L", "PNG"), ("L", "JPEG"), ("P", "PNG"), ("RGB", "WEBP"), ("CMYK", "JPEG"), ("RGB", "BMP")],
)
def test_images_of_every_kind_look_as_they_are(mode: str, kind: str) -> None:
    encoded = encode(quadrants().convert(mode), kind)
    with Image.open(io.BytesIO(encoded)) as image:
        assert_similar(rendered(written("pdf", photo_page(encoded))), image.convert("RGB"))


def test_transparent_parts_are_white() -> None:
    pdf = written("pdf", photo_page(encode(Image.new("RGBA", (20, 20), (0, 0, 0, 0)))))
    assert rendered(pdf).getextrema() == ((255, 255),) * 3


def test_black_and_white_stays_small() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 2, (400, 400), np.uint8) * 255)
    pdf = written("pdf", photo_page(encode(noise.convert("1"))))
    assert len(pdf) < 400 * 400 / 8 * 1.2


def test_one_image_is_in_memory_at_a_time() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1000, 1000, 3), np.uint8)
    jpeg = encode(Image.fromarray(noise), "JPEG", quality=95)

    def results() -> Iterator[ReadPage]:
        for _ in range(40):
            yield photo_page(bytes(bytearray(jpeg)))  # a copy, as each page of a document is

    with open("/dev/null", "wb") as nowhere:  # noqa: PTH123  a stream
        tracemalloc.start()
        formats.WRITERS["pdf"].write(results(), nowhere)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 10 * len(jpeg)


def test_a_page_without_its_image_is_an_error() -> None:
    page = ReadPage(source="a.png", number=2, page=Page(width=9, height=9, lines=()), image=None, dpi=72)
    with pytest.raises(ValueError, match=r"a\.png: a PDF needs the image of page 2"):
        written("pdf", page)


def test_what_is_no_image_is_an_error() -> None:
    page = ReadPage(source="a.png", number=1, page=Page(width=9, height=9, lines=()), image=b"letter", dpi=72)
    with pytest.raises(OSError, match="cannot identify image file"):
        written("pdf", page)


def test_without_pydyf_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(formats, "pdf", raising=False)
    monkeypatch.delitem(sys.modules, "ocr_client.formats.pdf", raising=False)
    monkeypatch.setitem(sys.modules, "pydyf", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'ocr-triton-client\[pdf\]'"):
        written("pdf", read_page())


def test_the_font_is_one_to_fonttools_too() -> None:
    font = TTFont(io.BytesIO(true_type([500, 0, 1000])), checkChecksums=2)
    assert [font["hmtx"][name][0] for name in font.getGlyphOrder()] == [1000, 500, 0, 1000]
    assert [glyph.xMax for glyph in map(font["glyf"].__getitem__, font.getGlyphOrder())] == [1000, 500, 0, 1000]
