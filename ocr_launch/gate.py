"""A process in front of a server, that lets through what the server withstands."""

import dataclasses
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil

from ocr_launch.faults import Fault, Watch
from ocr_launch.processes import Process, end_with_parent


@dataclasses.dataclass(frozen=True)
class GatePlan:
    """How the gate is run.

    Attributes:
        command: The program with its arguments.
        sockets: That it accepts connections from. They are bound here and stay open while it is started anew: callers
            wait that long, and nobody else takes the ports.
        directory: That it runs in.
        log: File for its messages.
        stop_timeout_s: How long requests under way may take when it is to stop.
    """

    command: Sequence[str]
    sockets: Sequence[socket.socket]
    directory: Path
    log: Path
    stop_timeout_s: float


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
        self._watch = Watch([Process(psutil.Process(self._process.pid), "", "the gate")])

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
        for door in self._plan.sockets:
            door.close()
