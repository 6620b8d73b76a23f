"""Files of one or more pages, as images to read: PDFs, multi-page TIFFs, and plain images as they are."""

import math
import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

from ocr_client.errors import BadImage
from ocr_client.pdf_pages import Document, PdfPlace, rendered_pages
from ocr_client.results import Page

# What cameras and scanners write. Anything else is a default or an aspect ratio.
PLAUSIBLE_DPI = (30, 4800)
DEFAULT_DPI = 200.0
# "The first 1024 bytes": ISO 32000, annex H.3, as viewers accept it.
PDF_MAGIC, PDF_MAGIC_WITHIN = b"%PDF-", 1024
TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# How the files begin that Pillow opens and the server does not take: from the 5th byte on, "ftyp" and the brands
# (ISO/IEC 23008-12, 10.2; AV1 Image File Format, 6), or the signature of JPEG 2000 (ISO/IEC 15444-1, I.5.1 and A.4.1).
CONVERTED = {
    "AVIF": re.compile(rb".{4}ftyp(.{4}){0,9}avi[fs]", re.DOTALL),
    "HEIC": re.compile(rb".{4}ftyp(hei[cxms]|hev[cx]|mif1|msf1)", re.DOTALL),
    "JPEG 2000": re.compile(rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"),
}
# Compared with PNG, a scanned page takes a tenth of the time and a third of the bytes, with no visible difference.
JPEG_QUALITY = 95
# Not photographs, or nothing that JPEG can hold. Every other mode is converted to RGB.
PNG_MODES = {"1", "LA", "P", "RGBA", "I;16"}
# What Pillow raises on damaged files; its documentation has no list.
DAMAGED = (OSError, SyntaxError, ValueError, EOFError, TypeError, Image.DecompressionBombError)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPage:
    """One page of a document, ready to be sent.

    Attributes:
        number: Of the page in its file, from 1.
        count: How many pages the file has.
        image: The encoded image; empty if it is `kept`.
        dpi: Its resolution in pixels per inch.
        is_dpi_known: False if the file states none and nobody else did, so that `dpi` is a guess.
        place: Where in a PDF it is from; None for a page of anything else.
        kept: Whether it is a page of a PDF that has text, to be left as it is.
    """

    number: int
    count: int
    image: bytes
    dpi: float
    is_dpi_known: bool = True
    place: PdfPlace | None = None
    kept: bool = False

    def read_as(self, page: Page, source: str, image: bytes | None) -> "ReadPage":
        """This page with what was read in it; the other arguments are those of `ReadPage`."""
        return ReadPage(
            source=source,
            number=self.number,
            page=page,
            image=image,
            dpi=self.dpi,
            is_dpi_known=self.is_dpi_known,
            place=self.place,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPage:
    """One page of a document and what was read in it.

    Attributes:
        source: The file's name as the user gave it.
        number: Of the page in its file, from 1.
        page: What was read.
        image: The encoded image that was read; None where nothing needs it.
        dpi: Its resolution in pixels per inch.
        is_dpi_known: False if `dpi` is a guess.
        place: Where in a PDF it is from; None for a page of anything else.
    """

    source: str
    number: int
    page: Page
    image: bytes | None
    dpi: float
    is_dpi_known: bool = True
    place: PdfPlace | None = None


def pages(
    document: Document, *, dpi: float | None = None, to_pdf: bool = False, force: bool = False
) -> Iterator[DocumentPage]:
    """Go through a file page by page; one page at a time is in memory.

    The pages of PDFs, and of TIFFs with more than one page, are encoded as JPEG of high quality, or as PNG if their
    mode is not that of a photograph; so are images that the server does not take (`CONVERTED`). Every other file is one
    page, and its bytes pass unchanged: the server says whether they are an image.

    Args:
        document: The file: its content as bytes, or its path.
        dpi: Pixels per inch for rendering PDF pages, and of images that state no resolution; 200 if it is None, and
            then the resolution of those images is not known.
        to_pdf: Whether what is read will be written as a PDF: then a PDF keeps its pages, and those that have text are
            `kept`.
        force: With `to_pdf`, whether those are read, too, and PDFs that are signed.

    Raises:
        BadImage: A PDF is encrypted or broken, or a page of a PDF or TIFF is; with `to_pdf`, a PDF may not be changed.
        ModuleNotFoundError: It is a PDF or HEIC, and the extra that reads it is not installed.
        OSError: The file cannot be read.
        ValueError: The resolution is not positive.
    """
    if dpi is not None and not 0 < dpi < math.inf:
        raise ValueError(f"dpi is a positive number, got {dpi!r}")
    start = _first_bytes(document)
    if PDF_MAGIC in start:
        return _pdf_pages(document, dpi or DEFAULT_DPI, to_pdf=to_pdf, force=force)
    if start.startswith(TIFF_MAGICS) and (count := _frame_count(document)) > 1:
        return _tiff_pages(document, count, dpi)
    if kind := _converted_kind(start):
        return iter([_converted(document, kind, dpi)])
    content = document if isinstance(document, bytes) else Path(document).read_bytes()
    return iter([_page(content, _content_dpi(content) or dpi)])


def _first_bytes(document: Document) -> bytes:
    if isinstance(document, bytes):
        return document[:PDF_MAGIC_WITHIN]
    with Path(document).open("rb") as file:
        return file.read(PDF_MAGIC_WITHIN)


def _pdf_pages(document: Document, dpi: float, *, to_pdf: bool, force: bool) -> Iterator[DocumentPage]:
    for page in rendered_pages(document, dpi, to_pdf=to_pdf, force=force):
        kept = page.image is None
        image = b"" if page.image is None else _encoded(page.image)
        number = page.place.number
        yield DocumentPage(number=number, count=page.count, image=image, dpi=page.dpi, place=page.place, kept=kept)


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


def _page(image: bytes, dpi: float | None, number: int = 1, count: int = 1) -> DocumentPage:
    """One whose resolution is None where nobody knows it."""
    return DocumentPage(number=number, count=count, image=image, dpi=dpi or DEFAULT_DPI, is_dpi_known=dpi is not None)


def _tiff_pages(document: Document, count: int, dpi: float | None) -> Iterator[DocumentPage]:
    with _open_image(document) as image:
        for number in range(1, count + 1):
            try:
                image.seek(number - 1)
                encoded, page_dpi = _encoded(ImageOps.exif_transpose(image)), _stated_dpi(image) or dpi
            except DAMAGED as error:
                raise BadImage(f"page {number} of the TIFF is damaged or truncated: send the whole file") from error
            yield _page(encoded, page_dpi, number, count)


def _converted_kind(start: bytes) -> str | None:
    return next((kind for kind, magic in CONVERTED.items() if magic.match(start)), None)


def _converted(document: Document, kind: str, dpi: float | None) -> DocumentPage:
    """Have Pillow decode a photograph, upright, for a server that cannot."""
    if kind == "HEIC":
        _register_heic()
    try:
        with _open_image(document) as image:
            upright, dpi = ImageOps.exif_transpose(image), _stated_dpi(image) or dpi
            return _page(_encoded(upright), dpi)
    except DAMAGED as error:
        raise BadImage(f"the {kind} image is damaged or truncated: send the whole file, or save it as JPEG") from error


def _register_heic() -> None:
    try:
        from pillow_heif import register_heif_opener
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("HEIC needs pillow-heif: pip install 'ocr-triton-client[heic]'") from error
    register_heif_opener()


def _open_image(document: Document) -> Image.Image:
    return Image.open(BytesIO(document) if isinstance(document, bytes) else document)


def _encoded(image: Image.Image) -> bytes:
    file = BytesIO()
    if image.mode in PNG_MODES:
        image.save(file, "PNG")
    else:
        (image if image.mode == "L" else image.convert("RGB")).save(file, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return file.getvalue()


def _content_dpi(content: bytes) -> float | None:
    with warnings.catch_warnings(), suppress(*DAMAGED):
        warnings.simplefilter("ignore")
        with _open_image(content) as image:
            return _stated_dpi(image)
    return None


def _stated_dpi(image: Image.Image) -> float | None:
    across, _ = image.info.get("dpi", (0, 0))
    low, high = PLAUSIBLE_DPI
    return float(across) if low <= across <= high else None
