"""The pages of a PDF, rendered by PDFium, and where each rendered pixel lies in the PDF."""

import math
import os
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from PIL import Image

from ocr_client.errors import BadImage

if TYPE_CHECKING:
    import pikepdf
    import pypdfium2

Document: TypeAlias = bytes | str | os.PathLike[str]
Matrix: TypeAlias = tuple[float, float, float, float, float, float]

POINTS_PER_INCH = 72
# A poster at a high resolution would take gigabytes, so larger pages are rendered with a lower resolution.
MAX_RENDERED_PIXELS, MAX_RENDERED_SIDE_PX = 50_000_000, 32_000
NOT_INSTALLED = "PDFs need pypdfium2 and pikepdf: pip install 'ocr-triton-client[pdf]'"

# PDFium may not run in two threads at once, not even on two documents.
_pdfium = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfPlace:
    """Where a page is from, so that text can be written into it.

    Attributes:
        document: The PDF: its content, or its path.
        number: Of the page in it, from 1.
        to_page: As PDF writes matrices: from pixels of the rendered page, with y upwards from its lower edge, to the
            page's own coordinates. The page's rotation and its boxes are in it.
        renewed: Whether invisible text that the page has makes way for new text.
    """

    document: Document
    number: int
    to_page: Matrix
    renewed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedPage:
    """A page of a PDF.

    Attributes:
        count: How many pages the PDF has.
        image: The page in RGB as a viewer shows it; None for one that has text and is to be left as it is.
        dpi: Its resolution in pixels per inch.
        place: Where it is from.
    """

    count: int
    image: Image.Image | None
    dpi: float
    place: PdfPlace


def rendered_pages(document: Document, dpi: float, *, to_pdf: bool, force: bool) -> Iterator[RenderedPage]:
    """Render page by page; one page at a time is in memory.

    Args:
        document: The PDF: its content, or its path.
        dpi: Pixels per inch; fewer for a giant page.
        to_pdf: Whether text will be written into this PDF. Then pages that have text come without their image.
        force: Whether text is written into those pages, too, and into a signed PDF.

    Raises:
        BadImage: The PDF or a page of it is broken; it is encrypted with a password; or it may not be written into.
        ModuleNotFoundError: A package of the extra `pdf` is missing.
        OSError: The file cannot be read.
    """
    number, user_units = 1, [1.0]
    while number <= len(user_units):
        # Opened anew for every page: until it is closed, PDFium keeps whatever it has read of a file.
        with _pdfium, closing(_open(document)) as pdf:
            if number == 1:
                user_units = _user_units(document, len(pdf), to_pdf=to_pdf, force=force)
            kept = to_pdf and not force and _has_text(pdf, number)
            image, page_dpi, to_page = None, dpi, (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
            if not kept:
                image, page_dpi, to_page = _rendered(pdf, number, dpi, user_units[number - 1])
        place = PdfPlace(document=document, number=number, to_page=to_page, renewed=force)
        yield RenderedPage(count=len(user_units), image=image, dpi=page_dpi, place=place)
        number += 1


def _open(document: Document) -> "pypdfium2.PdfDocument":
    try:
        import pypdfium2
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(NOT_INSTALLED) from error
    try:
        pdf = pypdfium2.PdfDocument(document if isinstance(document, bytes) else Path(document))
    except pypdfium2.PdfiumError as error:
        if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise BadImage("the PDF is encrypted with a password: save it without one and read that") from error
        raise BadImage("the PDF is broken and cannot be opened: print it into a new one with a viewer") from error
    pdf.init_forms()  # or what was typed into its fields stays invisible
    return pdf


def _user_units(document: Document, count: int, *, to_pdf: bool, force: bool) -> list[float]:
    """How many points each page's unit of length has, which PDFium does not tell; and see whether text may be added.

    Raises:
        BadImage: It may not.
    """
    try:
        import pikepdf
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(NOT_INSTALLED) from error
    try:
        with open_to_write(document) as pdf:
            if to_pdf:
                _check_writable(pdf, force=force)
            units = [float(page.get("/UserUnit", 1)) for page in pdf.pages]
    except (pikepdf.PdfError, AttributeError, TypeError, ValueError):
        units = []
    if len(units) == count:
        return units
    if to_pdf:
        raise BadImage("the PDF is damaged, and no text can be added: print it into a new one with a viewer")
    return [1.0] * count


def open_to_write(document: Document) -> "pikepdf.Pdf":
    """Open a PDF with the library that can write it.

    Raises:
        pikepdf.PdfError: It is broken.
        OSError: It cannot be read.
    """
    import pikepdf

    return pikepdf.open(BytesIO(document) if isinstance(document, bytes) else Path(document))


def _check_writable(pdf: "pikepdf.Pdf", *, force: bool) -> None:
    if pdf.is_encrypted:
        raise BadImage("the PDF is protected against changes by a password, so no text can be added: save it without")
    form = pdf.Root.get("/AcroForm")
    if not force and form is not None and any(map(_is_signed, form.get("/Fields", ()))):
        raise BadImage("the PDF is signed, and added text would break the signature; --force adds it all the same")


def _is_signed(form_field: "pikepdf.Object") -> bool:
    if form_field.get("/FT") == "/Sig" and "/V" in form_field:
        return True
    return any(map(_is_signed, form_field.get("/Kids", ())))


def _has_text(pdf: "pypdfium2.PdfDocument", number: int) -> bool:
    """Whether a page has letters, seen or unseen, that can be searched and copied."""
    from pypdfium2 import PdfiumError

    try:
        with closing(pdf[number - 1]) as page, closing(page.get_textpage()) as text:
            return bool(text.get_text_range().strip())
    except PdfiumError as error:
        raise _broken(number) from error


def _rendered(pdf: "pypdfium2.PdfDocument", number: int, dpi: float, unit: float) -> tuple[Image.Image, float, Matrix]:
    """Render a page, and tell the resolution that was used, and where its pixels lie.

    Args:
        pdf: The PDF.
        number: The page's.
        dpi: The resolution.
        unit: How many points the page's unit of length has.
    """
    from pypdfium2 import PdfiumError

    try:
        page = pdf[number - 1]
        width, height = (length * unit / POINTS_PER_INCH for length in page.get_size())
        dpi = min(dpi, math.sqrt(MAX_RENDERED_PIXELS / (width * height)), MAX_RENDERED_SIDE_PX / max(width, height))
        bitmap = page.render(scale=dpi * unit / POINTS_PER_INCH, rev_byteorder=True)
        image: Image.Image = bitmap.to_pil().convert("RGB")  # a copy: the bitmap's memory goes back
        to_page = _to_page(bitmap.get_posconv(page), *image.size)
        bitmap.close()
        page.close()
    except (PdfiumError, ZeroDivisionError) as error:
        raise _broken(number) from error
    return image, dpi, to_page


def _to_page(converter: "pypdfium2.PdfPosConv", width: int, height: int) -> Matrix:
    corners = ((0, height), (width, height), (0, 0))
    (x, y), (right_x, right_y), (up_x, up_y) = (converter.to_page(*corner) for corner in corners)
    return (right_x - x) / width, (right_y - y) / width, (up_x - x) / height, (up_y - y) / height, x, y


def _broken(number: int) -> BadImage:
    return BadImage(f"page {number} of the PDF is broken and cannot be rendered")
