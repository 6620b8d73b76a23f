"""PDF in, PDF out: the page stays as it is, and the text lies on what it is read from. PDFium finds it."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pikepdf
import pypdfium2
import pytest
from pikepdf import Array, Dictionary, Name, String
from PIL import Image

from ocr_client import Page
from ocr_client.documents import DocumentPage, ReadPage, pages
from ocr_client.errors import BadImage
from tests.unit.client.test_formats import line, written

# Where a page has its one mark, in its own coordinates: left, bottom, right, top.
MARK = (60.0, 70.0, 140.0, 90.0)
MARKED = b"0 0 0 rg 60 70 80 20 re f"


def fonts() -> Dictionary:
    helvetica = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    return Dictionary(Font=Dictionary(F1=helvetica))


def pdf_of(*contents: bytes, **fields: Any) -> pikepdf.Pdf:
    """A PDF with a page of 200 x 100 points for each content, which may use /F1."""
    pdf = pikepdf.new()
    for content in contents:
        page = pdf.add_blank_page(page_size=(200, 100))
        page.Contents = pdf.make_stream(content)
        page.Resources = fonts()
        for name, value in fields.items():
            page.obj[f"/{name}"] = value
    return pdf


def saved(pdf: pikepdf.Pdf, **options: Any) -> bytes:
    file = io.BytesIO()
    pdf.save(file, **options)
    return file.getvalue()


def letters(text: str, x: float = 10, y: float = 20, mode: int = 0) -> bytes:
    return f"BT {mode} Tr /F1 12 Tf {x} {y} Td ({text}) Tj ET".encode()


def mark_px(page: DocumentPage) -> tuple[float, float, float, float, int, int]:
    """Where the mark is in a page's image: left, top, right, bottom, and the image's size."""
    image = Image.open(io.BytesIO(page.image)).convert("L")
    rows, columns = np.nonzero(np.asarray(image) < 128)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1, *image.size


def read(page: DocumentPage, text: str = "lighthouse") -> ReadPage:
    """A page as if the mark in it said something."""
    left, top, right, bottom, width, height = (0, 0, 0, 0, 0, 0) if page.kept else mark_px(page)
    lines = () if page.kept else (line(text, left, top, right - left, bottom - top),)
    result = Page(width=width, height=height, lines=lines)
    return ReadPage(source="a.pdf", number=page.number, page=result, image=page.image, dpi=page.dpi, place=page.place)


def layered(content: bytes, *, force: bool = False) -> bytes:
    return written("pdf", *(read(page) for page in pages(content, dpi=144, to_pdf=True, force=force)))


def texts(content: bytes) -> list[str]:
    """What PDFium finds on each page."""
    pdf = pypdfium2.PdfDocument(content)
    try:
        return [page.get_textpage().get_text_range() for page in pdf]
    finally:
        pdf.close()


def box_of(content: bytes, text: str) -> Sequence[float]:
    """Where PDFium finds a text on the first page, in the page's own coordinates."""
    pdf = pypdfium2.PdfDocument(content)
    try:
        textpage = pdf[0].get_textpage()
        found = textpage.search(text).get_next()
        assert found
        start, count = found
        lefts, bottoms, rights, tops = zip(*map(textpage.get_charbox, range(start, start + count)), strict=True)
        return min(lefts), min(bottoms), max(rights), max(tops)
    finally:
        pdf.close()


def rendered(content: bytes) -> list[Image.Image]:
    pdf = pypdfium2.PdfDocument(content)
    try:
        return [page.render(scale=2).to_pil().convert("RGB") for page in pdf]
    finally:
        pdf.close()


PLACED = {
    "as it is": {},
    "turned by 90": {"Rotate": 90},
    "turned by 180": {"Rotate": 180},
    "turned by 270": {"Rotate": -90},
    "cropped": {"CropBox": [50, 60, 180, 95]},
    "cropped and turned": {"CropBox": [50, 60, 180, 95], "Rotate": 90},
    "cropped beyond its edges": {"CropBox": [-100, 10, 180, 500]},
    "with another origin": {"MediaBox": [-40, -30, 250, 130], "Rotate": 270},
    "with another unit": {"UserUnit": 2.5},
    "with another unit and turned": {"UserUnit": 0.5, "Rotate": 90},
}


