"""Which pages are in the pipeline, and until when each of them is wanted.

The bottleneck lies behind the first step, and Triton's ensemble has no queue of its own that could be bounded. So the
first step counts: a page that enters is noted in a small file in shared memory, one for each tritonserver, and the last
step strikes it out. What a step notes is the page's deadline, and that travels with the page as the tensor
`deadline_ns`. A page that is lost on the way, as its process died, counts until its deadline has passed.

A page is refused as well if those before it leave no hope that it is read in time: the last step notes how long it
takes from one page that is read to the next. On a slow machine, fewer pages are let in.
"""

import fcntl
import os
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from ocr_core.errors import Cancelled, DeadlineExceeded, Overloaded
from ocr_core.request import Request

FOLDER = Path("/dev/shm")  # noqa: S108 - where Linux has it; it is empty after a restart
# If no page has moved for so long, all are lost: their model has been restarted.
LOST_S = 10.0
# No request is waited for longer, whatever it asks for.
MAX_TIMEOUT_S = 600.0
# Of the time that a caller waits, so much may be expected to pass: pages differ.
HOPE = 0.75
# So many pages are let in however long it may take: a machine that has become faster would not be noticed.
LET_IN = 2
# Weight of the latest page in the mean time from page to page.
LATEST = 0.2
# Each holder of the file's lock needs microseconds; one that was stopped may not stop the others.
LOCK_S, LOCK_PAUSE_S = 1.0, 0.001

Check = Callable[[], None]
"""Raises DeadlineExceeded or Cancelled where the page is wanted no longer."""


def pages_file(server_pid: int) -> Path:
    """The file in which the steps of a tritonserver note their pages; another one after a restart.

    Raises:
        FileNotFoundError: There is no such process.
    """
    # Field 22 of proc(5): containers that share /dev/shm have processes of equal numbers.
    started = (
        Path(f"/proc/{server_pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[19]
    )
    return FOLDER / f"ocr-pages-{server_pid}-{started}"


def forget_pages(server_pid: int, folder: Path = FOLDER) -> None:
    """Remove what was noted for a tritonserver, that has ended or has lost its pages."""
    for file in folder.glob(f"ocr-pages-{server_pid}-*"):
        file.unlink(missing_ok=True)


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
            Overloaded: There are as many pages already, or too many for this one to be read in time.
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

    def remove(self) -> None:
        """Remove the file: all pages are forgotten."""
        self._file.unlink(missing_ok=True)

    def _admit(self, max_pages: int, timeout_s: float) -> int:
        timeout_ns = int(timeout_s * 1e9)
        with self._noted() as noted:
            now_ns = self._clock_ns()
            if now_ns - noted.moved_ns > LOST_S * 1e9:
                noted.deadlines_ns.clear()
            before = len(noted.deadlines_ns)
            if before >= max_pages:
                raise Overloaded(f"this server reads {max_pages} pages at once and has as many; try again later")
            if before >= LET_IN and (before + 1) * noted.page_ns > HOPE * timeout_ns:
                raise Overloaded(
                    f"{before} pages are before this one, too many to read it within {timeout_s:g} s; try again later"
                )
            if before == 0:
                noted.moved_ns = noted.read_ns = now_ns
            deadline_ns = now_ns + timeout_ns
            while deadline_ns in noted.deadlines_ns:
                deadline_ns += 1
            noted.deadlines_ns.append(deadline_ns)
        return deadline_ns

    def _check(self, request: Request, deadline_ns: int) -> None:
        now_ns = self._clock_ns()
        if now_ns > deadline_ns:
            raise DeadlineExceeded("the time for this request is over; send it with a longer timeout, or later")
        _check_cancelled(request)
        with suppress(Overloaded), self._noted() as noted:
            noted.moved_ns = now_ns

    def _strike_out(self, deadline_ns: int, *, is_read: bool = False) -> None:
        with suppress(Overloaded), self._noted() as noted:  # its deadline strikes it out, too
            now_ns = noted.moved_ns = self._clock_ns()
            if is_read:
                latest_ns = now_ns - noted.read_ns
                noted.page_ns = round((1 - LATEST) * noted.page_ns + LATEST * latest_ns) if noted.page_ns else latest_ns
                noted.read_ns = now_ns
            if deadline_ns in noted.deadlines_ns:
                noted.deadlines_ns.remove(deadline_ns)

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
            yield noted
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
        read_ns: When the last one was read, or the first one entered after a pause.
        page_ns: Mean time from one page that is read to the next while there are pages; 0 before the first.
        deadlines_ns: Of the pages in the pipeline.
    """

    moved_ns: int = 0
    read_ns: int = 0
    page_ns: int = 0
    deadlines_ns: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, content: bytes, now_ns: int) -> "_Noted":
        """What a file says; one that is cut off says nothing."""
        numbers = array("q", content[: len(content) // 8 * 8])
        if len(numbers) < 3:
            return cls()
        moved_ns, read_ns, page_ns, *deadlines_ns = numbers
        return cls(moved_ns, read_ns, page_ns, [deadline_ns for deadline_ns in deadlines_ns if deadline_ns >= now_ns])

    def to_bytes(self) -> bytes:
        """What `of` reads."""
        return array("q", [self.moved_ns, self.read_ns, self.page_ns, *self.deadlines_ns]).tobytes()


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
