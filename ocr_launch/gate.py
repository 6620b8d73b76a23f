"""A process in front of a server, that lets through what the server withstands."""

import dataclasses
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from ocr_launch.errors import StartError
from ocr_launch.faults import Fault, Watch
from ocr_launch.processes import Process, end_with_parent

# Its name among those that are started anew.
GATE = "gate"
POLL_S, CONNECT_S = 0.05, 1.0


@dataclasses.dataclass(frozen=True)
class GatePlan:
    """How the gate is run.

    Attributes:
        command: The program with its arguments.
        sockets: That it accepts connections from. They are bound here and stay open while it is started anew: callers
            wait that long, and nobody else takes the ports.
        reserved: Bound to a port that it listens on by itself; nobody else takes that, either.
        directory: That it runs in.
        log: File for its messages.
    """

    command: Sequence[str]
    sockets: Sequence[socket.socket]
    reserved: socket.socket
    directory: Path
    log: Path


class Gate:
    """The process of a plan, once it has been started."""

    def __init__(self, plan: GatePlan) -> None:
        self._plan = plan
        self._process: subprocess.Popen[bytes] | None = None
        self._watch = Watch(())

    @property
    def pid(self) -> int:
        """Its process id; 0 before it is started."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start it, anew where it has died."""
        self.kill()
        with self._plan.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                self._plan.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._plan.directory,
                pass_fds=[door.fileno() for door in self._plan.sockets],
                start_new_session=True,
                preexec_fn=end_with_parent,  # noqa: PLW1509 - one system call, no lock is taken
            )
        self._watch = Watch([Process(psutil.Process(self._process.pid), "", f"the {GATE}")])

    def wait_until_open(self, timeout_s: float, is_cancelled: Callable[[], bool]) -> None:
        """Wait until it listens, or until nobody wants to any more.

        Args:
            timeout_s: How long that may take.
            is_cancelled: Nobody wants to.

        Raises:
            StartError: It has ended, or takes too long.
        """
        deadline_s = time.monotonic() + timeout_s
        while not (is_cancelled() or _is_listening(self._plan.reserved)):
            if not self._process or self._process.poll() is not None or time.monotonic() > deadline_s:
                raise StartError("the gate in front of the server did not start")
            time.sleep(POLL_S)

    def look(self) -> Fault | None:
        """What is wrong with it now; None if nothing is."""
        return self._watch.look()

    def terminate(self) -> None:
        """Have it answer what is under way, and end; this does not wait."""
        if self._process:
            self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """End it for good, and close its sockets."""
        self.kill()
        for door in (*self._plan.sockets, self._plan.reserved):
            door.close()


def _is_listening(reserved: socket.socket) -> bool:
    with socket.socket() as asking:
        asking.settimeout(CONNECT_S)  # it may have been stopped, with many callers in front of it
        return asking.connect_ex(reserved.getsockname()) == 0
