"""The calls that a client makes, independent of the protocol; the transports translate them to HTTP or gRPC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class SharedImage:
    """An encoded image that lies in a registered region of system shared memory.

    Attributes:
        region: The region's name.
        byte_size: How many of its bytes, from the first on, are the image.
    """

    region: str
    byte_size: int


@dataclass(frozen=True, slots=True)
class Infer:
    """Read one image; gives the ensemble's outputs, a mapping from name to array.

    Attributes:
        image: The encoded file, or where it lies.
        parameters: The options that differ from the server's defaults.
        request_id: The server's log names it beside a failure.
        outputs: Names of the outputs that are wanted.
        timeout_s: How long to wait for the answer; the server is told, too, and does nothing for nobody. None is the
            client's own `timeout_s`, and the server's default.
    """

    image: bytes | SharedImage
    parameters: Mapping[str, float | str] = field(default_factory=dict)
    request_id: str = ""
    outputs: tuple[str, ...] = ()
    timeout_s: float | None = None

    @property
    def timeout_us(self) -> int | None:
        """In Triton's unit: microseconds, at least 1."""
        return None if self.timeout_s is None else max(1, int(self.timeout_s * 1e6))


@dataclass(frozen=True, slots=True)
class IsReady:
    """Whether the ensemble can be used; gives a bool.

    Attributes:
        timeout_s: How long to wait for the answer. None is the client's own `timeout_s`.
    """

    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class DescribeServer:
    """The server's name and version; gives its JSON object."""


@dataclass(frozen=True, slots=True)
class ListModels:
    """The models of the server's repository and their states; gives a JSON list."""


@dataclass(frozen=True, slots=True)
class DescribeModel:
    """A loaded model's configuration; gives its JSON object."""

    name: str


@dataclass(frozen=True, slots=True)
class LoadModel:
    """Have the server load a model with a configuration, beside what it has until that is ready; gives None.

    Attributes:
        name: Which one.
        config: As `DescribeModel` gives it.
    """

    name: str
    config: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CountRequests:
    """How many requests the ensemble has had; gives the JSON object of its statistics."""


@dataclass(frozen=True, slots=True)
class RegisterRegion:
    """Have the server open a region of system shared memory; gives None.

    Attributes:
        name: What requests will call it.
        key: What `shm_open` calls it.
        byte_size: Its length.
    """

    name: str
    key: str
    byte_size: int


@dataclass(frozen=True, slots=True)
class UnregisterRegion:
    """Have the server forget a region; gives None."""

    name: str


Call: TypeAlias = (
    Infer
    | IsReady
    | DescribeServer
    | ListModels
    | DescribeModel
    | LoadModel
    | CountRequests
    | RegisterRegion
    | UnregisterRegion
)
