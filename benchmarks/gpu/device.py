"""How busy a GPU is, asked of its driver (NVML) all the while."""

import contextlib
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import mean
from types import TracebackType
from typing import Any

import pynvml

ASK_S = 0.25
BYTES_PER_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Sample:
    """What the driver said once.

    Attributes:
        time_s: When, on the clock of `time.monotonic`.
        busy_percent: Share of the last moments in which something ran on the GPU.
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
    """Asks in a thread of its own until the block ends; without a GPU, or without its driver, it knows nothing."""

    def __init__(self) -> None:
        self._samples: list[Sample] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._device: Any = None

    def __enter__(self) -> "GpuWatch":
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlInit()
            self._device = _first_visible()
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()

    def name(self) -> str:
        """The GPU and its driver, such as `NVIDIA H200, driver 580.159.04`, or nothing."""
        if self._device is None:
            return ""
        return f"{pynvml.nvmlDeviceGetName(self._device)}, driver {pynvml.nvmlSystemGetDriverVersion()}"

    def between(self, start_s: float, end_s: float) -> Usage:
        """What it did between two moments of `time.monotonic`."""
        return used(sample for sample in list(self._samples) if start_s <= sample.time_s <= end_s)

    def _ask(self) -> None:
        while not self._over.wait(ASK_S):
            with contextlib.suppress(pynvml.NVMLError):  # some GPUs, and some virtual ones, do not answer
                busy_percent = pynvml.nvmlDeviceGetUtilizationRates(self._device).gpu
                memory_mib = pynvml.nvmlDeviceGetMemoryInfo(self._device).used / BYTES_PER_MIB
                self._samples.append(Sample(time.monotonic(), busy_percent, memory_mib))


def _first_visible() -> Any:
    """The GPU that CUDA calls 0: CUDA_VISIBLE_DEVICES names GPUs by their number or their UUID."""
    first = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0]
    if first.isdecimal():
        return pynvml.nvmlDeviceGetHandleByIndex(int(first))
    return pynvml.nvmlDeviceGetHandleByUUID(first)


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
