"""The gate's door for gRPC between a caller and a server of the test's own, on one loop."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any
from unittest import mock

import grpc
import grpc.aio
import pytest
from tritonclient.grpc.service_pb2 import ModelInferRequest, ModelStreamInferResponse

from ocr_gate import checks, line, messages, room
from ocr_gate.__main__ import GRPC, GrpcDoor, open_grpc
from ocr_gate.calls import Calls
from ocr_gate.line import Line
from ocr_gate.proxy import Behind

LIVE = f"{messages.SERVICE}ServerLive"
ASKED = ModelInferRequest(model_name="ocr_ensemble").SerializeToString()
ANOTHER = ModelInferRequest(model_name="text_detection").SerializeToString()

Ask = Callable[[grpc.aio.Channel], Awaitable[None]]


class Server:
    """A `grpc.GenericRpcHandler`: answers each message with itself; what else it does, the metadata says."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.is_cancelled = asyncio.Event()
        self.note_refusal = mock.Mock()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        """What it does with a call."""
        self.seen.append((details.method, dict(details.invocation_metadata)))
        return grpc.stream_stream_rpc_method_handler(self._answer)

    async def _answer(self, messages: AsyncIterator[bytes], context: grpc.aio.ServicerContext) -> None:
        asked = self.seen[-1][1].get("do")
        if asked == "refuse":
            await context.abort(grpc.StatusCode.UNAVAILABLE, "overloaded: try again later")
        if asked == "misunderstand":
            await context.abort(grpc.StatusCode.INTERNAL, "Unable to parse request")
        if asked == "say that there is no place":
            told = ModelStreamInferResponse(error_message="in ensemble 'ocr_ensemble', overloaded: try again later")
            await context.write(told.SerializeToString())
        if asked == "hang":
            await self._hang(context)
        async for message in messages:
            await context.write(message)

    async def _hang(self, context: grpc.aio.ServicerContext) -> None:
        self.seen.append(context.time_remaining())
        try:
            await asyncio.Event().wait()
        finally:
            self.is_cancelled.set()


@pytest.fixture
def server() -> Server:
    return Server()


