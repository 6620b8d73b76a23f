"""The port for Prometheus: Triton's metrics, and the supervisor's, which outlive Triton's processes.

Triton lets Python models add metrics of their own, but a step that was lost has nobody to count its end, and all counts
end with tritonserver. So the supervisor answers, also while the server is started anew.
"""

import asyncio
import dataclasses
import socket
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable

from ocr_launch import metrics
from ocr_launch.http_api import ApiError, HttpApi
from ocr_launch.ports import LOOPBACK
from ocr_launch.run_state import RunState
from ocr_launch.usage import Usage

PATH = "/metrics"
TRITON_TIMEOUT_S = 3.0
# Until a question has come, and until its answer has been taken.
ASK_S, TAKE_S = 5.0, 5.0
MAX_CONNECTIONS, MAX_HEAD_BYTES = 64, 16 * 2**10
FAILURES = (asyncio.TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError)


@dataclasses.dataclass(frozen=True)
class MetricsPlan:
    """Where metrics are asked for.

    Attributes:
        listening: The socket that takes questions.
        own_port: Triton's own, on this machine.
    """

    listening: socket.socket
    own_port: int


class MetricsDoor:
    """Answers in a thread of its own.

    Args:
        plan: Where.
        state: Gives what the supervisor knows.
    """

    def __init__(self, plan: MetricsPlan, state: Callable[[], RunState]) -> None:
        self._plan, self._state = plan, state
        self._triton = HttpApi(LOOPBACK, plan.own_port)
        self._connections = 0
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._loop = asyncio.new_event_loop()
        self._thread.start()

    def close(self) -> None:
        """Close the port; whoever is asking then gets no answer."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        async with await asyncio.start_server(self._take, sock=self._plan.listening, limit=MAX_HEAD_BYTES):
            await self._ended.wait()

    async def _take(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer one question, and end the connection."""
        self._connections += 1
        try:
            if self._connections <= MAX_CONNECTIONS:
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), ASK_S)
                writer.transport.set_write_buffer_limits(0)
                writer.write(await self._answer(head))
                await asyncio.wait_for(writer.drain(), TAKE_S)
            writer.close()
        except FAILURES:
            writer.transport.abort()
        finally:
            self._connections -= 1

    async def _answer(self, head: bytes) -> bytes:
        method, _, rest = head.partition(b" ")
        if method != b"GET" or rest.split(b" ")[0].partition(b"?")[0] != PATH.encode():
            return _response("404 Not Found", "text/plain", f"there is only GET {PATH}\n".encode())
        try:
            tritons = await asyncio.to_thread(self._triton.get, PATH, TRITON_TIMEOUT_S)
        except ApiError:  # it is started anew
            tritons = b""
        state = self._state()
        is_ready = await asyncio.to_thread(HttpApi(state.host, state.port).is_ready, TRITON_TIMEOUT_S)
        ours = metrics.text(state, await asyncio.to_thread(Usage.now), is_ready=is_ready)
        return _response("200 OK", metrics.CONTENT_TYPE, tritons + ours.encode())


def _response(status: str, kind: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body
