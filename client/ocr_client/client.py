"""The blocking client: a thin shell that performs the actions of `flows`."""

import time
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from ocr_client.errors import OcrError
from ocr_client.flows import Action, Ask, Encode, Flow, Flows, Pause
from ocr_client.images import ImageLike, encode, image_name
from ocr_client.ordered import map_ordered
from ocr_client.protocol import check_many
from ocr_client.results import Page, ReadResult
from ocr_client.server_info import ServerInfo
from ocr_client.settings import Settings
from ocr_client.transports import connect

if TYPE_CHECKING:
    # typing has Self and Unpack from Python 3.11 and 3.12 on; at run time nothing needs them.
    from typing_extensions import Self, Unpack

    from ocr_client.options import ReadOptions
    from ocr_client.settings import ClientOptions

T = TypeVar("T")


class OcrClient:
    """A client of an OCR server; threads may share it.

    Example:
        with OcrClient("localhost:8000", timeout_s=10) as client:
            if client.ready():
                print(client.read("receipt.jpg").text)

    Args:
        url: "host:port" or "http://host:port" of Triton's HTTP endpoint, "grpc://host:port" of its gRPC endpoint;
            "https://…" and "grpcs://…" where they are encrypted. Several of them, in a list or with commas, share the
            work; "dns:///host:port" is gRPC to all servers of a name.
        **options: See `ClientOptions`.

    Raises:
        ModuleNotFoundError: The URL asks for gRPC, which is not installed.
        OSError: A certificate's file cannot be used.
        TypeError: An option does not exist.
        ValueError: The URL is not the address of a server, or an option is out of range.
    """

    def __init__(self, url: str | Iterable[str] = "localhost:8000", **options: "Unpack[ClientOptions]") -> None:
        settings = Settings.of(url, **options)
        self._flows = Flows(settings)
        self._concurrency = settings.concurrency
        self._transports = {address: connect(address, settings) for address in settings.addresses}

    def read(self, image: ImageLike, *, request_id: str | None = None, **options: "Unpack[ReadOptions]") -> Page:
        """Read the text in one image.

        Example:
            for line in client.read("receipt.jpg", min_confidence=0.8).lines:
                print(line.confidence, line.text, line.quad)

        Args:
            image: The encoded file (JPEG, PNG, …): its content, its path, or a file opened for reading bytes. Or
                pixels: an array (height, width, 3) uint8 RGB, or a PIL image.
            request_id: The server's log names it beside a failure; by default a random one.
            **options: See `ReadOptions`.

        Raises:
            OSError: The file cannot be read (FileNotFoundError if it is missing).
            TypeError: It is not an image, or an option does not exist or is not a number.
            ValueError: An option is out of range, or an array has another shape or type.
            OcrError: The server cannot be reached, refuses the image or fails; see `ocr_client.errors`.
        """
        return self._run(self._flows.read(image, options, request_id))

    def read_many(
        self, images: Iterable[ImageLike], *, concurrency: int | None = None, **options: "Unpack[ReadOptions]"
    ) -> Generator[ReadResult, None, None]:
        """Read many images, several at a time.

        Example:
            for result in client.read_many(["a.png", "b.png"], concurrency=8):
                print(result.name, result.error or result.page.text)

        Args:
            images: Taken one by one as they are needed, so that a generator keeps few in memory.
            concurrency: How many requests are under way at the same time; 4 for each server by default.
            **options: See `ReadOptions`.

        Returns:
            A result for each image, in their order; a failure is a result, too. Closing the iterator, or leaving a
            loop over it, cancels the images that have not been started.

        Raises:
            TypeError: An option does not exist or is no number.
            ValueError: An option or the concurrency is out of range.
        """
        concurrency = self._concurrency if concurrency is None else concurrency
        check_many(images, concurrency, options)
        return map_ordered(partial(self._result, options), enumerate(images), concurrency)

    def ready(self) -> bool:
        """Whether the server, or one of several, answers and has the model loaded."""
        return self._run(self._flows.ready())

    def server_info(self) -> ServerInfo:
        """What the server, or one of several, says about itself and its models.

        Example:
            for model in client.server_info().models:
                print(model.name, model.state, model.devices)

        Raises:
            OcrError: It cannot be reached, or is not a Triton server.
        """
        return self._run(self._flows.server_info())

    def close(self) -> None:
        """Close the connections; leaving the `with` block does it, too."""
        self._run(self._flows.close())
        for transport in self._transports.values():
            transport.close()

    def __enter__(self) -> "Self":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _result(self, options: Mapping[str, Any], numbered: tuple[int, ImageLike]) -> ReadResult:
        index, image = numbered
        name = image_name(image, index)
        try:
            return ReadResult(index=index, name=name, page=self._run(self._flows.read(image, options, None)))
        except (OcrError, OSError, TypeError, ValueError) as error:
            return ReadResult(index=index, name=name, error=error)

    def _run(self, flow: Flow[T]) -> T:
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
                    answer = self._perform(action)
                except OcrError as failure:
                    error = failure

    def _perform(self, action: Action) -> Any:
        match action:
            case Encode(image):
                return encode(image)
            case Pause(seconds):
                return time.sleep(seconds)
            case Ask(address, call):
                return self._transports[address].perform(call)
