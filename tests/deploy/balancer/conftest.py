"""HAProxy in front of three servers that only tell their names.

Without HAProxy these tests are left out, and the run says so at its end; where CI is set, they fail instead.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.balancer.haproxy import NAMES, PROGRAM, haproxy
from tests.deploy.balancer.named_server import NamedServer, wait_for
from tests.programs import Needed


@dataclass(frozen=True)
class Balancer:
    """A running HAProxy.

    Attributes:
        http: `host:port` of HTTP.
        grpc: The same for gRPC.
        servers: Behind it, by name.
    """

    http: str
    grpc: str
    servers: dict[str, NamedServer]


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(
        Needed("haproxy: runs HAProxy", "tests of the balancer", "HAProxy", "haproxy", is_there=PROGRAM is not None)
    )


@pytest.fixture(scope="module")
def balancer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Balancer]:
    """One for all tests that leave its servers alone."""
    with running(tmp_path_factory.mktemp("balancer")) as started:
        yield started


@contextmanager
def running(folder: Path) -> Iterator[Balancer]:
    """A balancer that has looked at all of its servers.

    Args:
        folder: For its configuration.
    """
    with ExitStack() as stack:
        servers = {name: stack.enter_context(NamedServer(name)) for name in NAMES}
        ports = {name: (server.http_port, server.grpc_port) for name, server in servers.items()}
        found = stack.enter_context(haproxy(folder, ports))
        ended = found.process.poll
        wait_for(lambda: ended() is not None or all(server.was_checked for server in servers.values()))
        yield Balancer(found.http, found.grpc, servers)
