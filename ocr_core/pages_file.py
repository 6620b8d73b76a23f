"""What the steps of one server note of the pages in its pipeline: a small file in shared memory, for each tritonserver.

How much of the machine a page needs is seen from how long it takes and how many others were there meanwhile: n pages
that share a machine each advance at 1/n of its speed. So a clock that runs at that speed tells, by the difference
between a page's entry and its exit, how long the page would have taken alone (the virtual time of processor sharing:
A. Parekh and R. Gallager, "A Generalized Processor Sharing Approach to Flow Control", IEEE/ACM Transactions on
Networking, 1993).
"""

import fcntl
import math
import os
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ocr_core.errors import Overloaded
from ocr_core.server_files import PAGES, files_of

# So long after its deadline a page that was lost is still known: its step may not have seen it yet.
KNOWN_S = 60.0
# "While others are refused, or too late": within so much time.
REFUSED_S = 1.0
# A page should have so many times as much time as it will probably take: not all are alike. Fewer pages at once take
# less time each; but no more than this part of the places would leave cores idle, so these are less patient.
PATIENCE, LEAST_PATIENCE, LEAST_PART = 4, 2, 1 / 4
# What a page needs is a mean that follows larger pages faster than smaller ones: most need no more than it.
UP, DOWN = 4, 32
# So many numbers stand in the file before the pages.
HEAD = 9
# Each holder of the file's lock needs microseconds; one that was stopped may not stop the others.
LOCK_S, LOCK_PAUSE_S = 1.0, 0.001


def forget_pages(server_pid: int) -> None:
    """Remove what was noted for a tritonserver that has ended."""
    for file in files_of(PAGES, server_pid):
        file.unlink(missing_ok=True)


@dataclass
class Noted:
    """The file's content: int64 in the machine's order, nanoseconds of `time.monotonic_ns`.

    Attributes:
        moved_ns: When a page was last seen by a step behind the first one.
        refused_ns: When a page was last refused.
        late_ns: When the time of one was last over.
        looked_ns: When the file was last looked at.
        shared_ns: The clock that runs at the speed of each page.
        page_ns: What a page needs of the machine, that is, how long it would take alone; 0 if none has been read yet.
        places: So many pages might be in the pipeline when the last one came.
        refused: Pages that were refused.
        late: Pages whose deadlines passed before they were read.
        entered_ns: By `shared_ns`, when each page in the pipeline entered it, by its deadline.
        lost_ns: The deadlines of pages that count no longer and may be under way all the same.
    """

    moved_ns: int = 0
    refused_ns: int = 0
    late_ns: int = 0
    looked_ns: int = 0
    shared_ns: int = 0
    page_ns: int = 0
    places: int = 0
    refused: int = 0
    late: int = 0
    entered_ns: dict[int, int] = field(default_factory=dict, init=False)
    lost_ns: list[int] = field(default_factory=list, init=False)

    @classmethod
    def of(cls, content: bytes, now_ns: int) -> "Noted":
        """What a file says, without what is over by now; one that is cut off says nothing."""
        numbers = array("q", content[: len(content) // 8 * 8]).tolist()
        if len(numbers) < HEAD + 1:
            return cls(looked_ns=now_ns)
        noted, count, pages_ns = cls(*numbers[:HEAD]), numbers[HEAD], numbers[HEAD + 1 :]
        noted.entered_ns = dict(zip(pages_ns[:count], pages_ns[count : 2 * count], strict=False))
        noted.lost_ns = pages_ns[2 * count :]
        noted._advance(now_ns)
        return noted

    def lose(self) -> None:
        """Count no page any more."""
        self.lost_ns += self.entered_ns
        self.entered_ns = {}

    def refuse(self) -> None:
        """Count a page that is not let in."""
        self.refused_ns = self.looked_ns
        self.refused += 1

    def enter(self, timeout_ns: int) -> int:
        """Let a page in.

        Returns:
            Its deadline, which no other page has.
        """
        deadline_ns = self.looked_ns + timeout_ns
        while deadline_ns in self.entered_ns or deadline_ns in self.lost_ns:
            deadline_ns += 1
        self.entered_ns[deadline_ns] = self.shared_ns
        return deadline_ns

    def leave(self, deadline_ns: int, *, is_read: bool) -> None:
        """Count a page no longer, and learn from one that was read."""
        if deadline_ns in self.lost_ns:
            self.lost_ns.remove(deadline_ns)
            self.moved_ns = self.looked_ns
        entered_ns = self.entered_ns.pop(deadline_ns, None)
        if entered_ns is None:
            return
        self.moved_ns = self.looked_ns
        if is_read:
            self._learn(self.shared_ns - entered_ns)

    def places_for(self, timeout_ns: int, max_pages: int) -> int:
        """So many pages may be in the pipeline, one that has so much time among them."""
        if self.page_ns == 0 or self.looked_ns - max(self.refused_ns, self.late_ns) > REFUSED_S * 1e9:
            return max_pages
        in_time = timeout_ns / self.page_ns
        least = min(math.ceil(LEAST_PART * max_pages), int(in_time / LEAST_PATIENCE))
        return min(max_pages, max(1, least, int(in_time / PATIENCE)))

    def to_bytes(self) -> bytes:
        """What `of` reads."""
        *head, entered_ns, lost_ns = vars(self).values()
        pages_ns = (*entered_ns.keys(), *entered_ns.values(), *lost_ns)
        return array("q", [*head, len(entered_ns), *pages_ns]).tobytes()

    def _advance(self, now_ns: int) -> None:
        self.shared_ns += max(0, now_ns - self.looked_ns) // max(1, len(self.entered_ns))
        self.looked_ns = now_ns
        known_ns = now_ns - int(KNOWN_S * 1e9)
        over_ns = [deadline_ns for deadline_ns in self.entered_ns if deadline_ns < now_ns]
        self.lost_ns = [deadline_ns for deadline_ns in over_ns + self.lost_ns if deadline_ns >= known_ns]
        self.late += len(over_ns)
        self.late_ns = max([self.late_ns, *over_ns])
        for deadline_ns in over_ns:
            # It needs more than it got.
            self._learn(max(self.page_ns, self.shared_ns - self.entered_ns.pop(deadline_ns)))

    def _learn(self, needed_ns: int) -> None:
        more_ns = needed_ns - self.page_ns
        self.page_ns += more_ns // (1 if self.page_ns == 0 else UP if more_ns > 0 else DOWN)


@contextmanager
def locked(file: Path, clock_ns: Callable[[], int]) -> Iterator[Noted]:
    """What a file says, which no other process reads meanwhile; changes are written when the block ends.

    Raises:
        Overloaded: A process that holds the file's lock stands still.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor)
        noted = Noted.of(os.pread(descriptor, os.fstat(descriptor).st_size, 0), clock_ns())
        try:
            yield noted
        finally:
            content = noted.to_bytes()
            os.pwrite(descriptor, content, 0)
            os.truncate(descriptor, len(content))
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    give_up_s = time.monotonic() + LOCK_S
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # noqa: PERF203 - the loop is for it
            if time.monotonic() > give_up_s:
                raise Overloaded("a process of this server stands still; try again later") from None
            time.sleep(LOCK_PAUSE_S)
