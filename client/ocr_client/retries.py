"""How long to wait before trying again."""

import random
from collections.abc import Iterator
from itertools import count

FIRST_S = 0.1
# An overloaded server has all the less time for images the more often it is asked.
OVERLOADED_FIRST_S = 1.0
LONGEST_S = 5.0


def pauses_s(first_s: float = FIRST_S) -> Iterator[float]:
    """A pause before each retry, without end: twice as long as the one before, shortened at random by up to a half.

    Without chance, many clients that failed together would come back together ("equal jitter" in M. Brooker,
    "Exponential Backoff and Jitter", AWS Architecture Blog, 2015).

    Args:
        first_s: The first one, before it is shortened.

    Yields:
        Seconds.
    """
    longest_retry = LONGEST_S / first_s
    for retry in count():
        planned_s = LONGEST_S if retry > longest_retry else min(first_s * 2**retry, LONGEST_S)
        yield planned_s * random.uniform(0.5, 1)  # noqa: S311  no secret
