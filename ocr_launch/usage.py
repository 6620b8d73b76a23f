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
    found: Counter[str] = Counter()
    for child in psutil.Process(supervisor_pid).children():
        with suppress(psutil.Error):  # it has just ended
            if child.name() == TRITON:
                for process in processes.find(child.pid):
                    found[process.model or process.name] += _own_bytes(process.handle)
            elif GATE_MODULE in child.cmdline():
                found[GATE] += _own_bytes(child)
    return dict(found)


def _own_bytes(process: psutil.Process) -> int:
    """Of a process and of what it has started, such as the one that decodes; tritonserver's children count apart."""
    family = [process] if process.name() == TRITON else [process, *process.children()]
    return sum(memory.rss - memory.shared for memory in (member.memory_info() for member in family))
