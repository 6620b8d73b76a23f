"""How often something was tried lately: what has to be mended again and again is not mended."""

import time
from collections import deque

# So often in so many seconds a model may be loaded anew before the server is, and the server before it is given up.
MOST, WINDOW_S = 5, 60.0


class Attempts:
    """When it was tried."""

    def __init__(self) -> None:
        self._times_s: deque[float] = deque(maxlen=MOST)

    def may_begin(self) -> bool:
        """Whether it may be tried once more; if so, it counts."""
        now_s = time.monotonic()
        if len(self._times_s) == MOST and now_s - self._times_s[0] < WINDOW_S:
            return False
        self._times_s.append(now_s)
        return True
