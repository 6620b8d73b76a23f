"""CPU time of a server's processes, by what they run."""

import contextlib
import ctypes
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import psutil

from ocr_launch.gate import GATE, GATE_MODULE

SERVER = "tritonserver"
STUB = "triton_python_backend_stub"
# What image_preprocessing decodes in.
DECODER = "decoder_process"

LIBC = ctypes.CDLL(None)


def cpu_ms(*pids: int) -> dict[str, float]:
    """CPU time that processes and those below them have used up to now, milliseconds.

    Processes that run the same are added up, as the instances of a model.

    Args:
        pids: Process ids, such as that of a server.

    Returns:
        "tritonserver", each model that runs in processes of its own, "decoder_process" and "gate" → its CPU time; what
        does not run is not among them.
    """
    used_ms: defaultdict[str, float] = defaultdict(float)
    for pid in pids:
        first = psutil.Process(pid)
        for process in (first, *first.children(recursive=True)):
            with contextlib.suppress(OSError, psutil.NoSuchProcess):  # it may have ended meanwhile
                used_ms[_purpose(process.cmdline())] += _used_ms(process.pid)
    return dict(used_ms)


def between(before_ms: Mapping[str, float], after_ms: Mapping[str, float]) -> dict[str, float]:
    """What each that runs at the second of two moments has used since the first, milliseconds."""
    return {name: used_ms - before_ms.get(name, 0) for name, used_ms in after_ms.items()}


def _used_ms(pid: int) -> float:
    """By the process's own clock: what /proc tells comes in units of 10 ms."""
    clock = ctypes.c_int()
    if error := LIBC.clock_getcpuclockid(pid, ctypes.byref(clock)):
        raise OSError(error, f"process {pid} has no clock")
    return time.clock_gettime_ns(clock.value) / 1e6


def _purpose(arguments: list[str]) -> str:
    """What a process runs: the Python backend's are given the path of it, <model>/<version>/<file>.

    >>> _purpose(["/usr/bin/python3", "-m", "ocr_core.decoder_process", "5"])
    'decoder_process'
    >>> _purpose(["/usr/bin/python3", "-m", "ocr_gate"])
    'gate'
    """
    program = Path(arguments[0]).name
    if program == STUB:
        return Path(arguments[1]).parent.parent.name
    module = arguments[2].rpartition(".")[2] if arguments[1:2] == ["-m"] else program
    return GATE if module == GATE_MODULE else module
