"""The ports of a server: picked, taken, held until their user listens."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from ocr_launch import ports
from ocr_launch.errors import StartError
from ocr_launch.ports import GRPC, HTTP, METRICS, Address

LOOPBACK = ports.LOOPBACK


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server((LOOPBACK, 0)) as other:
        yield other.getsockname()[1]


def listen_once(port: int, option: int) -> None:
    """Listen on a held port as a child with this option does, and leave a connection that lingers."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, option, 1)
        listener.bind((LOOPBACK, port))
        listener.listen()
        with socket.create_connection((LOOPBACK, port)):
            listener.accept()[0].close()  # who closes first lingers


def test_0_picks_a_free_port_which_can_be_had_again() -> None:
    with ports.listen(Address(LOOPBACK), HTTP) as door:
        port = ports.port_of(door)
    with ports.listen(Address(LOOPBACK, port), HTTP) as door:
        assert ports.port_of(door) == port > 0


def test_an_address_of_version_6_is_one_too() -> None:
    with ports.listen(Address("::1"), HTTP) as door, socket.create_connection(door.getsockname()[:2]):
        door.accept()[0].close()


@pytest.mark.parametrize("name", [HTTP, GRPC, METRICS])
def test_a_taken_port_is_reported_with_the_option_that_changes_it(taken: int, name: str) -> None:
    told = f"cannot use 127.0.0.1:{taken} for {name}: .*in use; .* with --{name}-port"
    with ExitStack() as stack, pytest.raises(StartError, match=told):
        ports.open_doors({name: Address(LOOPBACK, taken)}, stack)


def test_a_port_whose_last_connection_lingers_is_free() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection((LOOPBACK, port)):
            server.accept()[0].close()  # who closes first waits
    ports.listen(Address(LOOPBACK, port), HTTP).close()


def test_a_reserved_port_is_kept_for_a_listener_that_shares_it() -> None:
    with ports.reserve(Address(LOOPBACK), GRPC) as reserved:
        port = ports.port_of(reserved)
        with pytest.raises(StartError, match=f"cannot use 127.0.0.1:{port} for grpc"):
            ports.reserve(Address(LOOPBACK, port), GRPC)
        for _ in range(2):  # the second time as after a restart
            listen_once(port, socket.SO_REUSEPORT)


def test_a_held_port_is_kept_for_a_listener_that_says_so() -> None:
    with ports.hold() as held:
        port = ports.port_of(held)
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((LOOPBACK, port))
        for _ in range(2):
            listen_once(port, socket.SO_REUSEADDR)


def test_doors_come_with_ports_for_triton_behind_them() -> None:
    with ExitStack() as stack:
        doors = ports.open_doors(dict.fromkeys((HTTP, GRPC, METRICS), Address(LOOPBACK)), stack)
        in_front = [ports.port_of(door) for door in doors.sockets.values()]
        assert list(doors.sockets) == list(doors.own) == [HTTP, GRPC, METRICS]
        assert len({*in_front, *doors.own.values()}) == 6
    assert all(door.fileno() == -1 for door in doors.sockets.values())


def test_an_address_of_another_machine_is_reported() -> None:
    with pytest.raises(StartError, match=r"cannot use 192.0.2.1:0 for http: Cannot assign requested address"):
        ports.listen(Address("192.0.2.1"), HTTP)
