"""Documents: which pages come out of a file, at which size, and what is said of a bad one."""

import io
import sys
from pathlib import Path
from typing import Any

import pydyf
import pytest
from PIL import Image
from pillow_heif import register_heif_opener

from ocr_client import documents, pdf_pages
from ocr_client.documents import pages
from ocr_client.errors import BadImage


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def decode(encoded: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(encoded))
    image.load()
    return image


def tiff(*frames: Image.Image, **options: Any) -> bytes:
    return encode(frames[0], "TIFF", save_all=True, append_images=frames[1:], **options)


def pdf(*sizes: tuple[float, float], grey: float = 0.5) -> bytes:
    """Pages of these sizes in points, the left half of each grey."""
    document = pydyf.PDF()
    for width, height in sizes:
        content = pydyf.Stream([f"{grey} g 0 0 {width / 2} {height} re f".encode()])
        document.add_object(content)
        box = pydyf.Array([0, 0, width, height])
        page = {"Type": "/Page", "Parent": document.pages.reference, "MediaBox": box, "Contents": content.reference}
        document.add_page(pydyf.Dictionary(page))
    file = io.BytesIO()
    document.write(file)
    return file.getvalue()


def encrypted_pdf() -> bytes:
    """A PDF whose password nobody knows: its checks are noughts."""
    noughts = "0" * 64
    return (
        "%PDF-1.4\n1 0 obj\n<</Type /Catalog /Pages 2 0 R>>\nendobj\n"
        "2 0 obj\n<</Type /Pages /Kids [] /Count 0>>\nendobj\n"
        f"trailer\n<</Root 1 0 R /Size 3 /ID [<00> <00>] "
        f"/Encrypt <</Filter /Standard /V 1 /R 2 /P -4 /O <{noughts}> /U <{noughts}>>>>>\n%%EOF\n"
    ).encode()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "GIF", "PPM"])
def test_the_bytes_of_a_plain_image_pass_unchanged(kind: str) -> None:
    encoded = encode(Image.new("RGB", (30, 20)), kind)
    (page,) = pages(encoded)
    assert (page.number, page.count, page.image) == (1, 1, encoded)


