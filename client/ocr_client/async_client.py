"""The client for asyncio: a thin shell that performs the actions of `flows`."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Mapping
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ocr_client.errors import OcrError
from ocr_client.flows import Action, Ask, Encode, Flow, Flows, Pause
from ocr_client.images import ImageLike, encode, image_name
from ocr_client.ordered import map_ordered_async
from ocr_client.protocol import check_many
from ocr_client.results import Page, ReadResult
from ocr_client.server_info import ServerInfo
from ocr_client.settings import Settings
from ocr_client.transports import connect_async

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from ocr_client.options import ReadOptions
    from ocr_client.settings import ClientOptions

T = TypeVar("T")


class AsyncOcrClient:
    """A client of an OCR server for asyncio; the tasks of one event loop may share it.

    Example:
        async with AsyncOcrClient("localhost:8000") as client:
            receipt = await client.read("receipt.jpg")
            async for result in client.read_many(["a.png", "b.png"]):
                print(result.name, result.error or result.page.text)

    It has the arguments, the methods and the errors of `OcrClient`. Cancelling a task cancels its request.
    """

    def __init__(self, url: str | Iterable[str] = "localhost:8000", **options: "Unpack[ClientOptions]") -> None:
        settings = Settings.of(url, **options)
        self._flows = Flows(settings)
        self._concurrency = settings.concurrency
        self._transports = {address: connect_async(address, settings) for address in settings.addresses}

    async def read(self, image: ImageLike, *, request_id: str | None = None, **options: "Unpack[ReadOptions]") -> Page:
        """Read the text in one image; see `OcrClient.read`."""
        return await self._run(self._flows.read(image, options, request_id))

    def read_many(
        self,
        images: Iterable[ImageLike] | AsyncIterable[ImageLike],
        *,
        concurrency: int | None = None,
        **options: "Unpack[ReadOptions]",
    ) -> AsyncGenerator[ReadResult, None]:
        """Read many images, several at a time; see `OcrClient.read_many`.

        To leave a loop over it early, wrap the iterator in `contextlib.aclosing`: otherwise asyncio closes it late.
        """
        concurrency = self._concurrency if concurrency is None else concurrency
        check_many(images, concurrency, options)
        return map_ordered_async(partial(self._result, options), _numbered(images), concurrency)

    async def ready(self) -> bool:
        """Whether the server, or one of several, answers and has the model loaded."""
        return await self._run(self._flows.ready())

    async def server_info(self) -> ServerInfo:
        """What the server says about itself and its models; see `OcrClient.server_info`."""
        return await self._run(self._flows.server_info())

    async def close(self) -> None:
        """Close the connections; leaving the `async with` block does it, too."""
        await self._run(self._flows.close())
        for transport in self._transports.values():
            await transport.close()

    async def __aenter__(self) -> "Self":
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.close()

    async def _result(self, options: Mapping[str, Any], numbered: tuple[int, ImageLike]) -> ReadResult:
        index, image = numbered
        name = image_name(image, index)
        try:
            return ReadResult(index=index, name=name, page=await self._run(self._flows.read(image, options, None)))
        except (OcrError, OSError, TypeError, ValueError) as error:
            return ReadResult(index=index, name=name, error=error)

    async def _run(self, flow: Flow[T]) -> T:
        """Perform the actions of a method, one after the other."""
        answer, error = None, None
        with closing(flow):
            while True:
                try:
                    action = flow.throw(error) if error else flow.send(answer)
                except StopIteration as end:
                    result: T = end.value
                    return result
                answer, error = None, None
                try:
                    answer = await self._perform(action)
                except OcrError as failure:
                    error = failure

    async def _perform(self, action: Action) -> Any:
        match action:
            case Encode(image):
                return await asyncio.to_thread(encode, image)
            case Pause(seconds):
                return await asyncio.sleep(seconds)
            case Ask(address, call):
                return await self._transports[address].perform(call)


async def _numbered(images: Iterable[ImageLike] | AsyncIterable[ImageLike]) -> AsyncIterator[tuple[int, ImageLike]]:
    if isinstance(images, AsyncIterable):
        index = 0
        async for image in images:
            yield index, image
            index += 1
    else:
        for numbered in enumerate(images):
            yield numbered