def through(ask: Ask, server: Server | None) -> None:
    """Ask a gate with this server behind it, or with none."""

    async def dial(address: str) -> None:
        options = (("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1))
        async with grpc.aio.insecure_channel(address, options) as caller:
            await ask(caller)

    at_the_door(dial, server)


def at_the_door(dial: Callable[[str], Awaitable[None]], server: Server | None) -> None:
    """Call up a gate with this server behind it, or with none."""

    async def run() -> None:
        async with AsyncExitStack() as stack:
            port = 1  # where nobody listens
            if server:
                behind = grpc.aio.server(options=(("grpc.max_receive_message_length", -1),))
                behind.add_generic_rpc_handlers([server])
                port = behind.add_insecure_port("127.0.0.1:0")
                await behind.start()
                stack.push_async_callback(behind.stop, None)
            door = GrpcDoor("127.0.0.1:0", Behind(port, ("ocr_ensemble",), ("ocr-",)))
            note_refusal = server.note_refusal if server else mock.Mock()
            calls = Calls(door.behind, Line(note_refusal), note_refusal)
            opened = await open_grpc(door, calls, stack, 1.0)
            await dial(f"127.0.0.1:{opened.port}")

    asyncio.run(run())


async def send(call: Any, message: bytes) -> None:
    """Send a message, unless the call has been refused already."""
    with suppress(asyncio.InvalidStateError, grpc.aio.AioRpcError):
        await call.write(message)


async def refusal(call: Any) -> tuple[str, str]:
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await call
    return failed.value.code().name, failed.value.details() or ""


def test_messages_and_metadata_pass_both_ways(server: Server) -> None:
    async def ask(caller: grpc.aio.Channel) -> None:
        assert await caller.unary_unary(messages.UNARY)(ASKED, metadata=[("ocr-admin-key", "k")]) == ASKED
        assert await caller.unary_unary(LIVE)(b"") == b""
        (method, metadata), (live, _) = server.seen
        assert (method, live, metadata["ocr-admin-key"]) == (messages.UNARY, LIVE, "k")

    through(ask, server)


def test_a_packed_message_is_unpacked(server: Server) -> None:
    async def ask(caller: grpc.aio.Channel) -> None:
        packed = caller.unary_unary(messages.UNARY)(ASKED, compression=grpc.Compression.Gzip)
        assert await packed == ASKED

    through(ask, server)


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_a_message_that_is_too_large_unpacked_is_refused(server: Server, compression: grpc.Compression) -> None:
    async def ask(caller: grpc.aio.Channel) -> None:
        call = caller.unary_unary(messages.UNARY)(bytes(checks.MAX_BODY_BYTES + 1), compression=compression)
        code, told = await refusal(call)
        assert (code, "message larger than max" in told) == ("RESOURCE_EXHAUSTED", True)

    through(ask, server)
    assert server.seen == []


def test_what_is_refused_goes_no_further(server: Server) -> None:
    async def ask(caller: grpc.aio.Channel) -> None:
        told = "bad_request: this server answers for ocr_ensemble, not for text_detection"
        assert await refusal(caller.unary_unary(messages.UNARY)(ANOTHER)) == ("PERMISSION_DENIED", told)
        assert await refusal(caller.unary_unary(messages.UNARY)(b"\xff")) == (
            "INVALID_ARGUMENT",
            "bad_request: the message is not what this method takes",
        )

    through(ask, server)
    assert server.seen == []


def test_a_stream_passes_until_one_of_its_messages_is_refused(server: Server) -> None:
    async def ask(caller: grpc.aio.Channel) -> None:
        call = caller.stream_stream(messages.STREAM)()
        for _ in range(2):
            await call.write(ASKED)
            assert await call.read() == ASKED
        await call.write(ANOTHER)
        assert (await refusal(call.read()))[0] == "PERMISSION_DENIED"

    through(ask, server)


def test_a_stream_ends_when_its_caller_has_sent_all(server: Server) -> None:
    async def ask(caller: grpc.aio.Channel) -> None:
        call = caller.stream_stream(messages.STREAM)()
        await call.write(ASKED)
        await call.done_writing()
        assert [answer async for answer in call] == [ASKED]
        assert await call.code() is grpc.StatusCode.OK

    through(ask, server)


def test_a_refusal_in_a_stream_is_counted(server: Server) -> None:
    async def ask(caller: grpc.aio.Channel) -> None:
        call = caller.stream_stream(messages.STREAM)(metadata=[("do", "say that there is no place")])
        await call.write(ASKED)
        await call.done_writing()
        assert len([answer async for answer in call]) == 2
        server.note_refusal.assert_called_once_with()

    through(ask, server)


@pytest.mark.parametrize("method", [messages.UNARY, messages.STREAM])
def test_a_deadline_and_a_cancellation_reach_the_server(server: Server, method: str) -> None:
    async def ask(caller: grpc.aio.Channel) -> None:
        call = caller.stream_stream(method)(timeout=60, metadata=[("do", "hang")])
        await call.write(ASKED)
        while len(server.seen) < 2:
            await asyncio.sleep(0)
        assert 50 < server.seen[-1] < 61  # gRPC rounds up what it sends on
        call.cancel()
        await asyncio.wait_for(server.is_cancelled.wait(), 30)

    through(ask, server)


@pytest.mark.parametrize("method", [messages.UNARY, messages.STREAM])
def test_the_servers_own_refusal_is_passed_back(server: Server, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "WAIT_S", 0)

    async def ask(caller: grpc.aio.Channel) -> None:
        call = caller.stream_stream(method)(metadata=[("do", "refuse")])
        await send(call, ASKED)
        assert await refusal(call.read()) == ("UNAVAILABLE", "overloaded: try again later")

    through(ask, server)


def test_what_the_server_cannot_read_is_the_callers_fault(server: Server) -> None:
    async def ask(caller: grpc.aio.Channel) -> None:
        call = caller.unary_unary(LIVE)(b"\xff", metadata=[("do", "misunderstand")])
        assert await refusal(call) == ("INVALID_ARGUMENT", messages.NO_MESSAGE)

    through(ask, server)


@pytest.mark.parametrize("method", [messages.UNARY, messages.STREAM])
def test_a_server_that_is_not_there_is_being_started(method: str) -> None:
    async def ask(caller: grpc.aio.Channel) -> None:
        call = caller.stream_stream(method)()
        await send(call, ASKED)
        assert await refusal(call.read()) == ("UNAVAILABLE", checks.STARTING)

    through(ask, None)


def test_messages_are_held_within_bounds(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MAX_HELD_BYTES", 1000)

    async def ask(caller: grpc.aio.Channel) -> None:
        for length, code in ((1001, "UNAVAILABLE"), (900, "OK"), (900, "OK")):  # what was answered counts no longer
            call = caller.unary_unary(LIVE)(bytes(length))
            assert (await call.code()).name == code

    through(ask, server)


def test_a_message_that_does_not_come_is_one_of_a_few_and_not_waited_for(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "QUICK_S", 0.01)
    monkeypatch.setattr(room, "MAX_SLOW", 1)
    monkeypatch.setattr(checks, "BODY_S", 0.5)

    async def ask(caller: grpc.aio.Channel) -> None:
        half = [caller.stream_unary(messages.UNARY)() for _ in range(2)]
        codes = {(await call.code()).name for call in half}
        assert codes == {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
        assert await caller.unary_unary(messages.UNARY)(ASKED) == ASKED

    through(ask, server)


def test_streams_beyond_the_most_are_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MAX_STREAMS", 1)

    async def ask(caller: grpc.aio.Channel) -> None:
        first = caller.stream_stream(messages.STREAM)()
        await first.write(ASKED)
        assert await first.read() == ASKED
        assert await refusal(caller.stream_stream(messages.STREAM)().read()) == ("UNAVAILABLE", str(checks.no_room()))
        await first.done_writing()
        assert await first.read() is grpc.aio.EOF
        second = caller.stream_stream(messages.STREAM)()
        await second.write(ASKED)
        assert await second.read() == ASKED

    through(ask, server)


def test_connections_beyond_the_most_are_closed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    fewer = tuple((name, 1 if name == "grpc.max_allowed_incoming_connections" else value) for name, value in GRPC)
    monkeypatch.setattr("ocr_gate.__main__.GRPC", fewer)
    own = (("grpc.use_local_subchannel_pool", 1),)  # or two channels of one process share a connection

    async def dial(address: str) -> None:
        async with grpc.aio.insecure_channel(address, own) as first, grpc.aio.insecure_channel(address, own) as second:
            assert await first.unary_unary(LIVE)(b"") == b""
            assert (await refusal(second.unary_unary(LIVE)(b"")))[0] == "UNAVAILABLE"
            assert await first.unary_unary(LIVE)(b"") == b""

    at_the_door(dial, server)
