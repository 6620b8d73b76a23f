"""What a server takes of the machine's memory, looked up when Prometheus asks."""

import dataclasses
import shutil
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from ocr_launch import processes
from ocr_launch.gate import GATE, GATE_MODULE
from ocr_launch.machine import SHARED_MEMORY

TRITON = "tritonserver"


@dataclasses.dataclass(frozen=True)
class Usage:
    """Bytes.

    Attributes:
        process_bytes: Of the processes' own memory, by model, of tritonserver and of the gate; what is shared counts
            to none.
        shared_bytes: What is used of the shared memory, by whomever.
        shared_limit_bytes: Its size.
    """

    process_bytes: Mapping[str, int]
    shared_bytes: int
    shared_limit_bytes: int

    @classmethod
    def now(cls, supervisor_pid: int | None = None, shared_memory: Path = SHARED_MEMORY) -> "Usage":
        """That of the server which this process, or another one, supervises; without one, nobody takes anything."""
        size = shutil.disk_usage(shared_memory)
        return cls(_process_bytes(supervisor_pid), size.used, size.total)


def _process_bytes(supervisor_pid: int | None) -> dict[str, int]:
    """By one look through the machine's processes, which is what takes time."""
    supervisor = psutil.Process(supervisor_pid)
    owners: dict[int, str] = {}
    found: Counter[str] = Counter()
    for process in supervisor.children(recursive=True):  # parents come before their children
        with suppress(psutil.Error):  # it has just ended
            parent = process.ppid()
            # What a step or the gate has started, such as the process that decodes, counts to it.
            owner = _name(process, is_child=parent == supervisor.pid) or owners.get(parent, "")
            if owner:
                memory = process.memory_info()
                found[owner] += memory.rss - memory.shared
            owners[process.pid] = owner if owner != TRITON else ""
    return dict(found)


def _name(process: psutil.Process, *, is_child: bool) -> str:
    """Under which name a process counts by itself; empty where it does not.

    Args:
        process: Below the supervisor.
        is_child: The supervisor has started it.
    """
    arguments = process.cmdline()
    if is_child:
        return TRITON if process.name() == TRITON else GATE if GATE_MODULE in arguments else ""
    stub = processes.parse_stub(arguments)
    return stub[0] if stub else ""
