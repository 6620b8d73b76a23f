"""Ways to a server: each performs the calls of `ocr_client.calls` and raises only `ocr_client.errors`.

Nothing is imported before it is needed: gRPC is an extra, and each library takes a while to import.
"""

from typing import Any, Protocol

from ocr_client.address import Address
from ocr_client.calls import Call
from ocr_client.settings import Settings


class Transport(Protocol):
    """A blocking connection; any number of threads may use it."""

    def perform(self, call: Call) -> Any:
        """Do it and give what the call says."""

    def close(self) -> None:
        """Let the connections go."""


class AsyncTransport(Protocol):
    """The same for one event loop."""

    async def perform(self, call: Call) -> Any:
        """Do it and give what the call says."""

    async def close(self) -> None:
        """Let the connections go."""


def connect(address: Address, settings: Settings) -> Transport:
    """The transport that an address asks for; nothing is sent yet.

    Raises:
        ModuleNotFoundError: It takes gRPC, which is not installed.
    """
    if address.is_grpc:
        from ocr_client.transports.grpc import GrpcTransport

        return GrpcTransport(address, settings)
    from ocr_client.transports.http_blocking import HttpTransport

    return HttpTransport(address, settings)


def connect_async(address: Address, settings: Settings) -> AsyncTransport:
    """The same for an event loop; it must run already."""
    if address.is_grpc:
        from ocr_client.transports.grpc import AsyncGrpcTransport

        return AsyncGrpcTransport(address, settings)
    from ocr_client.transports.http_async import AsyncHttpTransport

    return AsyncHttpTransport(address, settings)
