"""Threads that send one request after the other."""

import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

    from server.triton import TritonServer
    from tests.reliability.contained import ContainedServer


def urls(server: "TritonServer | ContainedServer") -> tuple[str, str]:
    """Where a server is asked: over HTTP and gRPC."""
    return server.url, f"grpc://{server.grpc_url}"


class Senders(ABC):
    """So many threads, which send inside the block."""

    def __init__(self, count: int) -> None:
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(number,), daemon=True) for number in range(count)]

    def __enter__(self) -> "Self":
        """Begin to send."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Wait for the last answers."""
        self._ended.set()
        for thread in self._threads:
            thread.join()

    @abstractmethod
    def _send(self, number: int) -> None:
        """Send until `_ended` is set; each thread has a number, from 0."""
