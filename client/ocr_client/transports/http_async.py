"""HTTP for asyncio, by aiohttp."""

import asyncio
from functools import cached_property
from io import BytesIO
from typing import Any

import aiohttp

from ocr_client.address import Address
from ocr_client.calls import Call
from ocr_client.failures import not_triton, timeout, unreachable
from ocr_client.settings import Settings
from ocr_client.transports.http_messages import BROKEN_OFF, NO_HTTP, HttpAnswer, decode, encode
from ocr_client.transports.tls import ssl_context


class AsyncHttpTransport:
    """Connections to a server, one for every task that asks at the same time."""

    def __init__(self, address: Address, settings: Settings) -> None:
        self._address, self._settings = address, settings
        self._ssl_context = ssl_context(self._address, settings.tls)

    @cached_property
    def _session(self) -> aiohttp.ClientSession:
        # Belongs to the event loop, which need not run yet when the client is made.
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._ssl_context or True),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._settings.headers,
        )

    async def perform(self, call: Call) -> Any:
        """Do it and give what the call says."""
        request = encode(call, self._settings.ensemble)
        try:
            async with self._session.request(
                request.method,
                f"{self._address}{request.path}",
                data=BytesIO(request.body),  # as bytes, a large body would stop the event loop for a while
                headers=request.headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self._settings.timeout_of(call)),
            ) as response:
                body = await response.read()
        except asyncio.TimeoutError as error:
            raise timeout(self._address, self._settings.timeout_s) from error
        except aiohttp.ClientResponseError as error:
            raise not_triton(self._address, NO_HTTP) from error
        except aiohttp.InvalidURL as error:
            raise not_triton(self._address, error) from error
        except aiohttp.ClientPayloadError as error:
            raise unreachable(self._address, BROKEN_OFF) from error
        except (aiohttp.ClientError, OSError) as error:
            raise unreachable(self._address, getattr(error, "os_error", error)) from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return decode(self._address, call, HttpAnswer(response.status, headers, body))

    async def close(self) -> None:
        """Let the connections go."""
        if "_session" in vars(self):
            await self._session.close()
