"""Pages of PDFs with a layer of invisible text, and all else as it is.

A layer is a form XObject (ISO 32000, 8.10): its content, resources and coordinates are its own, so nothing in the page
can clash with it. It is drawn before the page's own content, which may leave coordinates and colours as it likes.
"""

import shutil
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import BinaryIO

import pikepdf
from pikepdf import Name

from ocr_client.formats.pdf_unseen import take_out_unseen_text
from ocr_client.pdf_pages import Document, PdfPlace, open_to_write

# What an XObject with a layer is called in its page; figures follow.
LAYER = "/OcrText"


def write(layers: BinaryIO, places: Sequence[PdfPlace | None], stream: BinaryIO) -> None:
    """Write a PDF with a page for each of `layers`.

    Args:
        layers: A PDF with a layer on each page, in pixels of the image that was read; without a font where there is
            nothing to add. Or with the page itself, where `places` has None.
        places: Where each layer belongs. If all belong into one PDF, that PDF is written, with its other pages,
            outline, form and attachments; otherwise only the pages are.
        stream: Where to.

    Raises:
        ValueError: A PDF cannot be read any more.
    """
    documents = {_key(place.document): place.document for place in places if place}
    try:
        with ExitStack() as opened, TemporaryFile() as written:
            pdfs = {key: opened.enter_context(open_to_write(document)) for key, document in documents.items()}
            drawn = opened.enter_context(pikepdf.open(layers))
            whole = len(pdfs) == 1 and all(places)
            target = next(iter(pdfs.values())) if whole else opened.enter_context(pikepdf.new())
            for layer, place in zip(drawn.pages, places, strict=True):
                page = pdfs[_key(place.document)].pages[place.number - 1] if place else layer
                if not whole:
                    target.pages.append(page)
                    page = target.pages[-1]
                if place and Name.Font in layer.resources:
                    _lay(target, page, layer, place)
            target.save(written, deterministic_id=True)  # the stream may be a pipe, which pikepdf does not take
            written.seek(0)
            shutil.copyfileobj(written, stream)
    except (pikepdf.PdfError, IndexError) as error:
        raise ValueError(f"the text cannot be added to the PDF: {error}") from error


def _key(document: Document) -> object:
    """What tells documents apart without comparing their content."""
    return id(document) if isinstance(document, bytes) else document


def _lay(pdf: pikepdf.Pdf, page: pikepdf.Page, layer: pikepdf.Page, place: PdfPlace) -> None:
    _own_resources(page)
    if place.renewed:
        take_out_unseen_text(pdf, page)
    form = pdf.copy_foreign(layer.as_form_xobject())
    form.Matrix = pikepdf.Array(place.to_page)
    forms = page.Resources.XObject
    name = _free_name(forms.keys())
    forms[name] = form
    page.contents_add(pdf.make_stream(f"q {name} Do Q".encode()), prepend=True)


def _own_resources(page: pikepdf.Page) -> None:
    """Give a page resources of its own where it shares them with others."""
    resources = pikepdf.Dictionary(dict(page.resources.as_dict()))
    forms = resources.get("/XObject")
    resources.XObject = pikepdf.Dictionary(dict(forms.as_dict()) if forms else {})
    page.obj.Resources = resources


def _free_name(taken: Iterable[str]) -> str:
    taken = set(taken)
    return next(name for number in range(len(taken) + 1) if (name := f"{LAYER}{number}") not in taken)
