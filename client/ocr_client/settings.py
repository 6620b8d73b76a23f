"""How a client connects to its server: written once, for both clients and the command line."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from ocr_client.address import Address, Tls, parse_url
from ocr_client.calls import Call, Infer

if TYPE_CHECKING:
    from typing_extensions import Unpack


class ClientOptions(TypedDict, total=False):
    """Keyword arguments of both clients.

    Attributes:
        timeout_s: Seconds for an image, with all attempts to have it read; 60 by default. The server is told them, and
            gives up what nobody waits for any longer.
        retries: How often to try again, after growing pauses, while the server is unreachable; 3 by default, which
            takes less than a second. An overloaded server is asked again until `timeout_s` is over. 0 is never, for
            both.
        headers: Sent with every request: HTTP headers, gRPC metadata.
        tls: Certificates for https and grpcs, if the system's own are not enough.
        shared_memory: Whether to pass images through system shared memory. The server must run on this machine
            (in a container: with --ipc=host) and as the same user, on Linux.
    """

    timeout_s: float
    retries: int
    headers: Mapping[str, str]
    tls: Tls | None
    shared_memory: bool


@dataclass(frozen=True, slots=True)
class Settings:
    """The server's address and the options of `ClientOptions`, checked."""

    address: Address
    timeout_s: float = 60.0
    retries: int = 3
    headers: Mapping[str, str] = field(default_factory=dict)
    tls: Tls | None = None
    shared_memory: bool = False

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 < self.timeout_s < math.inf:
            raise ValueError(f"timeout_s is more than 0 seconds, got {self.timeout_s!r}")
        if self.retries < 0:
            raise ValueError(f"retries is 0 or more, got {self.retries!r}")

    def timeout_of(self, call: Call) -> float:
        """Seconds that a call may take."""
        own_s = call.timeout_s if isinstance(call, Infer) else None
        return self.timeout_s if own_s is None else own_s

    @classmethod
    def of(cls, url: str, **options: "Unpack[ClientOptions]") -> "Settings":
        """Check what a client was given.

        Raises:
            TypeError: There is no such option.
            ValueError: The URL is not the address of a server, or an option is out of range.
        """
        return cls(parse_url(url), **options)
