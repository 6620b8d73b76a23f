"""Pages that ask to be let in, for the tests of who is and of the file that counts them."""

from ocr_core.admission import Pages
from ocr_core.errors import BadImage, Overloaded
from ocr_core.options import Options
from ocr_core.request import Request

ANYONE = Request(Options())
FOR_60_S = {"max_pages": 2, "timeout_s": 60}


def enter(pages: Pages, request: Request = ANYONE, max_pages: int = 2, timeout_s: float = 60) -> int:
    with pages.entering(request, max_pages, timeout_s) as deadline_ns:
        return deadline_ns


def is_full(pages: Pages) -> bool:
    try:
        with pages.entering(ANYONE, **FOR_60_S):
            raise BadImage("no image, so that it does not stay")
    except BadImage:
        return False
    except Overloaded:
        return True
