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
from ocr_client.address import Address
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
from ocr_client.errors import BadRequest, OcrError, ServerFault, ServerOverloaded, ServerTimeout, ServerUnreachable
from ocr_client.images import ImageLike
from ocr_client.protocol import build_request, parse_page
from ocr_client.replicas import UNAVAILABLE, Replica, Replicas
from ocr_client.results import Page
from ocr_client.retries import OVERLOADED_FIRST_S, pauses_s
from ocr_client.server_info import ServerInfo, parse_server, pipeline, ready_models
from ocr_client.settings import Settings
from ocr_client.shared_memory import Region, Regions

T = TypeVar("T")
# What the last attempt has when there is no time left.
LEAST_S = 0.001
# A server that has refused an image is not asked again in the last part of the time: it would hardly read the image
# within it, and its last refusal says more than a timeout.
LEAST_RETRY_PART = 1 / 8
# One of several servers has so long to say whether it is ready.
READY_S = 2.0


@dataclass(frozen=True, slots=True)
class Encode:
    """Get the encoded file of an image, from where it is; gives its bytes."""

    image: ImageLike


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Ask:
    """Make a call to a server; gives what the call says."""

    address: Address
    call: Call


Action: TypeAlias = Encode | Pause | Ask
Flow: TypeAlias = Generator[Action, Any, T]
Attempt: TypeAlias = Callable[[Address, float], Flow[T]]


