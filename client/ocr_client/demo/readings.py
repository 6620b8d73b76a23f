"""What the page has had read: page by page while it is read, and afterwards in every format."""

import secrets
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from ocr_client.documents import DocumentPage, ReadPage, pages
from ocr_client.formats import WRITERS
from ocr_client.photo import displayed
from ocr_client.results import Page

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ocr_client.options import ReadOptions

# How the files begin that every browser shows: JPEG, PNG, GIF, BMP and WebP.
SHOWN = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"RIFF")
PREVIEW_QUALITY = 85
# One person looks at one result at a time; the others are for going back in the browser.
MOST_KEPT = 4


class Reader(Protocol):
    """What reads an image."""

    def read(self, image: bytes, /, **options: "Unpack[ReadOptions]") -> Page:
        """Read the text in one encoded image."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One file that is read.

    Attributes:
        name: What it is called.
        document: Its content.
        key: What results are asked for by.
        pages: What has been read so far. The images of PDFs are left out: they can be rendered again.
    """

    name: str
    document: bytes
    key: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    pages: list[ReadPage] = field(default_factory=list)

    def read(self, reader: Reader, options: "ReadOptions") -> Iterator[dict[str, Any]]:
        """Read page by page, and tell of each: JSON-ready, with its image in base64 where a browser has none.

        Raises:
            ModuleNotFoundError: The file needs an extra that is not installed.
            OcrError: The file is broken, or the server fails.
        """
        for page in pages(self.document):
            read = reader.read(page.image, **options)
            image = None if page.place else page.image
            self.pages.append(page.read_as(read, self.name, image))
            preview = self._preview(page)
            yield {
                "key": self.key,
                "number": page.number,
                "count": page.count,
                "page": read.to_dict(),
                "image": preview and b64encode(preview).decode(),
            }

    def written(self, format_name: str) -> bytes:
        """What has been read, in a format.

        Raises:
            BadImage: It is a PDF, and no text may be added to it.
            ModuleNotFoundError: The format needs an extra that is not installed.
            OSError: Pillow cannot decode an image, which a PDF needs.
        """
        stream = BytesIO()
        results = self._for_pdf() if format_name == "pdf" else self.pages
        WRITERS[format_name].write(results, stream)
        return stream.getvalue()

    def _for_pdf(self) -> list[ReadPage]:
        """Without the text of pages of a PDF that have text: they are left as they are."""
        if not self.pages[0].place:
            return self.pages
        kept = {page.number for page in pages(self.document, to_pdf=True) if page.kept}
        nothing = Page(width=0, height=0, lines=())
        return [replace(read, page=nothing) if read.number in kept else read for read in self.pages]

    def _preview(self, page: DocumentPage) -> bytes | None:
        """The page's image, if it is not the file itself or no browser shows it; None if Pillow does not either."""
        if page.image.startswith(SHOWN):
            return None if page.image is self.document else page.image
        stream = BytesIO()
        try:
            displayed(page.image).save(stream, "JPEG", quality=PREVIEW_QUALITY)
        except (OSError, ValueError):
            return None
        return stream.getvalue()


class Readings:
    """The newest readings."""

    def __init__(self) -> None:
        self._readings: OrderedDict[str, Reading] = OrderedDict()
        self._lock = Lock()

    def add(self, reading: Reading) -> None:
        """Keep one, and forget the oldest if there are many."""
        with self._lock:
            self._readings[reading.key] = reading
            while len(self._readings) > MOST_KEPT:
                self._readings.popitem(last=False)

    def get(self, key: str) -> Reading | None:
        """The one with this key, unless it is forgotten."""
        with self._lock:
            return self._readings.get(key)
