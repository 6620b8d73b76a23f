"""The ports of a server: those that callers know, and Triton's own behind them.

A port that was picked and let go is anybody's until its user listens there, a second later: so each is held from the
beginning, by a socket of ours.
"""

import socket
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from ocr_launch.errors import StartError

LOOPBACK = "127.0.0.1"
HTTP, GRPC, METRICS = "http", "grpc", "metrics"
BACKLOG = 1024


@dataclass(frozen=True)
class Address:
    """Where to listen.

    Attributes:
        host: An address of this machine.
        port: 0 picks a free one.
    """

    host: str
    port: int = 0


@dataclass(frozen=True)
class Doors:
    """The ports of a server that somebody in front of Triton listens on.

    Attributes:
        sockets: By `HTTP`, `GRPC` and `METRICS`, see `listen` and `reserve`.
        own: The ports that Triton itself listens on in their place, on this machine only; they are held for it.
    """

    sockets: Mapping[str, socket.socket]
    own: Mapping[str, int]


def open_doors(addresses: Mapping[str, Address], stack: ExitStack) -> Doors:
    """Open doors, until the stack is left.

    Args:
        addresses: By `HTTP`, `GRPC` and `METRICS`, as many as there are to be.
        stack: That closes them.

    Raises:
        StartError: A port is taken or not allowed.
    """
    sockets = {
        name: stack.enter_context((reserve if name == GRPC else listen)(address, name))
        for name, address in addresses.items()
    }
    return Doors(sockets, {name: port_of(stack.enter_context(hold())) for name in addresses})


def listen(address: Address, purpose: str) -> socket.socket:
    """A socket that listens; a port whose last connections still linger is free.

    Args:
        address: Where.
        purpose: `HTTP`, `GRPC` or `METRICS`.

    Raises:
        StartError: The port is taken or not allowed.
    """
    door = _bound(address, purpose, socket.SO_REUSEADDR)
    door.listen(BACKLOG)
    return door


def reserve(address: Address, purpose: str) -> socket.socket:
    """A socket that holds a port for a child of ours that listens there with SO_REUSEPORT.

    Raises:
        StartError: The port is taken or not allowed.
    """
    with listen(address, purpose) as probe:  # with that option alone, others who use it would share the port with us
        port = port_of(probe)
    return _bound(Address(address.host, port), purpose, socket.SO_REUSEPORT)


def hold() -> socket.socket:
    """A socket that holds a free port of this machine for a child of ours, which listens there with SO_REUSEADDR.

    So do Triton's servers for HTTP, gRPC and metrics. Nobody else is given such a port who lets the system choose.
    """
    return _bound(Address(LOOPBACK), "own", socket.SO_REUSEADDR)


def port_of(door: socket.socket) -> int:
    """The number of its port."""
    return int(door.getsockname()[1])


def _bound(address: Address, purpose: str, option: int) -> socket.socket:
    door = socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET)
    door.setsockopt(socket.SOL_SOCKET, option, 1)
    try:
        door.bind((address.host, address.port))
    except OSError as error:
        door.close()
        raise StartError(
            f"cannot use {address.host}:{address.port} for {purpose}: {error.strerror}; stop what uses it, or choose "
            f"another with --{purpose}-port (0 picks a free one)"
        ) from error
    return door
