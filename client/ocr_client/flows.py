"""What a client does, action by action, without doing it.

Every method of a client has a generator here: it yields what is to be done (an `Action`), is sent the result or thrown
the `OcrError`, and returns the method's result. `client.py` and `async_client.py` perform the actions, one blocking,
the other for asyncio.
"""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias, TypeVar

from ocr_client import failures
from ocr_client.calls import (
    Call,
    CountRequests,
    DescribeModel,
    DescribeServer,
    Infer,
    IsReady,
    ListModels,
    RegisterRegion,
    SharedImage,
    UnregisterRegion,
)
from ocr_client.errors import BadRequest, OcrError, ServerFault, ServerOverloaded, ServerUnreachable
from ocr_client.images import ImageLike
from ocr_client.protocol import build_request, parse_page
from ocr_client.results import Page
from ocr_client.retries import pauses_s
from ocr_client.server_info import ServerInfo, parse_server, pipeline, ready_models
from ocr_client.settings import Settings
from ocr_client.shared_memory import Region, Regions

T = TypeVar("T")
# What the last attempt has when there is no time left.
LEAST_S = 0.001


@dataclass(frozen=True, slots=True)
class Encode:
    """Get the encoded file of an image, from where it is; gives its bytes."""

    image: ImageLike


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait."""

    seconds: float


Action: TypeAlias = Encode | Pause | Call
Flow: TypeAlias = Generator[Action, Any, T]


class Flows:
    """The methods of one client, as generators.

    Args:
        settings: How it connects.
        clock: Tells seconds.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._regions = Regions()

    def read(self, image: ImageLike, options: Mapping[str, object], request_id: str | None) -> Flow[Page]:
        """Read the text in one image."""
        content = yield Encode(image)
        request = build_request(content, options, request_id)
        shared = self._settings.shared_memory
        infer = partial(self._infer_shared, content=content) if shared else _do
        return parse_page((yield from self._retried(lambda left_s: infer(replace(request, timeout_s=left_s)))))

    def ready(self) -> Flow[bool]:
        """Whether images can be read; a failure means no."""
        try:
            return bool((yield IsReady()))
        except OcrError:
            return False

    def server_info(self) -> Flow[ServerInfo]:
        """Ask the server about itself and its models."""
        server = yield from self._retried(lambda _: _do(DescribeServer()))
        ready = yield IsReady()
        # An operator may have closed what follows to the public.
        index = yield from _do_if_possible(ListModels())
        configs = yield from _model_configs(index)
        statistics = yield from _do_if_possible(CountRequests())
        return parse_server(str(self._settings.address), ready, server, index, configs, statistics)

    def close(self) -> Flow[None]:
        """Have the server close the shared memory, except what it is still reading."""
        with suppress(OcrError):  # it has stopped, and the memory is gone with it
            for name in self._regions.retire_idle():
                yield from _do_if_possible(UnregisterRegion(name))

    def _retried(self, attempt: Callable[[float], Flow[T]]) -> Flow[T]:
        """Try again within `timeout_s`: while the server is overloaded, and `retries` times while it is unreachable.

        Args:
            attempt: Called with the seconds that are left.
        """
        end_s = self._clock() + self._settings.timeout_s
        retries = self._settings.retries
        for pause_s in pauses_s():
            try:
                return (yield from attempt(max(end_s - self._clock(), LEAST_S)))
            except (ServerUnreachable, ServerOverloaded) as error:  # noqa: PERF203  the loop is for it
                if retries == 0 or pause_s >= end_s - self._clock():
                    raise
                # A server that is overloaded leaves at least one, so that only time ends the retries.
                retries -= isinstance(error, ServerUnreachable)
                yield Pause(pause_s)
        raise AssertionError("the pauses have no end")

    def _infer_shared(self, request: Infer, content: bytes) -> Flow[Any]:
        """Read an image that lies in shared memory."""
        try:
            return (yield from self._infer_in_region(request, content))
        except failures.UnknownRegion:
            self._regions.retire_idle()
            return (yield from self._infer_in_region(request, content))

    def _infer_in_region(self, request: Infer, content: bytes) -> Flow[Any]:
        region = self._regions.lend(len(content))
        try:
            region.write(content)
            if not region.registered:
                yield from self._register(region)
            outputs = yield replace(request, image=SharedImage(region.name, len(content)))
        except (BadRequest, ServerOverloaded):
            self._regions.take_back(region)
            raise
        except BaseException:  # also when cancelled: the server may still be reading
            self._regions.retire(region)
            raise
        self._regions.take_back(region)
        return outputs

    def _register(self, region: Region) -> Flow[None]:
        try:
            yield RegisterRegion(region.name, region.key, region.byte_size)
        except (ServerFault, BadRequest) as error:
            raise failures.not_shared(self._settings.address, error) from error
        region.registered = True
        region.forget_name()


def _model_configs(index: Sequence[Any] | None) -> Flow[dict[str, Any]]:
    """The configurations of the pipeline's ready models: each may name further ones. Without an index, try all."""
    configs: dict[str, Any] = {}
    ready = ready_models(index or [])
    while names := [
        name for name in pipeline(index or [], configs) if (index is None or name in ready) and name not in configs
    ]:
        for name in names:
            configs[name] = (yield from _do_if_possible(DescribeModel(name))) or {}
    return configs


def _do(call: Call) -> Flow[Any]:
    return (yield call)


def _do_if_possible(call: Call) -> Flow[Any]:
    """What the server answers; None if it refuses."""
    try:
        return (yield call)
    except (BadRequest, ServerFault):
        return None
