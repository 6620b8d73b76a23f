"""A reverse proxy in front of Triton's port for gRPC: messages are checked, and passed on as they are."""

import asyncio
import math
import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, TypeAlias

import grpc
import grpc.aio
from grpc.aio import EOF, AioRpcError, ServicerContext

from ocr_gate import checks, messages
from ocr_gate.checks import Refused
from ocr_gate.line import Line
from ocr_gate.proxy import Behind
from ocr_gate.room import Room

CHANNEL = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # Triton is found at once when it is back, not after minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
)
# Those that mean what a status of HTTP means; any other one is the caller's fault.
CODES = {
    403: grpc.StatusCode.PERMISSION_DENIED,
    408: grpc.StatusCode.DEADLINE_EXCEEDED,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    503: grpc.StatusCode.UNAVAILABLE,
}
# Metadata of one connection only, or made anew here.
NOT_PASSED = re.compile("grpc-.*|:.*|user-agent|content-type|te")
# What gRPC says itself, in the place of Triton.
CALLERS_FAULT = "Unable to parse request"
NO_CONNECTION = re.compile("failed to connect|connections to all backends failing", re.IGNORECASE)

Answer: TypeAlias = "bytes | AioRpcError"
Handler = Callable[[str, Any, ServicerContext], Awaitable[None]]


class Calls:
    """A `grpc.GenericRpcHandler`: passes calls of all methods on, and answers those that go no further.

    Args:
        behind: What is behind it.
        line: Those who wait for a place.
        note_refusal: Called for each message of a stream that got none: those do not wait.
    """

    def __init__(self, behind: Behind, line: Line, note_refusal: Callable[[], None]) -> None:
        self._behind, self._line, self._note_refusal = behind, line, note_refusal
        self._channel = grpc.aio.insecure_channel(f"127.0.0.1:{behind.port}", CHANNEL)
        self._room = Room()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        """How a call is handled: its messages stay bytes."""
        handler = self._stream if details.method == messages.STREAM else self._call
        passed = [pair for pair in details.invocation_metadata or () if not NOT_PASSED.fullmatch(pair[0])]
        return grpc.stream_stream_rpc_method_handler(partial(self._answer, handler, details.method, passed))

    async def close(self) -> None:
        """Let the connection go."""
        await self._channel.close()

    async def _answer(
        self, handler: Handler, method: str, metadata: Any, _messages: object, context: ServicerContext
    ) -> None:
        try:
            await handler(method, metadata, context)
        except Refused as refused:
            told = CODES.get(refused.status, grpc.StatusCode.INVALID_ARGUMENT), str(refused)
        except AioRpcError as error:
            told = self._told(error)
        else:
            return
        await context.abort(*told)  # not above: the error would be kept with the one that this raises

    async def _call(self, method: str, metadata: Any, context: ServicerContext) -> None:
        """Pass on a call of one message and one answer."""
        async with self._room.message(context) as message:
            if message is EOF:
                return
            self._check(method, message)
            ask = partial(self._ask, method, message, metadata, context)
            answer = await (self._infer(ask, context) if method == messages.UNARY else ask())
            if isinstance(answer, AioRpcError):
                try:
                    raise answer
                finally:
                    del answer  # or the error keeps itself and the message until Python collects its garbage
            await context.write(answer)

    async def _infer(self, ask: Callable[[], Awaitable[Answer]], context: ServicerContext) -> Answer:
        left_s = context.time_remaining()
        answer = await self._line.ask(ask, _is_refusal, math.inf if left_s is None else left_s)
        if answer is None:
            raise checks.no_place()
        return answer

    async def _ask(self, method: str, message: bytes, metadata: Any, context: ServicerContext) -> Answer:
        call = self._channel.unary_unary(method)
        try:
            return bytes(await call(message, timeout=context.time_remaining(), metadata=metadata))
        except AioRpcError as error:
            return error

    async def _stream(self, method: str, metadata: Any, context: ServicerContext) -> None:
        """Pass on a call of any number of messages and answers."""
        with self._room.stream():
            call = self._channel.stream_stream(method)(timeout=context.time_remaining(), metadata=metadata)
            sending = asyncio.ensure_future(self._send(method, call, context))
            answering = asyncio.ensure_future(self._pass_back(call, context))
            try:
                await asyncio.wait({sending, answering}, return_when=asyncio.FIRST_COMPLETED)
                if sending.done() and isinstance(refused := sending.exception(), Refused):
                    raise refused
                await answering
            finally:
                for task in (sending, answering, call):
                    task.cancel()

    async def _send(self, method: str, call: Any, context: ServicerContext) -> None:
        while (message := await context.read()) is not EOF:
            with self._room.holding(message):
                self._check(method, message)
                await call.write(message)
        await call.done_writing()

    async def _pass_back(self, call: Any, context: ServicerContext) -> None:
        async for answer in call:
            if messages.is_no_place(answer):
                self._note_refusal()
            await context.write(answer)

    def _check(self, method: str, message: bytes) -> None:
        messages.check(method, message, self._behind.models, self._behind.own_memory)

    def _told(self, error: AioRpcError) -> tuple[grpc.StatusCode, str]:
        """What the caller is told: Triton's words, or ours where gRPC has none but its own."""
        code, words = error.code(), error.details() or ""
        if code is grpc.StatusCode.INTERNAL and words == CALLERS_FAULT:
            return grpc.StatusCode.INVALID_ARGUMENT, messages.NO_MESSAGE
        if code is not grpc.StatusCode.UNAVAILABLE:
            return code, words
        if NO_CONNECTION.match(words):
            return code, checks.STARTING
        return code, words if self._channel.get_state() is grpc.ChannelConnectivity.READY else checks.ENDED


def _is_refusal(answer: Answer) -> bool:
    """There is no place for the page."""
    return isinstance(answer, AioRpcError) and checks.is_no_place(answer.details() or "")
