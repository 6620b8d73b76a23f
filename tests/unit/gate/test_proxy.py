"""The gate's proxy between a caller and a server of the test's own, on one loop."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from unittest import mock

import aiohttp
import pytest
from aiohttp import web

from ocr_gate import checks, line
from ocr_gate.__main__ import Door
from ocr_gate.line import Line
from ocr_gate.proxy import Behind, Proxy

INFER = "/v2/models/ocr_ensemble/infer"
RAW = {"Inference-Header-Content-Length": "0"}
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Ask = Callable[[aiohttp.ClientSession, str], Awaitable[None]]


async def echo(request: web.BaseRequest) -> web.StreamResponse:
    """What has arrived, with two headers of the kind that Triton sends."""
    told = {"Inference-Header-Content-Length": "7", "Echo": "; ".join(f"{k}: {v}" for k, v in request.headers.items())}
    return web.Response(body=await request.read(), headers=told)


async def hang_up(request: web.BaseRequest) -> web.StreamResponse:
    assert request.transport
    request.transport.abort()
    raise asyncio.CancelledError


async def find_fault(_request: web.BaseRequest) -> web.StreamResponse:
    return web.Response(text='{"error":"Unable to parse \'data\': it is none"}', status=500)


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[int]:
    """The port of a server."""
    runner = web.ServerRunner(Door(handler, handler_cancellation=True, auto_decompress=False))
    await runner.setup()
    with socket.create_server(("127.0.0.1", 0)) as door:
        await web.SockSite(runner, door).start()
        yield int(door.getsockname()[1])
        await runner.cleanup()


def through(ask: Ask, handler: Handler | None = echo) -> None:
    """Ask a gate with this server behind it, or with none."""

    async def run() -> None:
        async with AsyncExitStack() as stack:
            port = await stack.enter_async_context(listening(handler)) if handler else closed_port()
            behind = await stack.enter_async_context(aiohttp.ClientSession(auto_decompress=False))
            gate = Proxy(Behind(port, ("ocr_ensemble",), ("ocr-",)), behind, Line(mock.Mock()))
            door = await stack.enter_async_context(listening(gate.handle))
            caller = await stack.enter_async_context(aiohttp.ClientSession())
            await ask(caller, f"http://127.0.0.1:{door}")

    asyncio.run(run())


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return int(door.getsockname()[1])


async def told(answer: aiohttp.ClientResponse) -> tuple[int, str]:
    return answer.status, (await answer.json(content_type=None))["error"]


def test_bodies_and_headers_pass_both_ways() -> None:
    async def ask(caller: aiohttp.ClientSession, url: str) -> None:
        async with caller.post(url + INFER, data=b"image", headers={**RAW, "Quad-Threshold": "0.6"}) as answer:
            assert await answer.read() == b"image"
            assert answer.headers["Inference-Header-Content-Length"] == "7"
            assert "Quad-Threshold: 0.6" in answer.headers["Echo"]
            assert answer.headers["Server"] == "ocr-triton"

    through(ask)


def test_a_body_in_chunks_goes_on_with_its_length() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"part"

    async def ask(caller: aiohttp.ClientSession, url: str) -> None:
        async with caller.post(url + INFER, data=chunks(), headers=RAW) as answer:
            assert await answer.read() == b"part" * 3
            assert "Content-Length: 12" in answer.headers["Echo"]
            assert "Transfer-Encoding" not in answer.headers["Echo"]

    through(ask)


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "BODY_S", 0.05)

    async def never() -> AsyncIterator[bytes]:
        yield b"half"
        await asyncio.Event().wait()

    async def ask(caller: aiohttp.ClientSession, url: str) -> None:
        async with caller.post(url + INFER, data=never(), headers=RAW) as answer:
            status, error = await told(answer)
            assert (status, "the body did not come within" in error) == (408, True)

    through(ask)


def test_bodies_are_held_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MAX_HELD_BYTES", 1000)

    async def ask(caller: aiohttp.ClientSession, url: str) -> None:
        for length, status in ((1001, 503), (900, 200), (900, 200)):  # what was answered counts no longer
            async with caller.post(url + INFER, data=bytes(length), headers=RAW) as answer:
                assert answer.status == status

    through(ask)


def test_a_caller_that_asks_before_it_sends_is_told_to_go_on() -> None:
    async def ask(caller: aiohttp.ClientSession, url: str) -> None:
        async with caller.post(url + INFER, data=b"image", headers=RAW, expect100=True) as answer:
            assert await answer.read() == b"image"

    through(ask)


@pytest.mark.parametrize(
    ("handler", "status", "sentence"),
    [
        (None, 503, "unavailable: the server is being started; try again later"),
        (hang_up, 502, "the server ended while it worked on this request"),
        (find_fault, 400, "Unable to parse 'data': it is none"),
    ],
)
def test_what_happens_behind_the_gate_is_told(handler: Handler | None, status: int, sentence: str) -> None:
    async def ask(caller: aiohttp.ClientSession, url: str) -> None:
        async with caller.post(url + INFER, data=b"image", headers=RAW) as answer:
            assert await told(answer) == (status, sentence)

    through(ask, handler)


def test_connections_beyond_the_most_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ocr_gate.__main__.MAX_CONNECTIONS", 1)

    async def ask(_caller: aiohttp.ClientSession, url: str) -> None:
        host, port = url.removeprefix("http://").split(":")
        _, first = await asyncio.open_connection(host, int(port))
        second, writer = await asyncio.open_connection(host, int(port))
        with suppress(ConnectionResetError):
            assert await second.read() == b""
        for connection in (first, writer):
            connection.close()

    through(ask)


def test_a_request_that_is_refused_waits_until_another_one_has_been_answered() -> None:
    begun, leave = asyncio.Event(), asyncio.Event()
    asked: list[str] = []

    async def one_place(request: web.BaseRequest) -> web.StreamResponse:
        page = (await request.read()).decode()
        asked.append(page)
        if begun.is_set() and not leave.is_set():
            return web.Response(text='{"error":"overloaded: this server has no place; try again later"}', status=503)
        begun.set()
        await leave.wait()
        return web.Response(text=page)

    async def ask(caller: aiohttp.ClientSession, url: str) -> None:
        async def post(page: str) -> tuple[int, str]:
            async with caller.post(f"{url}{INFER}", data=page, headers=RAW) as answer:
                return answer.status, await answer.text()

        first = asyncio.create_task(post("first"))
        await begun.wait()
        second = asyncio.create_task(post("second"))
        while len(asked) < 2:
            await asyncio.sleep(0)
        leave.set()
        assert [await first, await second] == [(200, "first"), (200, "second")]
        assert asked == ["first", "second", "second"]

    through(ask, one_place)


def test_a_request_that_nobody_has_a_place_for_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "WAIT_S", 0)
    told = '{"error":"overloaded: this server has no place; try again later"}'

    async def full(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response(text=told, status=503)

    async def ask(caller: aiohttp.ClientSession, url: str) -> None:
        async with caller.post(f"{url}{INFER}", data=b"page", headers=RAW) as answer:
            assert (answer.status, await answer.text()) == (503, told)

    through(ask, full)
