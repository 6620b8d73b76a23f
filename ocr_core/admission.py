"""Which pages are let in, and until when each of them is wanted.

The bottleneck lies behind the first step, and Triton's ensemble has no queue of its own that could be bounded. So the
first step counts: it notes a page that enters (`ocr_core/pages_file.py`), and the last step strikes it out. What a
step notes is the page's deadline, and that travels with the page as the tensor `deadline_ns`. A page that is lost on
the way, as its process died, counts until its deadline has passed. A step that is called for a page that was never
noted refuses: whoever reaches Triton may call it.

On a slow machine, as many pages at once may be too many for their callers' patience: they would be begun and not
finished in time. So while pages are refused or come too late, only as many are let in at once as are read within the
time that the next one has. As long as none is, how large pages are does not matter: small ones are not refused because
others are slow.
"""

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ocr_core.errors import BadRequest, Cancelled, DeadlineExceeded, Overloaded
from ocr_core.pages_file import Noted, locked
from ocr_core.request import Request
from ocr_core.server_files import PAGES, server_file

# If no page has moved for so long, all are lost: their model has been restarted.
LOST_S = 10.0
# No request is waited for longer, whatever it asks for.
MAX_TIMEOUT_S = 600.0
# What a step was told so short a time ago still holds. To ask before each call of the recognizer took an eighth of what
# ctc_decoding costs.
ASKED_S = 0.05

Check = Callable[[], None]
"""Raises DeadlineExceeded or Cancelled where the page is wanted no longer, BadRequest where there is no such page."""


@dataclass(frozen=True)
class Crowd:
    """How many pages come to a server.

    Attributes:
        pages: In the pipeline now.
        places: So many may be, when the last one came; 0 if none has come yet.
        refused: Since tritonserver was started.
        late: Whose deadlines passed before they were read, since then.
        refused_s_ago: Since the last one was refused, seconds.
    """

    pages: int = 0
    places: int = 0
    refused: int = 0
    late: int = 0
    refused_s_ago: float = math.inf


class Pages:
    """The pages in the pipeline of one server; every process of its steps has such an object.

    Args:
        file: Where they are noted.
        clock_ns: Tells the time.
    """

    def __init__(self, file: Path, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._file, self._clock_ns = file, clock_ns

    @classmethod
    def of_this_server(cls) -> "Pages":
        """Those of the tritonserver that has started this process."""
        return cls.of_server(os.getppid())

    @classmethod
    def of_server(cls, server_pid: int) -> "Pages":
        """Those of a tritonserver; others after a restart.

        Raises:
            FileNotFoundError: There is no such process.
        """
        return cls(server_file(PAGES, server_pid))

    @contextmanager
    def entering(self, request: Request, max_pages: int, timeout_s: float) -> Iterator[int]:
        """For the first step: note a page; it is struck out if the block fails.

        Args:
            request: Its own timeout comes before `timeout_s`.
            max_pages: So many may be in the pipeline.
            timeout_s: How long a request is waited for that does not say it.

        Yields:
            The page's deadline, nanoseconds.

        Raises:
            Overloaded: There are as many pages already.
            Cancelled: The caller has gone.
        """
        _check_cancelled(request)
        deadline_ns = self._admit(max_pages, min(request.timeout_s or timeout_s, MAX_TIMEOUT_S))
        try:
            yield deadline_ns
        except BaseException:
            self._strike_out(deadline_ns)
            raise

    @contextmanager
    def passing(self, request: Request, deadline_ns: int) -> Iterator[Check]:
        """For a step in between: strike the page out if it is wanted no longer, or the block fails.

        Yields:
            What the step calls before each costly part of its work.

        Raises:
            BadRequest: No such page was let in.
            DeadlineExceeded: The deadline has passed.
            Cancelled: The caller has gone.
        """
        try:
            self._check(request, deadline_ns)
            yield self._checks(request, deadline_ns)
        except BaseException:
            self._strike_out(deadline_ns)
            raise

    @contextmanager
    def leaving(self, request: Request, deadline_ns: int) -> Iterator[Check]:
        """For the last step: as `passing`, and strike the page out in any case."""
        with self.passing(request, deadline_ns) as check:
            yield check
        self._strike_out(deadline_ns, is_read=True)

    def crowd(self) -> Crowd:
        """What there is to see from outside; nothing is locked for it."""
        try:
            noted = Noted.of(self._file.read_bytes(), self._clock_ns())
        except FileNotFoundError:
            return Crowd()
        since_s = (self._clock_ns() - noted.refused_ns) / 1e9
        return Crowd(
            len(noted.entered_ns),
            noted.places,
            noted.refused,
            noted.late,
            since_s if noted.refused else math.inf,
        )

    def lose(self) -> None:
        """Count no page any more, as some are lost and nobody knows which; those that are still under way go on."""
        with suppress(Overloaded), self._noted() as noted:  # their deadlines strike them out, too
            noted.lose()

    def _admit(self, max_pages: int, timeout_s: float) -> int:
        timeout_ns = int(timeout_s * 1e9)
        with self._noted() as noted:
            if noted.looked_ns - noted.moved_ns > LOST_S * 1e9:
                noted.lose()
            noted.places = noted.places_for(timeout_ns, max_pages)
            if (count := len(noted.entered_ns)) >= noted.places:
                noted.refuse()
                raise Overloaded(_why(count, max_pages, timeout_s, noted.page_ns / 1e9))
            if not noted.entered_ns:
                noted.moved_ns = noted.looked_ns
            return noted.enter(timeout_ns)

    def _check(self, request: Request, deadline_ns: int) -> None:
        _check_cancelled(request)
        with suppress(Overloaded), self._noted() as noted:
            if deadline_ns in noted.entered_ns or deadline_ns in noted.lost_ns:
                noted.moved_ns = noted.looked_ns
            elif noted.looked_ns <= deadline_ns:
                raise BadRequest("this is a step for pages that are in ocr_ensemble; send the image to ocr_ensemble")
        if self._clock_ns() > deadline_ns:
            raise DeadlineExceeded("the time for this request is over; send it with a longer timeout, or later")

    def _checks(self, request: Request, deadline_ns: int) -> Check:
        """`_check` for a page that has just been checked: it looks at the clock, and asks and notes now and then."""
        asked_ns = self._clock_ns()

        def check() -> None:
            nonlocal asked_ns
            now_ns = self._clock_ns()
            if now_ns > deadline_ns or now_ns - asked_ns >= ASKED_S * 1e9:
                asked_ns = now_ns
                self._check(request, deadline_ns)

        return check

    def _strike_out(self, deadline_ns: int, *, is_read: bool = False) -> None:
        with suppress(Overloaded), self._noted() as noted:  # its deadline strikes it out, too
            noted.leave(deadline_ns, is_read=is_read)

    def _noted(self) -> AbstractContextManager[Noted]:
        return locked(self._file, self._clock_ns)


def _why(count: int, max_pages: int, timeout_s: float, page_s: float) -> str:
    """Why a page is refused while so many others are in the pipeline, of which each would take `page_s` alone."""
    if count >= max_pages:
        return f"this server reads {max_pages} pages at once and has as many; try again later"
    others = f"{count} other" if count == 1 else f"{count} others"
    return (
        f"a page takes {(count + 1) * page_s:.1f} s now, beside {others}, and this request waits for {timeout_s:.1f} s "
        "only; try again later, or with a longer timeout"
    )


def _check_cancelled(request: Request) -> None:
    if request.is_cancelled():
        raise Cancelled("the caller has cancelled the request")
