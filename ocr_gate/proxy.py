"""A reverse proxy in front of one port of Triton."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from ocr_gate import checks
from ocr_gate.checks import Bytes, Refused
from ocr_gate.line import Line

HEADER_LENGTH = "Inference-Header-Content-Length"
# Of one connection only (RFC 9110, section 7.6.1), or made anew here.
NOT_PASSED = frozenset(
    name.lower()
    for name in (
        *(hdrs.CONNECTION, "Keep-Alive", hdrs.PROXY_AUTHENTICATE, hdrs.PROXY_AUTHORIZATION, hdrs.TE, hdrs.TRAILER),
        *(hdrs.TRANSFER_ENCODING, hdrs.UPGRADE, hdrs.EXPECT),
    )
)
# aiohttp would add these to a request that lacks them.
NOT_ADDED = (hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE, hdrs.USER_AGENT)
# What Triton 2.51 answers with 500 where the JSON of a request is at fault.
CALLERS_FAULT = re.compile(rb'\{"error":"(?:failed to (?:parse|get) (?:the )?request|Unable to (?:parse|set) .)')

# Instead of aiohttp's name and version.
SERVER = {hdrs.SERVER: "ocr-triton"}

Headers = CIMultiDict[str]


@dataclass(frozen=True)
class Behind:
    """What is behind the gate.

    Attributes:
        port: Of Triton, on this machine.
        models: That may be asked.
        own_memory: How the names of the server's own shared memory begin.
    """

    port: int
    models: tuple[str, ...]
    own_memory: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """Triton's answer.

    Attributes:
        response: Its status and headers, and its body, which may still be on its way.
        trouble: The body, where the status is 500 or more.
    """

    response: aiohttp.ClientResponse
    trouble: bytes | None

    @property
    def is_refusal(self) -> bool:
        """There is no place for the page."""
        return self.response.status == 503 and checks.is_no_place((self.trouble or b"").decode(errors="replace"))

    @property
    def status(self) -> int:
        """What the caller is told."""
        return 400 if self.response.status == 500 and CALLERS_FAULT.match(self.trouble or b"") else self.response.status


class Proxy:
    """Passes requests on, and answers those that go no further.

    Args:
        behind: What is behind it.
        session: The connections to it.
        line: Those who wait for a place.
    """

    def __init__(self, behind: Behind, session: aiohttp.ClientSession, line: Line) -> None:
        self._behind, self._session, self._line = behind, session, line
        self._held_bytes = 0

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        try:
            is_inference = checks.is_inference(request.rel_url.raw_path, self._behind.models)
            headers = _passed(request.headers)
            async with self._body(request) as body:
                sent = checks.unpack(body, headers.pop(hdrs.CONTENT_ENCODING, "")) if body else None
                said = self._check(request, sent or b"", is_inference)
                headers.popall(hdrs.CONTENT_LENGTH, None)
                ask = partial(self._ask, request, headers, sent)
                return await _pass_back(request, await (self._infer(ask, said) if is_inference else ask()))
        except Refused as refused:
            return _error(str(refused), refused.status)

    def _check(self, request: web.BaseRequest, sent: Bytes, is_inference: bool) -> Any:
        """Check the JSON of a request; what it says, if there is any."""
        text = checks.json_part(sent, request.headers.getall(HEADER_LENGTH, [])) if is_inference else sent
        said = checks.read_json(text) if text else {}
        if is_inference:
            checks.check_inference(said)
        if checks.SHARED_MEMORY.fullmatch(request.path):
            checks.check_region(said, self._behind.own_memory)
        return said

    @asynccontextmanager
    async def _body(self, request: web.BaseRequest) -> AsyncIterator[bytearray]:
        """The request's body, which counts among those that are held."""
        checks.check_size(request.content_length or 0)
        if request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            request.writer.output_size = 0
        parts = bytearray()
        try:
            if request.can_read_body:
                await asyncio.wait_for(self._read(request, parts), checks.BODY_S)
            yield parts
        except asyncio.TimeoutError:
            raise checks.too_slow() from None
        except ConnectionResetError:
            raise Refused("bad_request: the connection ended before the body") from None  # which nobody reads
        finally:
            self._held_bytes -= len(parts)
            with suppress(BufferError):  # the connection to Triton still has it
                parts.clear()  # an error keeps it otherwise, until Python collects its garbage

    async def _read(self, request: web.BaseRequest, parts: bytearray) -> None:
        async for part in request.content.iter_any():
            parts += part
            self._held_bytes += len(part)
            checks.check_size(len(parts))
            checks.check_held(self._held_bytes)

    async def _infer(self, ask: Callable[[], Awaitable[Answer]], said: Any) -> Answer:
        answer = await self._line.ask(ask, lambda answer: answer.is_refusal, checks.timeout_s(said))
        if answer is None:
            raise checks.no_place()
        return answer

    async def _ask(self, request: web.BaseRequest, headers: Headers, sent: Bytes | None) -> Answer:
        url = URL(f"http://127.0.0.1:{self._behind.port}{request.rel_url.raw_path_qs}", encoded=True)
        asked = self._session.request(
            request.method, url, headers=headers, data=sent, skip_auto_headers=NOT_ADDED, allow_redirects=False
        )
        try:
            response = await asked
            return Answer(response, await response.read() if response.status >= 500 else None)
        except aiohttp.ClientConnectorError:
            raise Refused(checks.STARTING, 503) from None
        except (aiohttp.ClientError, ConnectionError):
            raise Refused(checks.ENDED, 502) from None


async def _pass_back(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    """Hand an answer on as it comes."""
    async with answer.response as told:
        headers = _passed(told.headers)
        headers.update(SERVER)
        if answer.trouble is not None:
            return web.Response(body=answer.trouble, status=answer.status, headers=headers)
        response = web.StreamResponse(status=told.status, reason=told.reason, headers=headers)
        await response.prepare(request)
        try:
            async for part in told.content.iter_any():
                await response.write(part)
        except aiohttp.ClientError:  # the caller's connection ends, too
            raise ConnectionResetError("the server ended while it answered") from None
        await response.write_eof()
        return response


def _passed(headers: "CIMultiDictProxy[str]") -> Headers:
    """The headers that go on.

    Raises:
        Refused: One is not UTF-8.
    """
    try:
        "".join(headers.values()).encode()
    except UnicodeEncodeError:
        raise Refused("bad_option: a parameter or a header of the request is not UTF-8") from None
    named = {name.strip().lower() for name in headers.get(hdrs.CONNECTION, "").split(",")}
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in NOT_PASSED | named)


def _error(message: str, status: int) -> web.Response:
    body = json.dumps({"error": message}, ensure_ascii=False)
    return web.Response(text=body, status=status, content_type="application/json", headers=SERVER)