@pytest.mark.parametrize("fields", PLACED.values(), ids=PLACED)
def test_the_text_lies_on_what_it_is_read_from_and_the_page_looks_as_before(fields: dict[str, Any]) -> None:
    before = saved(pdf_of(MARKED, **fields))
    after = layered(before)
    assert box_of(after, "lighthouse") == pytest.approx(MARK, abs=1)
    assert [image.tobytes() for image in rendered(after)] == [image.tobytes() for image in rendered(before)]


def test_a_page_with_another_unit_is_rendered_at_the_resolution_asked_for() -> None:
    (page,) = pages(saved(pdf_of(MARKED, UserUnit=3)), dpi=72)
    assert (Image.open(io.BytesIO(page.image)).size, page.dpi) == ((600, 300), 72)


@pytest.mark.parametrize("content", [b"q q 2 0 0 2 0 0 cm 30 35 40 10 re f", MARKED + b" Q Q Q"])
def test_a_page_that_leaves_its_coordinates_changed_has_the_text_in_place(content: bytes) -> None:
    assert box_of(layered(saved(pdf_of(content))), "lighthouse") == pytest.approx(MARK, abs=1)


def test_resources_that_pages_share_stay_as_they_are_in_the_others() -> None:
    pdf = pdf_of(MARKED, letters("kept"))
    pdf.pages[0].obj.Resources = pdf.pages[1].obj.Resources = pdf.make_indirect(fonts())
    after = pikepdf.open(io.BytesIO(layered(saved(pdf))))
    assert [sorted(page.resources.keys()) for page in after.pages] == [["/Font", "/XObject"], ["/Font"]]


def test_inherited_resources_are_still_there() -> None:
    pdf = pdf_of(MARKED + letters("seen"))
    del pdf.pages[0].obj.Resources
    pdf.Root.Pages.Resources = fonts()
    assert sorted(texts(layered(saved(pdf), force=True))[0].split()) == ["lighthouse", "seen"]


def test_a_page_without_content_gets_its_text() -> None:
    pdf = pdf_of(MARKED)
    (page,) = pages(saved(pdf), dpi=144, to_pdf=True)
    del pdf.pages[0].Contents
    (empty,) = pages(saved(pdf), dpi=144, to_pdf=True)
    result = read(page)
    moved = ReadPage(source="a.pdf", number=1, page=result.page, image=None, dpi=144, place=empty.place)
    assert texts(written("pdf", moved)) == ["lighthouse"]


def test_pages_that_have_text_are_left_as_they_are() -> None:
    before = saved(pdf_of(letters("born digital"), MARKED, letters("an older layer", mode=3) + MARKED))
    found = list(pages(before, dpi=144, to_pdf=True))
    assert [(page.kept, bool(page.image)) for page in found] == [(True, False), (False, True), (True, False)]
    assert texts(layered(before)) == ["born digital", "lighthouse", "an older layer"]


def test_to_other_formats_pages_that_have_text_are_read_like_all_others() -> None:
    (page,) = pages(saved(pdf_of(letters("born digital"))))
    assert not page.kept
    assert page.image


def test_by_force_pages_with_text_get_more_and_an_older_layer_makes_way() -> None:
    older = b"q 3 Tr BT /F1 12 Tf 10 20 Td (older) Tj T* [(lay) -20 (er)] TJ (one) ' 1 2 (two) \" ET Q "
    seen = letters("seen")
    after = layered(saved(pdf_of(older + seen + b" " + MARKED)), force=True)
    assert sorted(texts(after)[0].split()) == ["lighthouse", "seen"]


def test_an_older_layer_that_is_a_form_makes_way_too_even_this_programs_own() -> None:
    once = layered(saved(pdf_of(MARKED)))
    twice = layered(once, force=True)
    assert texts(twice) == ["lighthouse"]
    assert box_of(twice, "lighthouse") == pytest.approx(MARK, abs=1)


