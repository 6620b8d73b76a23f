"""Searchable PDF: each page's image, or the PDF page that it was made from, and invisible text over what it shows.

pydyf writes objects as they are, one after the other, so that only one image is in memory at a time. It cannot change
PDFs: for their pages it writes the text alone, which `pdf_layers` then adds to them.
"""

from collections.abc import Iterable, Sequence
from tempfile import TemporaryFile
from typing import BinaryIO

import numpy as np
import pydyf
from numpy.typing import NDArray

from ocr_client.documents import ReadPage
from ocr_client.formats import pdf_layers
from ocr_client.formats.glyphless import GlyphlessFont
from ocr_client.formats.letters import width_em
from ocr_client.formats.markup import SOFTWARE, SOFTWARE_VERSION
from ocr_client.formats.pdf_image import PdfImage, pdf_image
from ocr_client.formats.words import Part, parts
from ocr_client.pdf_pages import POINTS_PER_INCH
from ocr_client.results import Line, Quad

# Longest side that readers take: ISO 32000, annex C.
MAX_SIDE_POINTS = 14_400
INVISIBLE = 3
# A word that rises or falls by more than this part of its height is tilted.
LEVEL = 0.01
# Nothing on a page is as small, in pixels: the space between words that touch, and what may be divided by.
TINY = 0.01


def write(results: Iterable[ReadPage], stream: BinaryIO) -> None:
    """Write one document with a page for each page; until the end, the images are in a temporary file.

    If all pages are from one PDF, it is that PDF with all that is in it.

    Raises:
        OSError: Pillow cannot decode an image.
        ValueError: A page comes without its image, or it is too large for Pillow; or a PDF has changed in between.
    """
    pdf, font, font_fields = pydyf.PDF(), GlyphlessFont(), pydyf.Dictionary()
    pdf.info.update({"Producer": pydyf.String(f"{SOFTWARE} {SOFTWARE_VERSION}")})
    pdf.add_object(font_fields)
    places = []
    with TemporaryFile() as spool, TemporaryFile() as layers:
        for result in results:
            add_page = _add_layer if result.place else _add_page
            add_page(pdf, result, font, font_fields.reference, spool)
            places.append(result.place)
        font.add_to(pdf, font_fields)
        pdf.write(layers if any(places) else stream)
        if any(places):
            pdf_layers.write(layers, places, stream)


class _Spooled(pydyf.Stream):  # type: ignore[misc]  # pydyf has no types
    """A stream whose bytes wait in a file until they are written."""

    def __init__(self, content: bytes, extra: dict[str, object], spool: BinaryIO) -> None:
        super().__init__(extra=extra)
        self._spool, self._start, self._length = spool, spool.tell(), spool.write(content)

    @property
    def data(self) -> bytes:
        self._spool.seek(self._start)
        written: bytes = pydyf.Stream([self._spool.read(self._length)], self.extra).data
        return written


def _add_page(pdf: pydyf.PDF, result: ReadPage, font: GlyphlessFont, font_reference: bytes, spool: BinaryIO) -> None:
    if result.image is None:
        raise ValueError(f"{result.source}: a PDF needs the image of page {result.number}, got none")
    page, image = result.page, pdf_image(result.image)
    scale = min(POINTS_PER_INCH / result.dpi, MAX_SIDE_POINTS / max(page.width, page.height))
    content, picture = pydyf.Stream(compress=True), _Spooled(image.content, image.fields, spool)
    # The image's pixels become the unit of length, and its y axis still points up.
    content.set_matrix(scale, 0, 0, scale, 0, 0)
    _draw_image(content, image, page.width, page.height)
    _write_lines(content, page.lines, page.height, font)
    pdf.add_object(picture)
    resources = {
        "XObject": pydyf.Dictionary({"Image": picture.reference}),
        "Font": pydyf.Dictionary({"Text": font_reference}),
    }
    _add(pdf, content, resources, page.width * scale, page.height * scale)


def _add_layer(pdf: pydyf.PDF, result: ReadPage, font: GlyphlessFont, font_reference: bytes, _spool: BinaryIO) -> None:
    """Add a page with the text alone, in pixels; without a font if there is none."""
    page, content = result.page, pydyf.Stream(compress=True)
    _write_lines(content, page.lines, page.height, font)
    resources = {"Font": pydyf.Dictionary({"Text": font_reference})} if page.lines else {}
    _add(pdf, content, resources, page.width, page.height)


