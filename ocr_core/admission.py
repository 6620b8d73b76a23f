"""Which pages are in the pipeline, and until when each of them is wanted.

The bottleneck lies behind the first step, and Triton's ensemble has no queue of its own that could be bounded. So the
first step counts: a page that enters is noted in a small file in shared memory, one for each tritonserver, and the last
step strikes it out. What a step notes is the page's deadline, and that travels with the page as the tensor
`deadline_ns`. A page that is lost on the way, as its process died, counts until its deadline has passed. A step that is
called for a page that was never noted refuses: whoever reaches Triton may call it.

On a slow machine, as many pages at once may be too many for their callers' patience. So each page that misses its
deadline while others are refused takes a place away, and each that is read gives a part of one back, as TCP does with a
congested line. How large pages are does not matter: small ones are not refused because others are slow.
"""

import fcntl
import math
import os
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ocr_core.errors import BadRequest, Cancelled, DeadlineExceeded, Overloaded
from ocr_core.request import Request

FOLDER = Path("/dev/shm")  # noqa: S108 - where Linux has it; it is empty after a restart
# How the file's name begins.
PAGES = "ocr-pages-"
# If no page has moved for so long, all are lost: their model has been restarted.
LOST_S = 10.0
# So long after its deadline a page that was lost is still known: its step may not have seen it yet.
KNOWN_S = 60.0
# No request is waited for longer, whatever it asks for.
MAX_TIMEOUT_S = 600.0
# A page that is read gives back this part of a place: one page in about as many is too late on a machine that is slow.
PARTS = 16
# So many places stay: with fewer pages the cores would be idle.
LEAST_PAGES = 2
# "While others are refused": within so much time.
REFUSED_S = 1.0
# So many numbers stand in the file before the deadlines.
HEAD = 6
# Each holder of the file's lock needs microseconds; one that was stopped may not stop the others.
LOCK_S, LOCK_PAUSE_S = 1.0, 0.001

Check = Callable[[], None]
"""Raises DeadlineExceeded or Cancelled where the page is wanted no longer, BadRequest where there is no such page."""


