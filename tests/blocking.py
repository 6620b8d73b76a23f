"""The client for asyncio behind the blocking one's methods, so that every test of a client can be one of both."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

from ocr_client import AsyncOcrClient, OcrClient, Page, ReadResult, ServerInfo

T = TypeVar("T")


class Blocking:
    """An `AsyncOcrClient` in an event loop of its own; each method runs to its end."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        self._client = AsyncOcrClient(*arguments, **options)
        self._loop = asyncio.new_event_loop()

    # The methods, as OcrClient documents them.

    def read(self, *arguments: Any, **options: Any) -> Page:  # noqa: D102
        return self._finish(self._client.read(*arguments, **options))

    def read_many(self, *arguments: Any, **options: Any) -> Iterator[ReadResult]:  # noqa: D102
        results = self._client.read_many(*arguments, **options)
        return self._each(results)

    def ready(self) -> bool:  # noqa: D102
        return self._finish(self._client.ready())

    def server_info(self) -> ServerInfo:  # noqa: D102
        return self._finish(self._client.server_info())

    def close(self) -> None:  # noqa: D102
        self._finish(self._client.close())
        self._loop.close()

    def __enter__(self) -> "Blocking":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _each(self, results: Any) -> Iterator[ReadResult]:
        try:
            while True:
                yield self._finish(anext(results))
        except StopAsyncIteration:
            return
        finally:
            self._finish(results.aclose())

    def _finish(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)


Client = OcrClient | Blocking
CLIENTS: dict[str, type[Client]] = {"sync": OcrClient, "async": Blocking}