def _add(pdf: pydyf.PDF, content: pydyf.Stream, resources: dict[str, object], width: float, height: float) -> None:
    pdf.add_object(content)
    pdf.add_page(
        pydyf.Dictionary(
            {
                "Type": "/Page",
                "Parent": pdf.pages.reference,
                "MediaBox": pydyf.Array([0, 0, width, height]),
                "Resources": pydyf.Dictionary(resources),
                "Contents": content.reference,
            }
        )
    )


def _draw_image(content: pydyf.Stream, image: PdfImage, width: int, height: int) -> None:
    content.push_state()
    content.set_matrix(width, 0, 0, height, 0, 0)
    content.set_matrix(*image.turn)
    content.draw_x_object("Image")
    content.pop_state()


def _write_lines(content: pydyf.Stream, lines: Iterable[Line], height: int, font: GlyphlessFont) -> None:
    content.begin_text()
    content.set_text_rendering(INVISIBLE)
    for line in lines:
        _write_line(content, line, height, font)
    content.end_text()


def _write_line(content: pydyf.Stream, line: Line, height: int, font: GlyphlessFont) -> None:
    """Write each word over its ink, and the spaces between; all as high as the line's ink, on one baseline."""
    found, (origin, along, up) = parts(line), _parallelogram(line, height)
    axes = np.array([along / max(np.hypot(*along), TINY), up / max(np.hypot(*up), TINY)])
    if not found or abs(np.linalg.det(axes)) < TINY:
        return
    # How far along the line, and how far above its lower edge, the corners of each word are: (W, 4, 2).
    places = (_upwards([part.word.quad for part in found], height) - origin) @ np.linalg.inv(axes)
    starts, ends = places[:, [0, 3], 0].mean(axis=1), places[:, [1, 2], 0].mean(axis=1)
    low, high = places[:, 2:, 1].mean(axis=1).min(), places[:, :2, 1].mean(axis=1).max()
    corner, up = origin + low * axes[1], (high - low) * axes[1]
    pieces = _pieces(found, starts, ends)
    if axes[0][0] < -abs(axes[0][1]):
        # PDFium puts what stands side by side into order from left to right, so that a line on its head is one piece.
        pieces = [("".join(text for text, _, _ in pieces), starts[0], ends[-1])]
    for text, start, end in pieces:
        _show(content, text, np.array([corner + start * axes[0], (end - start) * axes[0], up]), font)


def _pieces(
    found: Sequence[Part], starts: NDArray[np.float64], ends: NDArray[np.float64]
) -> list[tuple[str, float, float]]:
    """A line's words and the spaces between them: each with where it starts and ends."""
    pieces: list[tuple[str, float, float]] = []
    for (word, is_parted), start, end in zip(found, starts.tolist(), ends.tolist(), strict=True):
        if is_parted:
            space = pieces[-1][2]
            pieces.append((" ", space, max(start, space + TINY)))
        pieces.append((word.text, start, end))
    return pieces


def _show(content: pydyf.Stream, text: str, parallelogram: NDArray[np.float64], font: GlyphlessFont) -> None:
    origin, along, up = parallelogram
    length_em, size = sum(map(width_em, text)), float(np.hypot(*up))
    if not (length_em and size and along.any()):
        return
    content.set_font_size("Text", size)
    content.set_text_matrix(*(along / (length_em * size)).tolist(), *(up / size).tolist(), *origin.tolist())
    # Some programs look for words in level text only, and would part a tilted one into its letters: they are told.
    is_tilted = text != " " and np.abs(along).min() > LEVEL * size
    if is_tilted:
        content.begin_marked_content("Span", b"<</ActualText %s>>" % pydyf.String(text).data)
    content.show_text(font.encode(text))
    if is_tilted:
        content.end_marked_content()


def _upwards(quads: Sequence[Quad], height: int) -> NDArray[np.float64]:
    """Corners, (N, 4, 2), with y upwards."""
    return np.array(quads, np.float64) * (1, -1) + (0, height)


def _parallelogram(line: Line, height: int) -> NDArray[np.float64]:
    """The parallelogram that is closest to a line's quad: PDF can turn and slant text, but not narrow it.

    Returns:
        (3, 2): the lower left corner, the lower edge and the left edge, in pixels with y upwards.
    """
    (corners,) = _upwards([line.quad], height)
    top_left, top_right, bottom_right, bottom_left = corners
    along = (top_right - top_left + bottom_right - bottom_left) / 2
    up = (top_left - bottom_left + top_right - bottom_right) / 2
    return np.array([corners.mean(axis=0) - (along + up) / 2, along, up])
