"""A server in a container on this machine, seen from outside as an embedded one is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from ocr_launch import run_state
from ocr_launch.gate import GATE_MODULE
from ocr_launch.run_state import RunState
from tests.image.container import GRPC, HTTP, running
from tests.image.docker import daemon
from tests.image.image import build, find_base

LAUNCHER_STATE = "tmp/ocr-serve.json"


@dataclass(frozen=True)
class ContainedServer:
    """What `make chaos` asks of a server; the container's processes are this machine's, too.

    Attributes:
        url: `host:port` of HTTP; likewise `grpc_url`.
        launcher: The container's first process, by its number on this machine.
    """

    url: str
    grpc_url: str
    launcher: int

    @property
    def pid(self) -> int:
        """The tritonserver that runs now; 0 while there is none."""
        return self._child("tritonserver")

    @property
    def gate_pid(self) -> int:
        """The gate that runs now; 0 while there is none."""
        return self._child(GATE_MODULE)

    @property
    def state(self) -> RunState:
        """What ocr-serve has written last, within a second.

        Raises:
            RuntimeError: It has written nothing.
        """
        known = run_state.read(Path("/proc", str(self.launcher), "root", LAUNCHER_STATE))
        if known is None:
            raise RuntimeError("ocr-serve has written no state")
        return known

    def _child(self, word: str) -> int:
        children = psutil.Process(self.launcher).children()
        return next((child.pid for child in children if word in child.cmdline()), 0)


@contextmanager
def contained(log: Path) -> Iterator[ContainedServer]:
    """A server in a hardened container of the image, which is built before, if it is not there.

    Args:
        log: File for what the container prints.

    Raises:
        RuntimeError: It cannot be built or does not serve.
    """
    with daemon() as docker:
        image = build(docker, *find_base(docker))
        with running(image, log) as container:
            yield ContainedServer(
                container.address(HTTP), container.address(GRPC), int(container.inspect("{{.State.Pid}}"))
            )
