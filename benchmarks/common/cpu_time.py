"""CPU time of a server's processes, by model."""

import contextlib
from collections import defaultdict
from pathlib import Path

import psutil

SERVER = "tritonserver"
STUB = "triton_python_backend_stub"


def cpu_ms(pid: int) -> dict[str, float]:
    """CPU time that a server and the processes below it have used up to now, milliseconds.

    The kernel counts in units of 10 ms. Instances of a model are added up.

    Args:
        pid: Process id of the server.

    Returns:
        "tritonserver", and each model that runs in processes of its own → its CPU time.
    """
    used_ms: defaultdict[str, float] = defaultdict(float)
    server = psutil.Process(pid)
    for process in (server, *server.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess), process.oneshot():  # it may have ended meanwhile
            times_s = process.cpu_times()
            used_ms[_purpose(process.cmdline())] += (times_s.user + times_s.system) * 1000
    return used_ms


def _purpose(arguments: list[str]) -> str:
    """The Python backend gives its process the path of what it runs: <model>/<version>/<file>."""
    program = Path(arguments[0]).name
    return Path(arguments[1]).parent.parent.name if program == STUB else program