def pages_file(server_pid: int) -> Path:
    """The file in which the steps of a tritonserver note their pages; another one after a restart.

    Raises:
        FileNotFoundError: There is no such process.
    """
    # Field 22 of proc(5): containers that share /dev/shm have processes of equal numbers.
    started = (
        Path(f"/proc/{server_pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[19]
    )
    return FOLDER / f"{PAGES}{server_pid}-{started}"


def forget_pages(server_pid: int, folder: Path = FOLDER) -> None:
    """Remove what was noted for a tritonserver that has ended."""
    for file in folder.glob(f"{PAGES}{server_pid}-*"):
        file.unlink(missing_ok=True)


@dataclass(frozen=True)
class Crowd:
    """How many pages come to a server.

    Attributes:
        pages: In the pipeline now.
        places: So many may be, when the last one came; 0 if none has come yet.
        refused: For want of a place, since tritonserver was started.
        late: Given up as their deadlines had passed, since then.
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
        return cls(pages_file(os.getppid()))

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
            yield lambda: self._check(request, deadline_ns)
        except BaseException:
            self._strike_out(deadline_ns)
            raise

    @contextmanager
    def leaving(self, request: Request, deadline_ns: int) -> Iterator[Check]:
        """For the last step: as `passing`, and strike the page out in any case."""
        with self.passing(request, deadline_ns) as check:
            yield check
        self._strike_out(deadline_ns, is_read=True)

    def crowd(self) -> "Crowd":
        """What there is to see from outside; nothing is locked for it."""
        try:
            noted = _Noted.of(self._file.read_bytes(), self._clock_ns())
        except FileNotFoundError:
            return Crowd()
        since_s = (self._clock_ns() - noted.refused_ns) / 1e9
        return Crowd(
            len(noted.deadlines_ns),
            noted.pages_at_once,
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
            now_ns = self._clock_ns()
            if now_ns - noted.moved_ns > LOST_S * 1e9:
                noted.lose()
            places = noted.pages_at_once = noted.places(max_pages)
            if len(noted.deadlines_ns) >= places:
                noted.refused_ns = now_ns
                noted.refused += 1
                raise Overloaded(f"this server reads {places} pages at once and has as many; try again later")
            if not noted.deadlines_ns:
                noted.moved_ns = now_ns
            deadline_ns = now_ns + timeout_ns
            while deadline_ns in (*noted.deadlines_ns, *noted.lost_ns):
                deadline_ns += 1
            noted.deadlines_ns.append(deadline_ns)
        return deadline_ns

    def _check(self, request: Request, deadline_ns: int) -> None:
        _check_cancelled(request)
        with suppress(Overloaded), self._noted() as noted:
            now_ns = self._clock_ns()
            if deadline_ns in noted.deadlines_ns or deadline_ns in noted.lost_ns:
                noted.moved_ns = now_ns
                noted.late += now_ns > deadline_ns
                if now_ns > deadline_ns and now_ns - noted.refused_ns < REFUSED_S * 1e9:
                    noted.parts_less += PARTS
            elif now_ns <= deadline_ns:
                raise BadRequest("this is a step for pages that are in ocr_ensemble; send the image to ocr_ensemble")
        if self._clock_ns() > deadline_ns:
            raise DeadlineExceeded("the time for this request is over; send it with a longer timeout, or later")

    def _strike_out(self, deadline_ns: int, *, is_read: bool = False) -> None:
        with suppress(Overloaded), self._noted() as noted:  # its deadline strikes it out, too
            for pages_ns in (noted.deadlines_ns, noted.lost_ns):
                if deadline_ns in pages_ns:
                    pages_ns.remove(deadline_ns)
                    noted.moved_ns = self._clock_ns()
            if is_read:
                noted.parts_less = max(0, noted.parts_less - 1)

    @contextmanager
    def _noted(self) -> Iterator["_Noted"]:
        """What is noted, without what is over; changes are written when the block ends.

        Raises:
            Overloaded: A process that holds the file's lock stands still.
        """
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            _lock(descriptor)
            noted = _Noted.of(os.pread(descriptor, os.fstat(descriptor).st_size, 0), self._clock_ns())
            try:
                yield noted
            finally:
                content = noted.to_bytes()
                os.pwrite(descriptor, content, 0)
                os.truncate(descriptor, len(content))
        finally:
            os.close(descriptor)


@dataclass
class _Noted:
    """The file's content: int64 in the machine's order, nanoseconds of `time.monotonic_ns`.

    Attributes:
        moved_ns: When a page was last seen by a step behind the first one.
        refused_ns: When a page was last refused for want of a place.
        parts_less: `PARTS` for each place that is taken away.
        pages_at_once: So many might be in the pipeline when the last page came.
        refused: Pages that were refused for want of a place.
        late: Pages that were given up as too late.
        deadlines_ns: Of the pages in the pipeline.
        lost_ns: Of pages that count no longer and may be under way all the same.
    """

    moved_ns: int = 0
    refused_ns: int = 0
    parts_less: int = 0
    pages_at_once: int = 0
    refused: int = 0
    late: int = 0
    deadlines_ns: list[int] = field(default_factory=list, init=False)
    lost_ns: list[int] = field(default_factory=list, init=False)

    @classmethod
    def of(cls, content: bytes, now_ns: int) -> "_Noted":
        """What a file says; one that is cut off says nothing."""
        numbers = array("q", content[: len(content) // 8 * 8]).tolist()
        if len(numbers) < HEAD + 1:
            return cls()
        noted, count, pages_ns = cls(*numbers[:HEAD]), numbers[HEAD], numbers[HEAD + 1 :]
        noted.deadlines_ns = [deadline_ns for deadline_ns in pages_ns[:count] if deadline_ns >= now_ns]
        known_ns = now_ns - int(KNOWN_S * 1e9)
        noted.lost_ns = [ns for ns in pages_ns if ns >= known_ns and ns not in noted.deadlines_ns]
        return noted

    def lose(self) -> None:
        """Count no page any more."""
        self.lost_ns += self.deadlines_ns
        self.deadlines_ns = []

    def places(self, max_pages: int) -> int:
        """How many pages may be in the pipeline; at most `max_pages`."""
        self.parts_less = min(self.parts_less, PARTS * max(0, max_pages - LEAST_PAGES))
        return max_pages - math.ceil(self.parts_less / PARTS)

    def to_bytes(self) -> bytes:
        """What `of` reads."""
        *head, deadlines_ns, lost_ns = vars(self).values()
        return array("q", [*head, len(deadlines_ns), *deadlines_ns, *lost_ns]).tobytes()


def _check_cancelled(request: Request) -> None:
    if request.is_cancelled():
        raise Cancelled("the caller has cancelled the request")


def _lock(descriptor: int) -> None:
    give_up_s = time.monotonic() + LOCK_S
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # noqa: PERF203 - the loop is for it
            if time.monotonic() > give_up_s:
                raise Overloaded("a process of this server stands still; try again later") from None
            time.sleep(LOCK_PAUSE_S)
