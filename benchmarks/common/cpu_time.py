"""How much CPU time the processes of a server have used, told apart by what they are for."""

import os
from collections import defaultdict
from pathlib import Path

PROC = Path("/proc")
SERVER = "tritonserver"
# Fields of /proc/PID/stat behind the name in brackets (man 5 proc_pid_stat counts them from 3).
SESSION, USER_TICKS, SYSTEM_TICKS = 6 - 3, 14 - 3, 15 - 3
MS_PER_TICK = 1000 / os.sysconf("SC_CLK_TCK")


def cpu_ms(session: int, proc: Path = PROC) -> dict[str, float]:
    """CPU time of all processes of a session up to now: "tritonserver", and the models that run in Python.

    Instances of a model are taken together. The kernel counts in steps of 10 ms.

    Args:
        session: Its id, which is the server's process id: the launcher starts it in a session of its own.
        proc: Where the kernel tells of processes.
    """
    used_ms: defaultdict[str, float] = defaultdict(float)
    for folder in proc.glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
            arguments = (folder / "cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        if int(fields[SESSION]) == session:
            used_ms[_purpose(arguments)] += (int(fields[USER_TICKS]) + int(fields[SYSTEM_TICKS])) * MS_PER_TICK
    return used_ms


def _purpose(arguments: list[str]) -> str:
    """A stub of the Python backend gets the path of what it runs: <model>/<version>/<file>."""
    is_stub = arguments[0].endswith("triton_python_backend_stub")
    return Path(arguments[1]).parent.parent.name if is_stub else Path(arguments[0]).name