def test_everything_else_in_the_document_survives() -> None:
    pdf = pdf_of(MARKED, MARKED)
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 50, 50], Dest=[pdf.pages[1].obj, Name.Fit])
    field = Dictionary(
        Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T=String("name"), V=String("Ada"), Rect=[150, 10, 190, 30]
    )
    pdf.pages[0].obj.Annots = Array([pdf.make_indirect(link), pdf.make_indirect(field)])
    pdf.Root.AcroForm = Dictionary(Fields=Array([pdf.pages[0].obj.Annots[1]]))
    with pdf.open_metadata() as metadata:
        metadata["dc:title"], metadata["dc:creator"] = "Contract", ["Ada"]
    with pdf.open_outline() as outline:
        outline.root.append(pikepdf.OutlineItem("Second page", 1))
    pdf.attachments["figures.csv"] = b"1,2"
    after = layered(saved(pdf))
    found = pypdfium2.PdfDocument(after)
    found.init_forms()
    assert [(mark.get_title(), mark.get_dest().get_index()) for mark in found.get_toc()] == [("Second page", 1)]
    assert found.get_metadata_value("Title") == "Contract"
    assert found.get_formtype() == pypdfium2.raw.FORMTYPE_ACRO_FORM
    assert bytes(found.get_attachment(0).get_data()) == b"1,2"
    assert pypdfium2.raw.FPDFPage_GetAnnotCount(found[0]) == 2
    target = pypdfium2.raw.FPDFLink_GetDest(found, pypdfium2.raw.FPDFLink_GetLinkAtPoint(found[0], 25, 25))
    assert pypdfium2.raw.FPDFDest_GetDestPageIndex(found, target) == 1
    found.close()
    with pikepdf.open(io.BytesIO(after)) as again, again.open_metadata() as metadata:
        assert metadata["dc:creator"] == ["Ada"]
    assert texts(after) == ["lighthouse"] * 2


def test_a_scan_is_not_compressed_anew() -> None:
    noise = np.random.default_rng(0).integers(0, 99, (50, 100), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "JPEG")
    pdf = pdf_of(b"q 200 0 0 100 0 0 cm /Scan Do Q")
    scan = pdf.make_stream(file.getvalue(), Type=Name.XObject, Subtype=Name.Image, Width=100, Height=50)
    scan.ColorSpace, scan.BitsPerComponent, scan.Filter = Name.DeviceGray, 8, Name.DCTDecode
    pdf.pages[0].Resources.XObject = Dictionary(Scan=scan)
    assert file.getvalue() in layered(saved(pdf))


def test_a_page_that_could_not_be_read_stays_in_its_document() -> None:
    before = saved(pdf_of(MARKED, MARKED, MARKED))
    first, _, third = (read(page) for page in pages(before, dpi=144, to_pdf=True))
    assert texts(written("pdf", first, third)) == ["lighthouse", "", "lighthouse"]


def test_pages_of_several_documents_and_images_come_in_order() -> None:
    one, two = saved(pdf_of(MARKED, letters("kept"))), saved(pdf_of(MARKED, Rotate=90))
    results = [read(page, "from one") for page in pages(one, dpi=144, to_pdf=True)]
    (image,) = pages(one[:0] + png_of_a_page(), dpi=144, to_pdf=True)
    results.append(read(image, "an image"))
    results += [read(page, "from two") for page in pages(two, dpi=144, to_pdf=True)]
    after = written("pdf", *results)
    assert texts(after) == ["from one", "kept", "an image", "from two"]
    assert [image.size for image in rendered(after)] == [(400, 200), (400, 200), (400, 200), (200, 400)]


def png_of_a_page() -> bytes:
    file = io.BytesIO()
    rendered(saved(pdf_of(MARKED)))[0].save(file, "PNG")
    return file.getvalue()


def test_an_encrypted_pdf_is_refused_in_one_sentence() -> None:
    locked = saved(pdf_of(MARKED), encryption=pikepdf.Encryption(user="secret", owner="secret"))
    with pytest.raises(BadImage, match="the PDF is encrypted with a password: save it without one and read that"):
        next(pages(locked, to_pdf=True))
    restricted = saved(pdf_of(MARKED), encryption=pikepdf.Encryption(user="", owner="secret"))
    with pytest.raises(BadImage, match="protected against changes by a password, so no text can be added"):
        next(pages(restricted, to_pdf=True))
    assert next(pages(restricted)).image


def test_a_signed_pdf_is_changed_by_force_only() -> None:
    pdf = pdf_of(MARKED)
    signature = pdf.make_indirect(Dictionary(FT=Name.Sig, T=String("a"), V=Dictionary(Type=Name.Sig)))
    pdf.Root.AcroForm = Dictionary(Fields=Array([Dictionary(T=String("group"), Kids=Array([signature]))]))
    content = saved(pdf)
    with pytest.raises(BadImage, match="is signed, and added text would break the signature; --force adds it"):
        next(pages(content, to_pdf=True))
    assert texts(layered(content, force=True)) == ["lighthouse"]
    del signature.V  # nobody has signed yet
    assert texts(layered(saved(pdf))) == ["lighthouse"]
