"""Whether a server has refused images for long, so that others had better take them.

It is looked at once a second. A server counts as overloaded when it has refused in most of the last seconds, and until
it has refused in none for a while; then the count begins anew. So clients are sent away from it at most once in half a
minute, for a few seconds, and a burst does not matter.
"""

from collections import deque

# So many of the last so many looks must have seen a refusal.
MOST, LOOKS = 24, 30
# Overload is over when so many looks in a row have seen none.
REST_LOOKS = 5
# A refusal belongs to a look that is not longer ago than this, seconds.
FRESH_S = 1.0


class Overload:
    """What was seen so far.

    Attributes:
        is_lasting: The server refuses, and has for long.
    """

    def __init__(self) -> None:
        self.is_lasting = False
        self._seen: deque[bool] = deque(maxlen=LOOKS)

    def note(self, refused_s_ago: float) -> None:
        """Look once.

        Args:
            refused_s_ago: Since the last image was refused, seconds.
        """
        self._seen.append(refused_s_ago < FRESH_S)
        if not self.is_lasting:
            self.is_lasting = sum(self._seen) >= MOST
        elif not any(list(self._seen)[-REST_LOOKS:]):
            self.is_lasting = False
            self._seen.clear()
