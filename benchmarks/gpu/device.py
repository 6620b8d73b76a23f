"""How busy a GPU is, asked of nvidia-smi all the while."""

import shutil
import subprocess
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import mean
from types import TracebackType

ASK_S = 0.25
TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Sample:
    """What nvidia-smi said once.

    Attributes:
        time_s: When, on the clock of `time.monotonic`.
        busy_percent: Of the last moments in which something ran on the GPU.
        memory_mib: In use, whoever uses it.
    """

    time_s: float
    busy_percent: float
    memory_mib: float


@dataclass(frozen=True, slots=True)
class Usage:
    """What a GPU did for a while; None where nobody can tell.

    Attributes:
        busy_percent: Mean share of the time in which something ran on it; it may have been little.
        memory_mib: The most memory in use.
    """

    busy_percent: float | None
    memory_mib: float | None


class GpuWatch:
    """Asks in a thread of its own until it is left; without nvidia-smi it knows nothing."""

    def __init__(self) -> None:
        self._command = shutil.which("nvidia-smi")
        self._samples: list[Sample] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> "GpuWatch":
        if self._command:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def name(self) -> str:
        """The GPU and its driver, such as `NVIDIA H200, driver 580.159.04`, or nothing."""
        answer = query(self._command, "name", "driver_version") if self._command else ()
        return ", driver ".join(answer)

    def between(self, start_s: float, end_s: float) -> Usage:
        """What it did between two moments of `time.monotonic`."""
        return used(sample for sample in list(self._samples) if start_s <= sample.time_s <= end_s)

    def _ask(self) -> None:
        while not self._over.wait(ASK_S):
            answer = query(str(self._command), "utilization.gpu", "memory.used")
            try:
                busy_percent, memory_mib = map(float, answer)
            except ValueError:
                continue  # some GPUs, and some virtual ones, do not tell
            self._samples.append(Sample(time.monotonic(), busy_percent, memory_mib))


def query(command: str, *fields: str) -> tuple[str, ...]:
    """What nvidia-smi says of the first GPU; nothing where it fails."""
    arguments = ["--id=0", f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(  # noqa: S603 - found on PATH, fixed arguments
            [command, *arguments], capture_output=True, text=True, timeout=TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(part.strip() for part in done.stdout.split(","))


def used(samples: Iterable[Sample]) -> Usage:
    """Put samples together.

    >>> used([Sample(0.0, 80, 1000), Sample(0.3, 95, 3000)])
    Usage(busy_percent=87.5, memory_mib=3000)
    >>> used([])
    Usage(busy_percent=None, memory_mib=None)
    """
    known = list(samples)
    if not known:
        return Usage(None, None)
    return Usage(mean(sample.busy_percent for sample in known), max(sample.memory_mib for sample in known))
