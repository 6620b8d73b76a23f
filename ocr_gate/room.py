"""How much the door for gRPC holds at once: gRPC itself bounds one message, and not all of them together."""

import asyncio
import ctypes
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from grpc.aio import ServicerContext

from ocr_gate import checks

# gRPC does not tell how much of a message has come. One that takes longer than this is one of a few, ...
QUICK_S = 2.0
MAX_SLOW = 16
# ... and so is each stream of messages: the next one may be on its way at any time.
MAX_STREAMS = 16
# gRPC keeps a message in small parts, which the C library does not give back to the system by itself. So many freed
# bytes are too many to keep; a while later, all of a message has been freed.
MAX_KEPT_BYTES, FREED_S = 64 * 2**20, 1.0
# For its malloc_trim; the embedded server needs glibc, too.
LIBC = ctypes.CDLL(None)


class Room:
    """What is held now."""

    def __init__(self) -> None:
        self._held_bytes = self._freed_bytes = 0
        self._taken: Counter[str] = Counter()

    @asynccontextmanager
    async def message(self, context: ServicerContext) -> AsyncIterator[Any]:
        """The first message of a call, which is held in the block; `grpc.aio.EOF` if the caller has gone.

        Raises:
            Refused: It does not come in time, or there is no room for it.
        """
        reading = asyncio.ensure_future(context.read())
        try:
            await asyncio.wait({reading}, timeout=QUICK_S)
            if not reading.done():
                with self._one("slow", MAX_SLOW):
                    await asyncio.wait({reading}, timeout=checks.BODY_S)
            if not reading.done():
                raise checks.too_slow()
        finally:
            reading.cancel()
        message = reading.result()
        with self.holding(message):
            yield message

    @contextmanager
    def holding(self, message: Any) -> Iterator[None]:
        """Count a message among those that are held.

        Raises:
            Refused: They are too many bytes.
        """
        count = len(message) if isinstance(message, bytes) else 0
        self._held_bytes += count
        try:
            checks.check_held(self._held_bytes)
            yield
        finally:
            self._held_bytes -= count
            self._note_freed(count)

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Count a stream of messages.

        Raises:
            Refused: There are too many.
        """
        with self._one("streams", MAX_STREAMS):
            yield

    def _note_freed(self, count: int) -> None:
        self._freed_bytes += count
        if self._freed_bytes > MAX_KEPT_BYTES:
            self._freed_bytes = 0
            asyncio.get_running_loop().call_later(FREED_S, LIBC.malloc_trim, 0)

    @contextmanager
    def _one(self, kind: str, most: int) -> Iterator[None]:
        if self._taken[kind] >= most:
            raise checks.no_room()
        self._taken[kind] += 1
        try:
            yield
        finally:
            self._taken[kind] -= 1