@pytest.mark.parametrize("content", [b"", b"a letter", b"II*\0 no TIFF", b"MM\0*", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_image_is_left_to_the_server(content: bytes) -> None:
    assert [page.image for page in pages(content)] == [content]


def test_of_an_animation_the_file_is_one_page() -> None:
    frames = [Image.new("L", (30, 20), level) for level in (0, 255)]
    assert len(list(pages(encode(frames[0], "GIF", save_all=True, append_images=frames[1:])))) == 1


@pytest.mark.parametrize(
    ("stated", "expected"), [((300, 300), 300), ((1, 1), 150), ((0, 0), 150), ((99999, 99999), 150), (None, 150)]
)
def test_an_image_has_its_own_resolution_or_else_the_callers(stated: tuple[int, int] | None, expected: float) -> None:
    options = {"dpi": stated} if stated else {}
    (page,) = pages(encode(Image.new("L", (30, 20)), "PNG", **options), dpi=150)
    assert page.dpi == pytest.approx(expected, rel=1e-3)


def test_pages_of_a_pdf_come_in_order_and_at_the_resolution_asked_for() -> None:
    first, second = pages(pdf((72, 144), (216, 72)), dpi=100)
    assert [(page.number, page.count, page.dpi) for page in (first, second)] == [(1, 2, 100), (2, 2, 100)]
    assert [decode(page.image).size for page in (first, second)] == [(100, 200), (300, 100)]


def test_a_pdf_page_shows_what_is_drawn_in_it() -> None:
    (page,) = pages(pdf((72, 72)))
    image = decode(page.image)
    left, right = image.getpixel((50, 100)), image.getpixel((150, 100))
    assert image.mode == "RGB"
    assert left == pytest.approx((128, 128, 128), abs=2)
    assert right == (255, 255, 255)


def test_a_pdf_may_start_with_something_else() -> None:
    assert len(list(pages(b"sent by mail\n" + pdf((72, 72))))) == 1


def test_a_giant_page_is_rendered_with_a_lower_resolution(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_pages, "MAX_RENDERED_PIXELS", 10_000)
    (page,) = pages(pdf((720, 720)), dpi=300)
    assert page.dpi == pytest.approx(10)
    assert decode(page.image).size == (100, 100)


def test_a_page_as_long_as_a_roll_is_rendered_with_a_lower_resolution(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_pages, "MAX_RENDERED_SIDE_PX", 500)
    (page,) = pages(pdf((72, 7200)), dpi=300)
    assert decode(page.image).size == (5, 500)


@pytest.mark.parametrize(("kind", "mode"), [("AVIF", "RGB"), ("JPEG2000", "L"), ("JPEG2000", "RGB"), ("HEIF", "RGB")])
def test_photographs_that_the_server_does_not_take_come_as_jpeg(kind: str, mode: str) -> None:
    register_heif_opener()
    photo = Image.new(mode, (64, 48), "white")
    photo.paste("black", (0, 0, 32, 48))
    (page,) = pages(encode(photo, kind))
    image = decode(page.image)
    assert (page.count, image.format, image.size) == (1, "JPEG", (64, 48))
    assert image.convert("L").getpixel((10, 10)) == pytest.approx(0, abs=8)
    assert image.convert("L").getpixel((50, 10)) == pytest.approx(255, abs=8)


def test_a_damaged_photograph_is_reported() -> None:
    with pytest.raises(
        BadImage, match="the AVIF image is damaged or truncated: send the whole file, or save it as JPEG"
    ):
        pages(encode(Image.effect_noise((64, 48), 90), "AVIF")[:-500])


def test_without_pillow_heif_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'ocr-triton-client\[heic\]'"):
        pages(b"\0\0\0\x18ftypheic")


def test_frames_of_a_tiff_come_in_order_with_their_own_sizes_and_resolution() -> None:
    frames = [Image.new("L", (30 + number, 20), 80 * number) for number in range(3)]
    found = list(pages(tiff(*frames, dpi=(300, 300))))
    assert [(page.number, page.count, page.dpi) for page in found] == [(1, 3, 300), (2, 3, 300), (3, 3, 300)]
    for page, frame in zip(found, frames, strict=True):
        image = decode(page.image)
        assert image.size == frame.size
        assert image.getpixel((5, 5)) == pytest.approx(frame.getpixel((5, 5)), abs=2)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F", "LAB"])
def test_frames_of_every_mode_become_images_that_can_be_read(mode: str) -> None:
    frame = Image.new(mode, (30, 20)) if mode == "LAB" else Image.new("L", (30, 20)).convert(mode)
    for page in pages(tiff(frame, frame)):
        assert decode(page.image).size == (30, 20)


def test_black_and_white_frames_stay_as_they_are() -> None:
    frame = Image.effect_noise((64, 64), 90).convert("1")
    for page in pages(tiff(frame, frame, compression="group4")):
        image = decode(page.image)
        assert (image.format, image.mode, image.tobytes()) == ("PNG", "1", frame.tobytes())


def test_frames_are_turned_upright() -> None:
    options = {"tiffinfo": {0x0112: 6}}
    for page in pages(tiff(Image.new("L", (30, 20)), Image.new("L", (30, 20)), **options)):
        assert decode(page.image).size == (20, 30)


@pytest.mark.parametrize("content", [pdf((72, 72), (72, 72)), tiff(*[Image.new("L", (30, 20))] * 2), b"a letter"])
def test_a_path_gives_the_same_pages_as_its_content(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "no suffix"
    path.write_bytes(content)
    from_path, from_name, from_content = ([page.image for page in pages(each)] for each in (path, str(path), content))
    assert from_path == from_name == from_content


def test_pages_are_made_when_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[int, int]] = []

    def encoded(image: Image.Image) -> bytes:
        made.append(image.size)
        return b""

    monkeypatch.setattr(documents, "_encoded", encoded)
    document = pages(pdf((72, 72), (144, 144)), dpi=72)
    next(document)
    assert made == [(72, 72)]
    document.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(encrypted_pdf(), "the PDF is encrypted with a password: save it without", id="encrypted"),
        pytest.param(b"%PDF-1.7\nnothing follows", "the PDF is broken and cannot be opened", id="broken"),
        pytest.param(pdf(), "the PDF is broken and cannot be opened", id="without pages"),
    ],
)
def test_a_pdf_that_cannot_be_read_is_reported_in_one_sentence(content: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.pdf"
    path.write_bytes(content)
    for document in (content, path):
        with pytest.raises(BadImage, match=sentence) as failure:
            list(pages(document))
        assert "\n" not in str(failure.value)


def test_of_a_truncated_tiff_the_whole_pages_come_first() -> None:
    whole = tiff(*[Image.effect_noise((200, 200), 90) for _ in range(3)])
    document = pages(whole[:-1000])
    assert [decode(next(document).image).size for _ in range(2)] == [(200, 200)] * 2
    with pytest.raises(BadImage, match="page 3 of the TIFF is damaged or truncated"):
        next(document)


def test_a_tiff_that_lost_pages_is_not_taken_for_a_shorter_one() -> None:
    whole = tiff(*[Image.effect_noise((200, 200), 90) for _ in range(3)])
    with pytest.raises(BadImage, match="the TIFF is damaged or truncated"):
        list(pages(whole[: len(whole) // 2]))


def test_a_missing_file_is_an_os_error() -> None:
    with pytest.raises(FileNotFoundError):
        pages("missing.pdf")


@pytest.mark.parametrize("dpi", [0, -1, float("nan"), float("inf")])
def test_a_resolution_is_positive(dpi: float) -> None:
    with pytest.raises(ValueError, match="dpi is a positive number"):
        pages(b"", dpi=dpi)


@pytest.mark.parametrize("package", ["pypdfium2", "pikepdf"])
def test_without_the_packages_for_pdfs_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'ocr-triton-client\[pdf\]'"):
        next(pages(pdf((72, 72))))


def test_a_resolution_is_known_where_the_file_or_the_caller_states_it() -> None:
    unstated = encode(Image.new("L", (30, 20)), "PNG")
    stated = encode(Image.new("L", (30, 20)), "PNG", dpi=(300, 300))
    known = [
        (page.dpi, page.is_dpi_known) for page in (*pages(unstated), *pages(unstated, dpi=150), *pages(pdf((72, 72))))
    ]
    assert known == [(200, False), (150, True), (200, True)]
    (page,) = pages(stated)
    assert page.is_dpi_known
