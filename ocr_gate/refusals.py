"""How many requests were refused for want of a place: whoever has started the gate sees it in shared memory."""

import mmap
import time
from array import array

# Two int64: how many there were, and when the last one was, nanoseconds of the monotonic clock.
BYTES = 2 * array("q").itemsize


class Refusals:
    """Counts on where the gate before has died.

    Args:
        descriptor: Of a file in memory, `BYTES` long, all 0 at first.
    """

    def __init__(self, descriptor: int) -> None:
        self._numbers = memoryview(mmap.mmap(descriptor, BYTES)).cast("q")

    def note(self) -> None:
        """Count one more."""
        self._numbers[1] = time.monotonic_ns()
        self._numbers[0] += 1
