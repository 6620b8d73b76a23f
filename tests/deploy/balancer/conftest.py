"""HAProxy as deploy/compose configures it, in front of three servers that only tell their names.

Without HAProxy these tests are left out, and the run says so at its end; where CI is set, they fail instead.
"""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.balancer.named_server import NamedServer, wait_for
from tests.programs import Needed
from tests.project import ROOT

HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
CONFIGURATION = ROOT / "deploy" / "compose" / "haproxy.cfg"
NAMES = ("ocr-1", "ocr-2", "ocr-3")


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
        Needed("haproxy: runs HAProxy", "tests of the balancer", "HAProxy", "haproxy", is_there=HAPROXY is not None)
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
    assert HAPROXY, "CI is set, and there is no HAProxy: apt-get install haproxy"
    with ExitStack() as stack:
        servers = {name: stack.enter_context(NamedServer(name)) for name in NAMES}
        doors = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in ("http", "grpc")]
        file = folder / "haproxy.cfg"
        file.write_text(_adapted(servers, [door.fileno() for door in doors]), encoding="utf-8")
        command = [HAPROXY, "-db", "-f", str(file)]
        process = subprocess.Popen(command, pass_fds=[door.fileno() for door in doors])  # noqa: S603 - found above
        stack.callback(_end, process)
        http, grpc = (f"127.0.0.1:{door.getsockname()[1]}" for door in doors)
        wait_for(lambda: process.poll() is not None or all(server.was_checked for server in servers.values()))
        yield Balancer(http, grpc, servers)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait(10)


def _adapted(servers: dict[str, NamedServer], doors: list[int]) -> str:
    """The configuration with the servers' ports in the place of Compose's names, and sockets that are open already."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    for name, server in servers.items():
        text = text.replace(f"{name}:8000", f"127.0.0.1:{server.http_port}")
        text = re.sub(rf"{name}:8001(.*) port 8000", rf"127.0.0.1:{server.grpc_port}\1 port {server.http_port}", text)
    for port, door in zip((8000, 8001), doors, strict=True):
        text = text.replace(f"bind :{port}", f"bind fd@{door}")
    return text
