"""Files of one or more pages, as images to read: PDFs, multi-page TIFFs, and plain images as they are."""

import math
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from PIL import Image, ImageOps

from ocr_client.errors import BadImage
from ocr_client.results import Page

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

Document: TypeAlias = bytes | str | os.PathLike[str]

PDF_POINTS_PER_INCH = 72
# A poster at a high resolution would take gigabytes, so larger pages are rendered with a lower resolution.
MAX_RENDERED_PIXELS, MAX_RENDERED_SIDE_PX = 50_000_000, 32_000
# What cameras and scanners write. Anything else is a default or an aspect ratio.
PLAUSIBLE_DPI = (30, 4800)
# "The first 1024 bytes": ISO 32000, annex H.3, as viewers accept it.
PDF_MAGIC, PDF_MAGIC_WITHIN = b"%PDF-", 1024
TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# Compared with PNG, a scanned page takes a tenth of the time and a third of the bytes, with no visible difference.
JPEG_QUALITY = 95
# Not photographs, or nothing that JPEG can hold. Every other mode is converted to RGB.
PNG_MODES = {"1", "LA", "P", "RGBA", "I;16"}
# What Pillow raises on damaged files; its documentation has no list.
DAMAGED = (OSError, SyntaxError, ValueError, EOFError, TypeError, Image.DecompressionBombError)

# PDFium may not run in two threads at once, not even on two documents.
_pdfium = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPage:
    """One page of a document, ready to be sent.

    Attributes:
        number: Of the page in its file, from 1.
        count: How many pages the file has.
        image: The encoded image.
        dpi: Its resolution in pixels per inch.
    """

    number: int
    count: int
    image: bytes
    dpi: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPage:
    """One page of a document and what was read in it.

    Attributes:
        source: The file's name as the user gave it.
        number: Of the page in its file, from 1.
        page: What was read.
        image: The encoded image that was read; None where nothing needs it.
        dpi: Its resolution in pixels per inch.
    """

    source: str
    number: int
    page: Page
    image: bytes | None
    dpi: float


def pages(document: Document, *, dpi: float = 200) -> Iterator[DocumentPage]:
    """Go through a file page by page; one page at a time is in memory.

    The pages of PDFs, and of TIFFs with more than one page, are encoded as JPEG of high quality, or as PNG if their
    mode is not that of a photograph. Every other file is one page, and its bytes pass unchanged: the server says
    whether they are an image.

    Args:
        document: The file: its content as bytes, or its path.
        dpi: Pixels per inch for rendering PDF pages, and for images that state no resolution.

    Raises:
        BadImage: A PDF is encrypted or broken, or a page of a PDF or TIFF is.
        ModuleNotFoundError: It is a PDF, and pypdfium2 is not installed.
        OSError: The file cannot be read.
        ValueError: The resolution is not positive.
    """
    if not 0 < dpi < math.inf:
        raise ValueError(f"dpi is a positive number, got {dpi!r}")
    start = _first_bytes(document)
    if PDF_MAGIC in start:
        return _pdf_pages(document, dpi)
    if start.startswith(TIFF_MAGICS) and (count := _frame_count(document)) > 1:
        return _tiff_pages(document, count, dpi)
    content = document if isinstance(document, bytes) else Path(document).read_bytes()
    return iter([DocumentPage(number=1, count=1, image=content, dpi=_resolution(content, dpi))])


def _first_bytes(document: Document) -> bytes:
    if isinstance(document, bytes):
        return document[:PDF_MAGIC_WITHIN]
    with Path(document).open("rb") as file:
        return file.read(PDF_MAGIC_WITHIN)


def _pdf_pages(document: Document, dpi: float) -> Iterator[DocumentPage]:
    number, count = 1, 1
    while number <= count:
        # Opened anew for every page: until it is closed, PDFium keeps whatever it has read of a file.
        with _pdfium, closing(_open_pdf(document)) as pdf:
            count = len(pdf)
            image, page_dpi = _rendered(pdf, number, dpi)
        yield DocumentPage(number=number, count=count, image=_encoded(image), dpi=page_dpi)
        number += 1


def _open_pdf(document: Document) -> "PdfDocument":
    try:
        import pypdfium2
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("PDFs are rendered by pypdfium2: pip install 'ocr-triton-client[pdf]'") from error
    try:
        pdf = pypdfium2.PdfDocument(document if isinstance(document, bytes) else Path(document))
    except pypdfium2.PdfiumError as error:
        if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise BadImage("the PDF is encrypted with a password: save it without one and read that") from error
        raise BadImage("the PDF is broken and cannot be opened: print it into a new one with a viewer") from error
    pdf.init_forms()  # or what was typed into its fields stays invisible
    return pdf


def _rendered(pdf: "PdfDocument", number: int, dpi: float) -> tuple[Image.Image, float]:
    """Render a page, and tell the resolution that was used."""
    from pypdfium2 import PdfiumError

    try:
        page = pdf[number - 1]
        width, height = (points / PDF_POINTS_PER_INCH for points in page.get_size())
        dpi = min(dpi, math.sqrt(MAX_RENDERED_PIXELS / (width * height)), MAX_RENDERED_SIDE_PX / max(width, height))
        bitmap = page.render(scale=dpi / PDF_POINTS_PER_INCH, rev_byteorder=True)
        image: Image.Image = bitmap.to_pil().convert("RGB")  # a copy: the bitmap's memory goes back
        bitmap.close()
        page.close()
    except (PdfiumError, ZeroDivisionError) as error:
        raise BadImage(f"page {number} of the PDF is broken and cannot be rendered") from error
    return image, dpi


def _frame_count(document: Document) -> int:
    """How many pages a TIFF has; 1 if Pillow cannot make sense of it at all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = _open_image(document)
        except DAMAGED:
            return 1
        # Otherwise the pages after the damage would be missing, and nobody would be told.
        warnings.filterwarnings("error", "Corrupt EXIF data")
        try:
            with image:
                return int(getattr(image, "n_frames", 1))
        except (*DAMAGED, UserWarning) as error:
            raise BadImage("the TIFF is damaged or truncated: send the whole file") from error


def _tiff_pages(document: Document, count: int, dpi: float) -> Iterator[DocumentPage]:
    with _open_image(document) as image:
        for number in range(1, count + 1):
            try:
                image.seek(number - 1)
                encoded, page_dpi = _encoded(ImageOps.exif_transpose(image)), _stated_dpi(image) or dpi
            except DAMAGED as error:
                raise BadImage(f"page {number} of the TIFF is damaged or truncated: send the whole file") from error
            yield DocumentPage(number=number, count=count, image=encoded, dpi=page_dpi)


def _open_image(document: Document) -> Image.Image:
    return Image.open(BytesIO(document) if isinstance(document, bytes) else document)


def _encoded(image: Image.Image) -> bytes:
    file = BytesIO()
    if image.mode in PNG_MODES:
        image.save(file, "PNG")
    else:
        (image if image.mode == "L" else image.convert("RGB")).save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return file.getvalue()


def _resolution(content: bytes, otherwise: float) -> float:
    with warnings.catch_warnings(), suppress(*DAMAGED):
        warnings.simplefilter("ignore")
        with _open_image(content) as image:
            return _stated_dpi(image) or otherwise
    return otherwise


def _stated_dpi(image: Image.Image) -> float | None:
    across, _ = image.info.get("dpi", (0, 0))
    low, high = PLAUSIBLE_DPI
    return float(across) if low <= across <= high else None
