"""How the models share this machine: which profile, and on CPUs how many instances and threads.

The configurations in the repository are made for two cores, where they were measured. For another number, the launcher
serves the same models through a folder of links with other numbers in the configurations.
"""

import dataclasses
import math
import os
import re
from collections.abc import Callable
from pathlib import Path

from server import requirements
from server.errors import StartError

AUTO = "auto"
CPU = "cpu"
# Whatever stands in the repository's config.pbtxt files.
CONFIGURED = "configured"
# What the repository's own configurations are made for.
CONFIGURED_CORES = 2
# A page that is alone gains little from more threads than these; more pages gain from more instances.
MAX_DETECTOR_THREADS = 4
# Each recognizer is a process with the model in its memory.
MAX_RECOGNIZERS = 16
CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")
CPU_INFO = Path("/proc/cpuinfo")
BYTE_INSTRUCTIONS = ("avx512_vnni", "avx_vnni", "amx_int8")

NO_BYTE_INSTRUCTIONS = (
    " This processor has no VNNI: models in 8 bits are slower and less exact on it than python -m export "
    "--cpu-precision float32."
)


@dataclasses.dataclass(frozen=True)
class Layout:
    """What runs where.

    Attributes:
        profile: cpu, gpu, tensorrt or configured.
        cores: That this process may use.
        reason: Why this profile, for people.
    """

    profile: str
    cores: int
    reason: str

    @property
    def detectors(self) -> int:
        """Instances of the detector."""
        return math.ceil(self.cores / MAX_DETECTOR_THREADS)

    @property
    def detector_threads(self) -> int:
        """Threads of each."""
        return math.ceil(self.cores / self.detectors)

    @property
    def recognizers(self) -> int:
        """Instances of the recognizer, of one thread each: faster than fewer of more threads."""
        return max(CONFIGURED_CORES, min(self.cores, MAX_RECOGNIZERS))

    def __str__(self) -> str:
        if self.profile != CPU:
            return f"Profile {self.profile}: {self.reason}."
        return (
            f"Profile cpu: {self.reason}. On {_count(self.cores, 'core')}: {_count(self.detectors, 'detector')} of "
            f"{_count(self.detector_threads, 'thread')}, {_count(self.recognizers, 'recognizer')} of 1 thread."
            + ("" if multiplies_bytes() else NO_BYTE_INSTRUCTIONS)
        )


def choose(profile: str) -> Layout:
    """Take the profile asked for, or with `auto` the best one for this machine.

    Raises:
        StartError: The profile needs a GPU, or a library for it, that is not here.
    """
    if profile != AUTO:
        if profile not in (CPU, CONFIGURED):
            requirements.check_gpu(profile)
        return Layout(profile, count_cores(), "as asked for")
    if not requirements.has_gpu():
        return Layout(CPU, count_cores(), "there is no GPU")
    try:
        requirements.check_gpu("gpu")
    except StartError:
        return Layout(CPU, count_cores(), "for the GPU, install onnxruntime-gpu in the place of onnxruntime")
    return Layout("gpu", count_cores(), "there is a GPU, and ONNX Runtime can use it")


def multiplies_bytes(cpu_info: Path = CPU_INFO) -> bool:
    """Whether this processor has instructions for the products of bytes that the exporter makes for CPUs."""
    return any(name in cpu_info.read_text(encoding="utf-8").split() for name in BYTE_INSTRUCTIONS)


def count_cores(quota: Path = CPU_QUOTA) -> int:
    """Cores that this process may use: by its affinity, and by the quota of its container."""
    cores = len(os.sched_getaffinity(0))
    try:
        limit, period = quota.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return cores
    return cores if limit == "max" else max(1, min(cores, math.ceil(int(limit) / int(period))))


def arrange(repository: Path, layout: Layout, folder: Path) -> Path:
    """The repository to serve: itself where its configurations fit, or links to it with configurations that do.

    Args:
        repository: The exported models.
        layout: What to adapt the configurations to.
        folder: Where links and configurations may be written.
    """
    if layout.profile != CPU or layout.cores == CONFIGURED_CORES == os.cpu_count():
        return repository
    return link(repository, folder, lambda model, config: ADAPTATIONS.get(model, _leave)(config, layout))


def link(repository: Path, folder: Path, adapt: Callable[[str, str], str]) -> Path:
    """Write links to a repository's models, with configurations of their own.

    Args:
        repository: The exported models.
        folder: Where to.
        adapt: Name of a model and text of its config.pbtxt → the text to take instead.
    """
    for model in repository.iterdir():
        if not (model / "config.pbtxt").is_file():
            continue
        arranged = folder / model.name
        arranged.mkdir(parents=True)
        for entry in model.iterdir():
            if entry.name != "config.pbtxt":
                (arranged / entry.name).symlink_to(entry.absolute())
        config = (model / "config.pbtxt").read_text(encoding="utf-8")
        (arranged / "config.pbtxt").write_text(adapt(model.name, config), encoding="utf-8")
    return folder


def _leave(config: str, _layout: Layout) -> str:
    return config


def _detection(config: str, layout: Layout) -> str:
    return _set_threads(_set_instances(config, layout.detectors), layout.detector_threads)


def _recognition(config: str, layout: Layout) -> str:
    return _set_instances(config, layout.recognizers)


def _python_step(config: str, layout: Layout) -> str:
    return _set_instances(config, max(CONFIGURED_CORES, math.ceil(layout.cores / 2)))


def _decoding(config: str, layout: Layout) -> str:
    """Two pages at once must keep all recognizers busy."""
    under_way = max(4, layout.recognizers)
    config = _set_instances(config, max(4, layout.cores))
    return re.sub(r'(key: "calls_under_way" value { string_value: )"\d+"', rf'\g<1>"{under_way}"', config)


# Where a configuration of the user's own does not have the line, it stays as it is.
ADAPTATIONS: dict[str, Callable[[str, Layout], str]] = {
    "image_preprocessing": _python_step,
    "text_detection": _detection,
    "text_cropping": _python_step,
    "ctc_decoding": _decoding,
    "text_recognition": _recognition,
}


def _set_instances(config: str, count: int) -> str:
    return re.sub(r"(instance_group \[ { count: )\d+", rf"\g<1>{count}", config)


def _set_threads(config: str, count: int) -> str:
    return re.sub(r'(key: "intra_op_thread_count" value { string_value: )"\d+"', rf'\g<1>"{count}"', config)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
