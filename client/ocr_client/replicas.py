"""Several servers that do the same: which of them is next, and which are left out for a while.

The next one is that with the fewest requests of this client under way (load balancers call it "least outstanding
requests"). One that is gone, not ready or overloaded is left out, for longer each time (`retries.pauses_s`). One that
has not answered for `FRESH_S` is first asked whether it is ready, so that no image waits for a server that is silent.
"""

import math
import random
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from ocr_client.address import Address
from ocr_client.errors import OcrError, ServerFault, ServerOverloaded, ServerTimeout, ServerUnreachable
from ocr_client.retries import OVERLOADED_FIRST_S, pauses_s

# What sends a request to another server.
UNAVAILABLE = (ServerUnreachable, ServerOverloaded, ServerTimeout)
GONE = (ServerUnreachable, ServerTimeout)
# An answer says for so long that a server answers.
FRESH_S = 5.0


def _left_out_s() -> Iterator[float]:
    return pauses_s(OVERLOADED_FIRST_S)


@dataclass(slots=True, eq=False)
class Replica:
    """One of the servers; times are the clock's.

    Attributes:
        address: Where it listens.
        turn: Grows with each time that it is chosen: of those that are alike, the one that has waited longest is next.
        under_way: Requests of this client that it has.
        answered_s: When it last answered, or said that it is ready.
        until_s: It is left out until then.
        trouble: Why it is left out, or was until it is asked again; None if nothing is known against it.
        pauses_s: How long it is left out each time.
    """

    address: Address
    turn: int
    under_way: int = 0
    answered_s: float = -math.inf
    until_s: float = -math.inf
    trouble: OcrError | None = None
    pauses_s: Iterator[float] = field(default_factory=_left_out_s)

    @property
    def is_gone(self) -> bool:
        """Whether there was no connection, or no answer."""
        return isinstance(self.trouble, GONE)


class Replicas:
    """The servers of one client; any number of threads may use it.

    Args:
        addresses: Theirs.
        clock: Tells seconds.
    """

    def __init__(self, addresses: Sequence[Address], clock: Callable[[], float]) -> None:
        self._clock, self._lock, self._turns = clock, threading.Lock(), count()
        # Many clients that are started with the same addresses do not all begin with the first one.
        self._replicas = [Replica(address, next(self._turns)) for address in random.sample(addresses, len(addresses))]

    def choose(self, tried: Collection[Replica]) -> Replica | None:
        """The next one to ask, which has a request more from now on, until it is `watched`.

        If all are left out, one of them is next all the same: at least one is asked, and only one.

        Args:
            tried: Those that could not be had just now.
        """
        with self._lock:
            now_s = self._clock()
            candidates = [
                replica
                for replica in self._replicas
                if replica not in tried and (not tried or _is_available(replica, now_s))
            ]
            if not candidates:
                return None
            chosen = min(candidates, key=lambda replica: _rank(replica, now_s))
            chosen.turn = next(self._turns)
            chosen.under_way += 1
            return chosen

    def has_more(self, tried: Collection[Replica]) -> bool:
        """Whether there are others to ask."""
        now_s = self._clock()
        return any(replica not in tried and _is_available(replica, now_s) for replica in self._replicas)

    def troubles(self) -> dict[Address, OcrError]:
        """Why they are left out; of those that are not to be had at the moment."""
        troubles = {replica.address: replica.trouble for replica in self._replicas}
        return {address: trouble for address, trouble in troubles.items() if isinstance(trouble, UNAVAILABLE)}

    def is_fresh(self, replica: Replica) -> bool:
        """Whether it has answered lately."""
        return self._clock() - replica.answered_s < FRESH_S

    def welcome(self, replica: Replica) -> None:
        """Note that it says that it is ready: if it was gone, it is back."""
        with self._lock:
            replica.answered_s = self._clock()
            if replica.is_gone:
                replica.until_s, replica.trouble = -math.inf, None

    @contextmanager
    def watched(self, replica: Replica) -> Iterator[None]:
        """Note what comes of a request to the one that was chosen."""
        try:
            yield
        # A server that fails fails fast: as it has few requests under way, it would soon get most of them.
        except (*UNAVAILABLE, ServerFault) as error:
            self._leave_out(replica, error)
            raise
        except OcrError:
            self._praise(replica)
            raise
        else:
            self._praise(replica)
        finally:
            with self._lock:
                replica.under_way -= 1

    def _praise(self, replica: Replica) -> None:
        with self._lock:
            replica.answered_s, replica.until_s, replica.trouble = self._clock(), -math.inf, None
            replica.pauses_s = _left_out_s()

    def _leave_out(self, replica: Replica, error: OcrError) -> None:
        with self._lock:
            now_s = self._clock()
            replica.trouble = type(error)(str(error))  # with its traceback, it would keep the image
            if replica.is_gone:
                replica.answered_s = -math.inf
            # Requests that fail together are one failure.
            if replica.until_s <= now_s:
                replica.until_s = now_s + next(replica.pauses_s)


def _is_available(replica: Replica, now_s: float) -> bool:
    """Whether it is left out no longer, and nobody is just trying whether one that was gone is back."""
    return replica.until_s <= now_s and not (replica.is_gone and replica.under_way)


def _rank(replica: Replica, now_s: float) -> tuple[bool, bool, int, int]:
    """The lowest is next. Of those that are left out, one that is there is better than one that is gone."""
    is_out = not _is_available(replica, now_s)
    return is_out, is_out and replica.is_gone, replica.under_way, replica.turn
