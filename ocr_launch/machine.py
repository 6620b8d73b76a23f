"""What this machine, or this container, offers: cores, a quota of them, a GPU, VNNI, shared memory."""

import dataclasses
import math
import os
import shutil
from pathlib import Path

# The quota of a container in version 2 of control groups (one file) and in version 1 (two files).
CPU_MAX = Path("/sys/fs/cgroup/cpu.max")
CPU_CFS = Path("/sys/fs/cgroup/cpu")
CPU_INFO = Path("/proc/cpuinfo")
# Instructions that multiply int8: without them, ONNX Runtime's products of uint8 and int8 saturate at 16 bits.
VNNI = ("avx512_vnni", "avx_vnni", "amx_int8")
# NVIDIA's driver makes the one, Windows' subsystem for Linux the other.
GPU_DEVICES = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux has it
# Measured: eight dense pages at once fill 207 MB, eight photos of 100 megapixels 339 MB, eight files of 59 MB 567 MB.
SHARED_MEMORY_MB = 512


@dataclasses.dataclass(frozen=True)
class Cores:
    """The cores that this process may use.

    Attributes:
        available: By its affinity, and by the quota of its container, which may be a fraction.
        has_quota: The quota is what bounds them.
    """

    available: float
    has_quota: bool = False

    @property
    def count(self) -> int:
        """Whole cores, at least 1: what instances and threads are counted by."""
        return max(1, math.ceil(self.available))

    def __str__(self) -> str:
        noun = "core" if self.available == 1 else "cores"
        return f"{self.available:g} {noun}{' (the quota of this container)' if self.has_quota else ''}"


def find_cores(cpu_max: Path = CPU_MAX, cpu_cfs: Path = CPU_CFS) -> Cores:
    """Look at the affinity and at the quota.

    Args:
        cpu_max: `cpu.max` of control groups, version 2.
        cpu_cfs: Folder of `cpu.cfs_quota_us` and `cpu.cfs_period_us`, version 1.
    """
    affinity = len(os.sched_getaffinity(0))
    quota = _quota(cpu_max, cpu_cfs)
    return Cores(quota, has_quota=True) if quota < affinity else Cores(affinity)


def has_gpu() -> bool:
    """There is a GPU, whether ONNX Runtime can use it or not."""
    return any(device.exists() for device in GPU_DEVICES)


def has_vnni(cpu_info: Path = CPU_INFO) -> bool:
    """Whether this processor multiplies int8 exactly and fast, as the graphs `model.cpu.onnx` need it."""
    return any(name in cpu_info.read_text(encoding="utf-8").split() for name in VNNI)


def shared_memory_shortage(folder: Path = SHARED_MEMORY) -> str | None:
    """A sentence on what is missing and what to do; None if there is enough shared memory."""
    size_mb = shutil.disk_usage(folder).total // 2**20
    if size_mb >= SHARED_MEMORY_MB:
        return None
    return (
        f"{folder} has {size_mb} MB and the Python steps need {SHARED_MEMORY_MB}: "
        "run the container with --shm-size=1g (Kubernetes: an emptyDir of medium Memory)"
    )


def _quota(cpu_max: Path, cpu_cfs: Path) -> float:
    """Cores that the quota grants; infinite without one."""
    try:
        if cpu_max.exists():
            limit, period = cpu_max.read_text(encoding="ascii").split()
        else:
            limit, period = (
                (cpu_cfs / f"cpu.cfs_{name}_us").read_text(encoding="ascii").strip() for name in ("quota", "period")
            )
        is_unbounded = limit in ("max", "-1")
        return math.inf if is_unbounded else int(limit) / int(period)
    except (OSError, ValueError):
        return math.inf
