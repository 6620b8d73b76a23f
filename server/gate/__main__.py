"""The gate's process. Whoever starts it hands over the sockets that it is to accept connections from."""

import argparse
import asyncio
import resource
import signal
import socket
from contextlib import AsyncExitStack

import aiohttp
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from server.gate.proxy import Behind, Proxy

# A connection may be idle, or at its headers, for so many seconds.
IDLE_S = 120.0
MAX_CONNECTIONS = 1024
# Each connection from outside may have one to Triton.
MAX_FILES = 4096
CONNECT_S = 5.0


class Door(web.Server):
    """Closes connections beyond `MAX_CONNECTIONS`."""

    def connection_made(self, handler: "RequestHandler", transport: asyncio.Transport) -> None:
        """Take a connection, or close it."""
        super().connection_made(handler, transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()


async def serve(doors: list[tuple[int, Behind]], stop_timeout_s: float) -> None:
    """Pass requests on until SIGTERM comes, and then answer those that are under way.

    Args:
        doors: A listening socket's descriptor each, and what is behind it.
        stop_timeout_s: How long these may take.
    """
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with AsyncExitStack() as stack:
        for descriptor, behind in doors:
            connector = aiohttp.TCPConnector(limit=0, force_close=False)
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S)
            session = aiohttp.ClientSession(
                connector=connector, timeout=timeout, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
            )
            await stack.enter_async_context(session)
            door = Door(
                Proxy(behind, session).handle,
                handler_cancellation=True,
                auto_decompress=False,
                keepalive_timeout=IDLE_S,
                access_log=None,
            )
            runner = web.ServerRunner(door, shutdown_timeout=stop_timeout_s)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.SockSite(runner, socket.socket(fileno=descriptor), backlog=MAX_CONNECTIONS).start()
        await ended.wait()


def main() -> None:
    """Read the command line, and serve."""
    parser = argparse.ArgumentParser(prog="python -m server.gate", description=__doc__)
    parser.add_argument("--door", action="append", required=True, metavar="DESCRIPTOR:PORT")
    parser.add_argument("--model", action="append", required=True)
    parser.add_argument("--own-memory", action="append", required=True, metavar="PREFIX")
    parser.add_argument("--stop-timeout-s", type=float, required=True)
    asked = parser.parse_args()
    pairs = [map(int, door.split(":")) for door in asked.door]
    doors = [(fd, Behind(port, tuple(asked.model), tuple(asked.own_memory))) for fd, port in pairs]
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_FILES if most < 0 else min(MAX_FILES, most), most))
    asyncio.run(serve(doors, asked.stop_timeout_s))


if __name__ == "__main__":
    main()
