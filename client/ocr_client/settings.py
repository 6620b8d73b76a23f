"""How a client connects to its server: written once, for both clients and the command line."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from ocr_client.address import Address, Tls, parse_urls
from ocr_client.calls import Call, Infer, IsReady
from ocr_client.protocol import MODEL

if TYPE_CHECKING:
    from typing_extensions import Unpack


# Requests under way at the same time, for each server, unless the caller says how many.
CONCURRENCY = 4
# As the exporter takes them.
SERVICE = re.compile("[a-z0-9]*")


class ClientOptions(TypedDict, total=False):
    """Keyword arguments of both clients.

    Attributes:
        timeout_s: Seconds for an image, with all attempts to have it read; 60 by default. The server is told them, and
            gives up what nobody waits for any longer.
        retries: How often to try again, after growing pauses, while the server is unreachable; 3 by default, which
            takes less than a second. An overloaded server is asked again until `timeout_s` is over. 0 is never, for
            both. That another server is asked in place of one that fails does not count.
        headers: Sent with every request: HTTP headers, gRPC metadata.
        tls: Certificates for https and grpcs, if the system's own are not enough.
        shared_memory: Whether to pass images through system shared memory. The server must run on this machine
            (in a container: with --ipc=host) and as the same user, on Linux; and it must be the only one.
        service: Which of the server's services reads, where it has another one beside the default:
            `ocr_ensemble_NAME` for the name that `python -m export --service NAME` was given.
    """

    timeout_s: float
    retries: int
    headers: Mapping[str, str]
    tls: Tls | None
    shared_memory: bool
    service: str


@dataclass(frozen=True, slots=True)
class Settings:
    """The addresses of the servers and the options of `ClientOptions`, checked."""

    addresses: tuple[Address, ...]
    timeout_s: float = 60.0
    retries: int = 3
    headers: Mapping[str, str] = field(default_factory=dict)
    tls: Tls | None = None
    shared_memory: bool = False
    service: str = ""

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 0 < self.timeout_s < math.inf:
            raise ValueError(f"timeout_s is more than 0 seconds, got {self.timeout_s!r}")
        if self.retries < 0:
            raise ValueError(f"retries is 0 or more, got {self.retries!r}")
        if not SERVICE.fullmatch(self.service):
            raise ValueError(f"service is a name of small letters and digits, got {self.service!r}")
        if self.shared_memory and (len(self.addresses) > 1 or self.addresses[0].is_many):
            several = ", ".join(map(str, self.addresses))
            raise ValueError(f"shared_memory takes one server, on this machine, got {several}: leave it out")

    @property
    def ensemble(self) -> str:
        """The model that is asked."""
        return f"{MODEL}_{self.service}" if self.service else MODEL

    @property
    def concurrency(self) -> int:
        """How many requests are under way at the same time, unless the caller says how many."""
        return CONCURRENCY * len(self.addresses)

    def timeout_of(self, call: Call) -> float:
        """Seconds that a call may take."""
        own_s = call.timeout_s if isinstance(call, (Infer, IsReady)) else None
        return self.timeout_s if own_s is None else own_s

    @classmethod
    def of(cls, url: str | Iterable[str], **options: "Unpack[ClientOptions]") -> "Settings":
        """Check what a client was given.

        Raises:
            TypeError: There is no such option.
            ValueError: A URL is not the address of a server, or an option is out of range.
        """
        return cls(parse_urls(url), **options)