class Flows:
    """The methods of one client, as generators.

    Args:
        settings: How it connects.
        clock: Tells seconds.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._replicas = Replicas(settings.addresses, clock)
        self._regions = Regions()

    @property
    def _are_many(self) -> bool:
        return len(self._settings.addresses) > 1

    def read(self, image: ImageLike, options: Mapping[str, object], request_id: str | None) -> Flow[Page]:
        """Read the text in one image."""
        content = yield Encode(image)
        request = build_request(content, options, request_id)
        infer = partial(self._infer_shared, content=content) if self._settings.shared_memory else _ask

        def attempt(address: Address, left_s: float) -> Flow[Any]:
            return infer(address, replace(request, timeout_s=left_s))

        return parse_page((yield from self._retried(attempt)))

    def ready(self) -> Flow[bool]:
        """Whether images can be read; a failure means no."""
        limit_s = min(READY_S, self._settings.timeout_s) if self._are_many else None
        for address in self._settings.addresses:
            with suppress(OcrError):
                if (yield Ask(address, IsReady(limit_s))):
                    return True
        return False

    def server_info(self) -> Flow[ServerInfo]:
        """Ask the server about itself and its models."""
        address, server = yield from self._retried(_introduced)
        # An operator may have closed what follows to the public.
        ready = bool((yield from _ask_if_possible(address, IsReady())))
        index = yield from _ask_if_possible(address, ListModels())
        configs = yield from _model_configs(address, index, self._settings.ensemble)
        statistics = yield from _ask_if_possible(address, CountRequests())
        return parse_server(str(address), ready, server, index, configs, statistics, self._settings.ensemble)

    def close(self) -> Flow[None]:
        """Have the server close the shared memory, except what it is still reading."""
        with suppress(OcrError):  # it has stopped, and the memory is gone with it
            for name in self._regions.retire_idle():
                yield from _ask_if_possible(self._settings.addresses[0], UnregisterRegion(name))

    def _retried(self, attempt: Attempt[T]) -> Flow[T]:
        """Try again within `timeout_s`: while the server is overloaded, and `retries` times while it is unreachable.

        Args:
            attempt: Called with the server to ask and the seconds that are left.
        """
        end_s = self._clock() + self._settings.timeout_s
        retries = self._settings.retries
        unreachable_s, overloaded_s = pauses_s(), pauses_s(OVERLOADED_FIRST_S)
        while True:
            try:
                return (yield from self._somewhere(attempt, end_s))
            except UNAVAILABLE as error:  # noqa: PERF203  the loop is for it
                is_gone = isinstance(error, ServerUnreachable)
                # Of several servers, one that was silent has left time for others.
                is_over = isinstance(error, ServerTimeout) and not self._are_many
                pause_s = next(unreachable_s if is_gone else overloaded_s)
                left_s = end_s - self._clock() - (0 if is_gone else LEAST_RETRY_PART * self._settings.timeout_s)
                if is_over or retries == 0 or pause_s >= left_s:
                    raise
                # A server that is overloaded leaves at least one, so that only time ends the retries.
                retries -= is_gone
                yield Pause(pause_s)

    def _somewhere(self, attempt: Attempt[T], end_s: float) -> Flow[T]:
        """Make an attempt at the server; of several, at one after the other until one is to be had."""
        if not self._are_many:
            return (yield from attempt(self._settings.addresses[0], self._left_s(end_s)))
        tried: list[Replica] = []
        errors: dict[Address, OcrError] = {}
        while replica := self._replicas.choose(tried):
            tried.append(replica)
            try:
                with self._replicas.watched(replica):
                    return (yield from self._at(replica, attempt, end_s, tried))
            except UNAVAILABLE as error:
                errors[replica.address] = error
        raise failures.nowhere(self._settings.addresses, {**self._replicas.troubles(), **errors})

    def _at(self, replica: Replica, attempt: Attempt[T], end_s: float, tried: Sequence[Replica]) -> Flow[T]:
        """Make an attempt at one of several servers, which must not take all the time if there are more."""
        address = replica.address
        if not self._replicas.is_fresh(replica):
            yield from _check_ready(address, self._left_s(end_s) / 2)
            self._replicas.welcome(replica)
        share = 0.5 if self._replicas.has_more(tried) else 1
        try:
            return (yield from attempt(address, self._left_s(end_s) * share))
        except ServerFault:
            yield from _check_ready(address, self._left_s(end_s) / 2)
            raise

    def _left_s(self, end_s: float) -> float:
        return max(end_s - self._clock(), LEAST_S)

    def _infer_shared(self, address: Address, request: Infer, content: bytes) -> Flow[Any]:
        """Read an image that lies in shared memory."""
        try:
            return (yield from self._infer_in_region(address, request, content))
        except failures.UnknownRegion:
            self._regions.retire_idle()
            return (yield from self._infer_in_region(address, request, content))

    def _infer_in_region(self, address: Address, request: Infer, content: bytes) -> Flow[Any]:
        region = self._regions.lend(len(content))
        try:
            region.write(content)
            if not region.registered:
                yield from self._register(address, region)
            outputs = yield Ask(address, replace(request, image=SharedImage(region.name, len(content))))
        except (BadRequest, ServerOverloaded):
            self._regions.take_back(region)
            raise
        except BaseException:  # also when cancelled: the server may still be reading
            self._regions.retire(region)
            raise
        self._regions.take_back(region)
        return outputs

    def _register(self, address: Address, region: Region) -> Flow[None]:
        try:
            yield Ask(address, RegisterRegion(region.name, region.key, region.byte_size))
        except (ServerFault, BadRequest) as error:
            raise failures.not_shared(address, error) from error
        region.registered = True
        region.forget_name()


def _model_configs(address: Address, index: Sequence[Any] | None, ensemble: str) -> Flow[dict[str, Any]]:
    """The configurations of the pipeline's ready models: each may name further ones. Without an index, try all."""
    configs: dict[str, Any] = {}
    ready = ready_models(index or [])
    while names := [
        name
        for name in pipeline(index or [], configs, ensemble)
        if (index is None or name in ready) and name not in configs
    ]:
        for name in names:
            configs[name] = (yield from _ask_if_possible(address, DescribeModel(name))) or {}
    return configs


def _introduced(address: Address, _left_s: float) -> Flow[tuple[Address, Any]]:
    """Which server it is that describes itself, and how."""
    return address, (yield Ask(address, DescribeServer()))


def _check_ready(address: Address, left_s: float) -> Flow[None]:
    """Ask one of several servers whether it is ready, for a moment.

    Raises:
        ServerOverloaded: It is not.
        ServerTimeout: It is silent.
        ServerUnreachable: It is not there.
    """
    limit_s = min(READY_S, left_s)
    try:
        is_ready = yield Ask(address, IsReady(limit_s))
    except ServerTimeout as error:
        raise failures.silent(address, limit_s) from error
    except BadRequest:  # an operator may have closed this to the public
        is_ready = True
    except ServerFault as error:
        raise failures.not_ready(address) from error
    if not is_ready:
        raise failures.not_ready(address)


def _ask(address: Address, call: Call) -> Flow[Any]:
    return (yield Ask(address, call))


def _ask_if_possible(address: Address, call: Call) -> Flow[Any]:
    """What the server answers; None if it refuses."""
    try:
        return (yield Ask(address, call))
    except (BadRequest, ServerFault):
        return None
