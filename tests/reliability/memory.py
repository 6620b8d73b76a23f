"""The memory of a running server, by what its processes do."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import psutil

from ocr_launch import processes
from ocr_launch.gate import GATE, GATE_MODULE
from ocr_launch.machine import SHARED_MEMORY

TRITONSERVER = "tritonserver"
DECODERS = "image decoders"
SUM = "all processes"
SHM = "/dev/shm"  # noqa: S108 - a row of the table


def look(server_pid: int, region_prefix: str) -> Mapping[str, float]:
    """MB of resident memory by model, in sum, and what lies in /dev/shm.

    A process that maps a region of /dev/shm has what it touches of it in its own memory, too.

    Args:
        server_pid: Of tritonserver.
        region_prefix: How the names of its regions begin.
    """
    models = {process.handle.pid: process.model or TRITONSERVER for process in processes.find(server_pid)}
    server = psutil.Process(server_pid)
    launcher = server.parent()
    gates = [child for child in launcher.children() if GATE_MODULE in child.cmdline()] if launcher else []
    models.update({gate.pid: GATE for gate in gates})
    used_mb: defaultdict[str, float] = defaultdict(float)
    for process in (server, *server.children(recursive=True), *gates):
        used_mb[models.get(process.pid, DECODERS)] += process.memory_info().rss / 2**20
    regions = SHARED_MEMORY.glob(f"{region_prefix}*")
    return {**used_mb, SUM: sum(used_mb.values()), SHM: sum(map(_used_mb, regions))}


def _used_mb(region: Path) -> float:
    return region.stat().st_blocks * 512 / 2**20
