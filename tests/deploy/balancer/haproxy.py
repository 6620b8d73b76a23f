"""HAProxy as deploy/compose configures it, in front of servers of this machine."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.project import ROOT

PROGRAM = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
CONFIGURATION = ROOT / "deploy" / "compose" / "haproxy.cfg"
NAMES = ("ocr-1", "ocr-2", "ocr-3")


@dataclass(frozen=True)
class Haproxy:
    """A running one.

    Attributes:
        http: `host:port` of HTTP.
        grpc: The same for gRPC.
        process: Its own.
    """

    http: str
    grpc: str
    process: "subprocess.Popen[bytes]"


@contextmanager
def haproxy(folder: Path, ports: Mapping[str, tuple[int, int]]) -> Iterator[Haproxy]:
    """One that runs inside the block.

    Args:
        folder: For its configuration.
        ports: Of HTTP and gRPC, of each of `NAMES`.
    """
    if not PROGRAM:
        raise RuntimeError("there is no HAProxy: apt-get install haproxy")
    with ExitStack() as stack:
        doors = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in ("http", "grpc")]
        file = folder / "haproxy.cfg"
        file.write_text(_adapted(ports, [door.fileno() for door in doors]), encoding="utf-8")
        command = [PROGRAM, "-db", "-f", str(file)]
        process = subprocess.Popen(command, pass_fds=[door.fileno() for door in doors])  # noqa: S603 - found above
        stack.callback(_end, process)
        http, grpc = (f"127.0.0.1:{door.getsockname()[1]}" for door in doors)
        yield Haproxy(http, grpc, process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait(10)


def _adapted(ports: Mapping[str, tuple[int, int]], doors: list[int]) -> str:
    """The configuration with the servers' ports in the place of Compose's names, and sockets that are open already."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    for name, (http_port, grpc_port) in ports.items():
        text = text.replace(f"{name}:8000", f"127.0.0.1:{http_port}")
        text = re.sub(rf"{name}:8001(.*) port 8000", rf"127.0.0.1:{grpc_port}\1 port {http_port}", text)
    for port, door in zip((8000, 8001), doors, strict=True):
        text = text.replace(f"bind :{port}", f"bind fd@{door}")
    return text
