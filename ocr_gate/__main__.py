"""The gate's process. Whoever starts it hands over the sockets for HTTP, and keeps the port for gRPC."""

import argparse
import asyncio
import resource
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

import aiohttp
import grpc.aio
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from ocr_gate import checks
from ocr_gate.calls import Calls
from ocr_gate.line import Line
from ocr_gate.proxy import Behind, Proxy
from ocr_gate.refusals import Refusals

# A connection may be idle, or at its headers, for so many seconds.
IDLE_S = 120.0
MAX_CONNECTIONS = 1024
# Each connection from outside may have one to Triton.
MAX_FILES = 4096
CONNECT_S = 5.0
# Keepalive is as gRPC has it by default, and Triton leaves it so.
GRPC = (
    # The launcher keeps the port while the gate is started anew.
    ("grpc.so_reuseport", 1),
    ("grpc.max_allowed_incoming_connections", MAX_CONNECTIONS),
    ("grpc.max_connection_idle_ms", int(IDLE_S * 1000)),
    ("grpc.max_receive_message_length", checks.MAX_BODY_BYTES),
    ("grpc.max_send_message_length", -1),
)
MAX_CALLS = 1024


@dataclass(frozen=True)
class Opened:
    """A door that is open.

    Attributes:
        port: That it listens on.
        close: Closes it when all is answered.
    """

    port: int
    close: Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class HttpDoor:
    """A door for HTTP.

    Attributes:
        descriptor: Of a socket that listens.
        behind: What is behind it.
    """

    descriptor: int
    behind: Behind


@dataclass(frozen=True)
class GrpcDoor:
    """A door for gRPC.

    Attributes:
        address: To listen on, `host:port`.
        behind: What is behind it.
    """

    address: str
    behind: Behind


class Door(web.Server):
    """Closes connections beyond `MAX_CONNECTIONS`."""

    def connection_made(self, handler: "RequestHandler", transport: asyncio.Transport) -> None:
        """Take a connection, or close it."""
        super().connection_made(handler, transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()


async def serve(http_door: HttpDoor, grpc_door: GrpcDoor, refusals: Refusals, stop_timeout_s: float) -> None:
    """Pass requests on until SIGTERM comes, and then answer those that are under way.

    Args:
        http_door: For HTTP.
        grpc_door: For gRPC.
        refusals: Counts requests without a place.
        stop_timeout_s: How long these may take.
    """
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    line = Line(refusals.note)
    async with AsyncExitStack() as stack:
        opened = (
            await open_http(http_door, line, stack, stop_timeout_s),
            await open_grpc(grpc_door, Calls(grpc_door.behind, line, refusals.note), stack, stop_timeout_s),
        )
        await ended.wait()
        await asyncio.gather(*(door.close() for door in opened))


async def open_http(door: HttpDoor, line: Line, stack: AsyncExitStack, stop_timeout_s: float) -> Opened:
    """Open a door for HTTP, until the stack is left at the latest."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, force_close=False),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    )
    await stack.enter_async_context(session)
    server = Door(
        Proxy(door.behind, session, line).handle,
        handler_cancellation=True,
        auto_decompress=False,
        keepalive_timeout=IDLE_S,
        access_log=None,
    )
    runner = web.ServerRunner(server, shutdown_timeout=stop_timeout_s)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    listening = socket.socket(fileno=door.descriptor)
    await web.SockSite(runner, listening, backlog=MAX_CONNECTIONS).start()
    return Opened(listening.getsockname()[1], runner.cleanup)


async def open_grpc(door: GrpcDoor, calls: Calls, stack: AsyncExitStack, stop_timeout_s: float) -> Opened:
    """Open a door for gRPC, until the stack is left at the latest."""
    stack.push_async_callback(calls.close)
    server = grpc.aio.server(options=GRPC, maximum_concurrent_rpcs=MAX_CALLS)
    server.add_generic_rpc_handlers([calls])
    port = server.add_insecure_port(door.address)
    await server.start()
    stack.push_async_callback(server.stop, None)
    return Opened(port, partial(server.stop, stop_timeout_s))


def main() -> None:
    """Read the command line, and serve."""
    parser = argparse.ArgumentParser(prog="python -m ocr_gate", description=__doc__)
    parser.add_argument("--http-door", required=True, metavar="DESCRIPTOR:PORT")
    parser.add_argument("--grpc-door", required=True, metavar="HOST:PORT:PORT")
    parser.add_argument("--model", action="append", required=True)
    parser.add_argument("--own-memory", action="append", required=True, metavar="PREFIX")
    parser.add_argument("--refusals", type=int, required=True, metavar="DESCRIPTOR")
    parser.add_argument("--stop-timeout-s", type=float, required=True)
    asked = parser.parse_args()

    def behind(port: str) -> Behind:
        return Behind(int(port), tuple(asked.model), tuple(asked.own_memory))

    descriptor, _, http_port = asked.http_door.partition(":")
    address, _, grpc_port = asked.grpc_door.rpartition(":")
    http_door = HttpDoor(int(descriptor), behind(http_port))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_FILES if most < 0 else min(MAX_FILES, most), most))
    grpc_door = GrpcDoor(address, behind(grpc_port))
    asyncio.run(serve(http_door, grpc_door, Refusals(asked.refusals), asked.stop_timeout_s))


if __name__ == "__main__":
    main()
