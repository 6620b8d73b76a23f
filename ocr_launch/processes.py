"""The processes of a running server: tritonserver, and one for each instance of a Python model, its child."""

import ctypes
import dataclasses
import os
import re
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

STUB = "triton_python_backend_stub"
DEAD = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
PR_SET_PDEATHSIG = 1
# Loaded here: between fork and exec, little is allowed.
LIBC = ctypes.CDLL(None)
# Nothing stops SIGKILL but the kernel's own work for the process.
KILL_S, KILL_PAUSE_S = 1.0, 0.005
# For glibc in tritonserver and the gate, which by itself keeps what each of many threads has freed: few heaps, and
# arrays larger than a detector's map go back to the system. What is smaller, such as most requests, is used again: the
# system would clear its memory anew for each page.
MALLOC = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(8 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(16 * 2**20),
}


@dataclasses.dataclass(frozen=True)
class Process:
    """One process of the server.

    Attributes:
        handle: The process itself; it is told apart from a later one of the same number.
        model: What it runs; empty for tritonserver.
        name: For people: the instance of the model, such as ctc_decoding_0_3.
        version: Of the model.
    """

    handle: psutil.Process
    model: str
    name: str
    version: str = "1"

    def __str__(self) -> str:
        return f"{self.name} (process {self.handle.pid})"

    @property
    def is_alive(self) -> bool:
        """It runs, sleeps or is stopped; one that only waits for its parent to notice its end is dead."""
        return self.status() not in DEAD

    @property
    def is_at_disk(self) -> bool:
        """The kernel works for it and cannot be interrupted."""
        return self.status() == psutil.STATUS_DISK_SLEEP

    def cpu_s(self) -> float:
        """A core's time that it and its children have had, seconds; 0 for one that has ended."""
        try:
            family = (self.handle, *self.handle.children(recursive=True))
        except psutil.NoSuchProcess:
            return 0.0
        return sum(map(_cpu_s, family))

    def kill(self) -> None:
        """Send it SIGKILL, which also ends a stopped process, and wait until that has been done."""
        try:
            self.handle.kill()
        except psutil.NoSuchProcess:
            return
        wait_for_end([self], KILL_S)

    def status(self) -> str:
        """What the kernel says that it does: one of psutil's words."""
        try:
            return str(self.handle.status())
        except psutil.NoSuchProcess:
            return str(psutil.STATUS_DEAD)

    def holds_files(self) -> bool:
        """One of its threads lives, maybe not the first one; so its files and ports are open."""
        try:
            return self.is_alive or int(self.handle.num_threads()) > 1
        except psutil.NoSuchProcess:
            return False


def find(server_pid: int) -> list[Process]:
    """All processes of a server, tritonserver first.

    Args:
        server_pid: Of tritonserver.
    """
    try:
        server = psutil.Process(server_pid)
        children = server.children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    stubs = (_stub(child) for child in children)
    return [Process(server, "", "tritonserver"), *(stub for stub in stubs if stub)]


def wait_for_end(killed: Iterable[Process], timeout_s: float) -> None:
    """Wait until processes have let go of what they held, also where nobody buries the dead."""
    until_s = time.monotonic() + timeout_s
    for process in killed:
        while process.holds_files() and time.monotonic() < until_s:
            time.sleep(KILL_PAUSE_S)


def reap_orphans(own_child: int) -> None:
    """Bury the dead whose parents have died before: the kernel hands them to the first process of a container.

    Args:
        own_child: A child whose end somebody else waits for.
    """
    if os.getpid() != 1:
        return
    for child in psutil.Process().children():
        if child.pid != own_child and _is_zombie(child):
            try:
                os.waitpid(child.pid, os.WNOHANG)
            except ChildProcessError:
                continue


def end_with_parent() -> None:
    """Ask the kernel for SIGTERM when the process dies that has started this one, however it dies."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def parse_stub(arguments: list[str]) -> tuple[str, str, str] | None:
    """Model, instance and version that a process of the Python backend runs; None for another process.

    A model that Triton has fetched from an object store lies in a folder of another name; its instances bear its own.

    >>> parse_stub(["/b/triton_python_backend_stub", "/m/ctc_decoding/1/model.py", "shm", "1", "ctc_decoding_0_3"])
    ('ctc_decoding', 'ctc_decoding_0_3', '1')
    >>> parse_stub(["/b/triton_python_backend_stub", "/tmp/folderZ7/2/model.py", "shm", "1", "ctc_decoding_0_3"])
    ('ctc_decoding', 'ctc_decoding_0_3', '2')
    """
    if len(arguments) < 2 or Path(arguments[0]).name != STUB:
        return None
    version = Path(arguments[1]).parent
    named = (re.fullmatch(r"([^/]+)_\d+_\d+", argument) for argument in arguments[2:])
    if instance := next(filter(None, named), None):
        return instance[1], instance[0], version.name
    return version.parent.name, version.parent.name, version.name


def _stub(process: psutil.Process) -> Process | None:
    try:
        parsed = parse_stub(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return None
    return Process(process, *parsed) if parsed else None


def _cpu_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
