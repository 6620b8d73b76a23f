"""Time for measurements, the most important first: what there is no time for is left out and listed."""

import time
from collections.abc import Callable


class Budget:
    """So many seconds from now on.

    Args:
        seconds: For everything.
        clock: Tells seconds.

    Attributes:
        left_out: What there was no time for.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end_s = clock() + seconds
        self.left_out: list[str] = []

    @property
    def left_s(self) -> float:
        """Seconds left, 0 at least."""
        return max(0.0, self._end_s - self._clock())

    def allows(self, what: str, seconds: float) -> bool:
        """Whether there is time for something that takes so long; if not, that is noted."""
        allowed = seconds <= self.left_s
        if not allowed:
            self.left_out.append(what)
        return allowed
