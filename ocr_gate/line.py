"""Requests that the server has refused, or would: they wait a moment for a place in its pipeline.

Who is refused and asks again at once gains nothing, and takes time from those that are read. So a request that is
refused waits in line: whenever another one has been answered, the first in line is tried again. Those that come
meanwhile stand behind it, and Triton does not hear of them.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

# So long a request waits, or for this part of the time that it has, if that is less: the rest is for its page. It is
# as much of the 60 s that a request has which says nothing.
WAIT_S, WAIT_PART = 7.5, 1 / 8
# So often the first in line is tried in any case: a page may have been given up, or there may be more places.
LOOK_S = 0.25

Answer = TypeVar("Answer")


class Line:
    """Those who wait, first come, first served; of one event loop.

    Args:
        note_refusal: Called for each request that got no place in time.
    """

    def __init__(self, note_refusal: Callable[[], None]) -> None:
        self._note_refusal = note_refusal
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._look: asyncio.TimerHandle | None = None

    async def ask(
        self, ask: Callable[[], Awaitable[Answer]], is_refusal: Callable[[Answer], bool], timeout_s: float
    ) -> Answer | None:
        """Ask the server when it is this request's turn, again where it refuses.

        Args:
            ask: Does it.
            is_refusal: Whether an answer says that there is no place.
            timeout_s: How much time the request has.

        Returns:
            The answer; if there was no place in time, the last refusal, or None if it was not its turn.
        """
        loop = asyncio.get_running_loop()
        end_s = loop.time() + min(WAIT_S, WAIT_PART * timeout_s)
        answer, is_turn = None, not self._waiting
        while is_turn or await self._wait(end_s - loop.time(), is_first=answer is not None):
            try:
                answer = await ask()
            except BaseException:
                self._call_next()
                raise
            if not is_refusal(answer):
                self._call_next()
                return answer
            is_turn = False
        self._note_refusal()
        return answer

    async def _wait(self, at_most_s: float, *, is_first: bool) -> bool:
        """Stand in line; whether it was this request's turn in time."""
        turn = asyncio.get_running_loop().create_future()
        (self._waiting.appendleft if is_first else self._waiting.append)(turn)
        self._look_later()
        try:
            await asyncio.wait([turn], timeout=at_most_s)
        except asyncio.CancelledError:  # the caller has gone
            if turn.done():
                self._call_next()
            raise
        finally:
            with suppress(ValueError):
                self._waiting.remove(turn)
        return turn.done()

    def _call_next(self) -> None:
        if self._waiting:
            self._waiting.popleft().set_result(None)

    def _look_later(self) -> None:
        if self._look is None and self._waiting:
            self._look = asyncio.get_running_loop().call_later(LOOK_S, self._look_now)

    def _look_now(self) -> None:
        self._look = None
        self._call_next()
        self._look_later()
