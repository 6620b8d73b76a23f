"""Inputs → their pages → what was read, several requests at a time, in the inputs' order."""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ocr_client.cli.inputs import Input
from ocr_client.client import OcrClient
from ocr_client.documents import DocumentPage, ReadPage, pages
from ocr_client.errors import OcrError
from ocr_client.ordered import map_ordered
from ocr_client.results import Page

if TYPE_CHECKING:
    from ocr_client.options import ReadOptions

# What is read in a page that is not read.
NOTHING = Page(width=0, height=0, lines=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result for one page: what was read, or the error.

    Attributes:
        file: Where the page is from.
        number: Of the page in its file, from 1.
        count: How many pages the file has; 1 if it cannot be opened.
        result: What was read.
        error: Why nothing was.
        kept: Whether it was not read because it has text.
    """

    file: Input
    number: int = 1
    count: int = 1
    result: ReadPage | None = None
    error: Exception | None = None
    kept: bool = False

    @property
    def name(self) -> str:
        """What to call the page in a message."""
        return self.file.name if self.count == 1 else f"{self.file.name}, page {self.number}"


def read_all(
    client: OcrClient,
    inputs: Iterable[Input],
    *,
    dpi: float | None,
    concurrency: int,
    keep_images: bool,
    to_pdf: bool,
    force: bool,
    options: "ReadOptions",
) -> Generator[Outcome, None, None]:
    """Read every page of every input; a few pages are in memory at a time.

    Args:
        client: Asks the server.
        inputs: Opened one by one.
        dpi: Resolution for the pages of PDFs.
        concurrency: How many requests are under way at the same time.
        keep_images: Whether the results are to have their images.
        to_pdf: Whether a PDF is written: then pages of PDFs that have text are left as they are.
        force: Whether those are read, too.
        options: Go with every request.
    """
    read = partial(_read, client, options, keep_images)
    documents = partial(_pages, dpi, to_pdf, force)
    return map_ordered(read, (page for file in inputs for page in documents(file)), concurrency)


def _pages(
    dpi: float | None, to_pdf: bool, force: bool, file: Input
) -> Iterator[tuple[Input, DocumentPage | Exception]]:
    try:
        for page in pages(file.fetch(), dpi=dpi, to_pdf=to_pdf, force=force):
            yield file, page
    except (OcrError, OSError, ValueError, ModuleNotFoundError) as error:
        yield file, error


def _read(
    client: OcrClient, options: "ReadOptions", keep_image: bool, item: tuple[Input, DocumentPage | Exception]
) -> Outcome:
    file, page = item
    if isinstance(page, Exception):
        return Outcome(file=file, error=page)
    try:
        text = NOTHING if page.kept else client.read(page.image, **options)
    except OcrError as error:
        return Outcome(file=file, number=page.number, count=page.count, error=error)
    image = page.image if keep_image and not page.kept else None
    result = page.read_as(text, file.name, image)
    return Outcome(file=file, number=page.number, count=page.count, result=result, kept=page.kept)
