"""Blocking HTTP, by urllib3."""

from http.client import HTTPException, IncompleteRead, RemoteDisconnected
from typing import Any

import urllib3
from urllib3 import exceptions

from ocr_client.address import Address
from ocr_client.calls import Call
from ocr_client.errors import OcrError
from ocr_client.failures import not_triton, timeout, unreachable
from ocr_client.settings import Settings
from ocr_client.transports.http_messages import BROKEN_OFF, NO_HTTP, HttpAnswer, decode, encode
from ocr_client.transports.tls import ssl_context

# Connections that are kept for the next request; more may be open while more threads ask at once.
KEPT_CONNECTIONS = 128


class HttpTransport:
    """Connections to a server, one for every thread that asks at the same time."""

    def __init__(self, address: Address, settings: Settings) -> None:
        self._address, self._settings = address, settings
        _, _, base_path = self._address.target.partition("/")
        self._base = f"/{base_path}" if base_path else ""
        context = ssl_context(self._address, settings.tls)
        self._pool = urllib3.connection_from_url(
            str(self._address),
            maxsize=KEPT_CONNECTIONS,
            **({"ssl_context": context} if context else {}),
        )

    def perform(self, call: Call) -> Any:
        """Do it and give what the call says."""
        request = encode(call, self._settings.ensemble)
        try:
            response = self._pool.urlopen(
                request.method,
                self._base + request.path,
                request.body,
                {**self._settings.headers, **request.headers},
                retries=False,
                redirect=False,
                timeout=urllib3.Timeout(total=self._settings.timeout_of(call)),
            )
        except (exceptions.HTTPError, OSError) as error:
            raise self._explained(error) from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return decode(self._address, call, HttpAnswer(response.status, headers, response.data))

    def close(self) -> None:
        """Let the connections go."""
        self._pool.close()

    def _explained(self, error: Exception) -> OcrError:
        # urllib3 counts a refused connection among the timeouts.
        if isinstance(error, exceptions.TimeoutError) and not isinstance(error, exceptions.NewConnectionError):
            return timeout(self._address, self._settings.timeout_s)
        reason = _reason(error)
        if isinstance(reason, IncompleteRead):
            return unreachable(self._address, BROKEN_OFF)
        if isinstance(reason, HTTPException) and not isinstance(reason, RemoteDisconnected):
            return not_triton(self._address, NO_HTTP)
        return unreachable(self._address, reason)


def _reason(error: Exception) -> object:
    """What urllib3 wraps: its own messages name its objects."""
    if error.__cause__:
        return error.__cause__
    return next((argument for argument in error.args if isinstance(argument, Exception)), error)
