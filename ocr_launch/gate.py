"""A process in front of a server, that lets through what the server withstands, and only what it is for."""

import contextlib
import dataclasses
import math
import os
import socket
import struct
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from ocr_core.admission import Crowd
from ocr_core.server_files import BEAT, PAGES
from ocr_launch.errors import StartError
from ocr_launch.faults import Fault, Watch
from ocr_launch.names import ENSEMBLES
from ocr_launch.ports import GRPC, HTTP, Doors
from ocr_launch.processes import MALLOC, Process, end_with_parent

# Its name among those that are started anew, and the module that it runs.
GATE, GATE_MODULE = "gate", "ocr_gate"
POLL_S, CONNECT_S = 0.05, 1.0
# What it writes of the requests that it refuses: how many there were, and when the last one was, nanoseconds.
REFUSALS = struct.Struct("=qq")


@dataclasses.dataclass(frozen=True)
class GatePlan:
    """How the gate is run.

    Attributes:
        command: The program with its arguments.
        listening: That it accepts connections over HTTP from. It stays open while the gate is started anew: callers
            wait that long.
        reserved: Bound to the port for gRPC, that it listens on by itself; nobody else takes that, either.
        log: File for its messages; None leaves them where ours go.
    """

    command: Sequence[str]
    listening: socket.socket
    reserved: socket.socket
    log: Path | None


def plan(
    doors: Doors, shared_memory: str, stop_timeout_s: float, log: Path | None, ensembles: Sequence[str] = ENSEMBLES
) -> GatePlan:
    """How the gate of the OCR models is run.

    Args:
        doors: With those for HTTP and gRPC.
        shared_memory: How the names of Triton's regions in /dev/shm begin.
        stop_timeout_s: How long requests in flight may take when it is to stop.
        log: File for its messages; None leaves them where ours go.
        ensembles: That callers may ask.
    """
    http, grpc = doors.sockets[HTTP], doors.sockets[GRPC]
    host, port = grpc.getsockname()[:2]
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    command = [sys.executable, "-m", GATE_MODULE, *(f"--model={ensemble}" for ensemble in ensembles)]
    command += [f"--http-door={http.fileno()}:{doors.own[HTTP]}", f"--grpc-door={address}:{doors.own[GRPC]}"]
    command += [f"--own-memory={prefix}" for prefix in (shared_memory, PAGES, BEAT)]
    return GatePlan([*command, f"--stop-timeout-s={stop_timeout_s}"], http, grpc, log)


class Gate:
    """The process of a plan, once it has been started."""

    def __init__(self, plan: GatePlan) -> None:
        self._plan = plan
        # It outlives the process, so that one that is started anew counts on.
        self._refusals = os.memfd_create("ocr-refusals")
        weakref.finalize(self, os.close, self._refusals)
        os.truncate(self._refusals, REFUSALS.size)
        self._process: subprocess.Popen[bytes] | None = None
        self._watch = Watch(())

    @property
    def pid(self) -> int:
        """Its process id; 0 before it is started."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start it, anew where it has died."""
        self.kill()
        with self._plan.log.open("ab") if self._plan.log else contextlib.nullcontext() as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                [*self._plan.command, f"--refusals={self._refusals}"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT if log else None,
                env=MALLOC | os.environ,
                cwd="/",  # no file there is taken for a module
                pass_fds=[self._plan.listening.fileno(), self._refusals],
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

    def with_refused(self, crowd: Crowd) -> Crowd:
        """What pages tell, with the refusals as callers see them: who waits in line and gets a place is not refused."""
        count, last_ns = REFUSALS.unpack(os.pread(self._refusals, REFUSALS.size, 0))
        ago_s = (time.monotonic_ns() - last_ns) / 1e9 if count else math.inf
        return dataclasses.replace(crowd, refused=count, refused_s_ago=ago_s)

    def terminate(self) -> None:
        """Have it answer what is under way, and end; this does not wait."""
        if self._process:
            self._process.terminate()

    def has_ended(self) -> bool:
        """Whether it has, or was never started: nobody waits behind it."""
        return self._process is None or self._process.poll() is not None

    def kill(self) -> None:
        """End it at once."""
        if self._process:
            self._process.kill()
            self._process.wait()


def _is_listening(reserved: socket.socket) -> bool:
    with socket.socket(reserved.family) as asking:
        asking.settimeout(CONNECT_S)  # it may have been stopped, with many callers in front of it
        return asking.connect_ex(reserved.getsockname()) == 0
