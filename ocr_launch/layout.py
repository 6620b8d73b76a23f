"""How many instances and threads each model gets, and the repository that says so.

The configurations in the repository are made for two cores, where they were measured. For every machine, the launcher
writes them anew with its own numbers, beside links to the models.
"""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

from ocr_core import recognizer
from ocr_core.errors import NotExported
from ocr_core.recognizer import Recognizer
from ocr_launch import machine, model_config, profiles, warm_up
from ocr_launch.errors import StartError
from ocr_launch.machine import Cores
from ocr_launch.model_config import ModelConfig
from ocr_launch.names import RECOGNIZER
from ocr_launch.profiles import Profile
from ocr_launch.repository import Repository
from ocr_launch.served import link_version

# A page that is alone gains little from more threads than these; more pages gain from more instances.
MAX_DETECTOR_THREADS = 4
# Each recognizer is a process with the model in its memory.
MAX_RECOGNIZERS = 16
# Two pages are under way even on one core: one waits for memory while the other computes.
MIN_INSTANCES = 2
# While four pages are in ctc_decoding, the recognizers always have calls.
MIN_CALLS = 4
# Calls to the recognizer that one page may have under way on a GPU: all that most pages have.
GPU_CALLS_UNDER_WAY = 8
# Pages in the pipeline: on CPUs at least so many, on a GPU so many, to keep each of its steps busy.
MIN_PAGES, GPU_PAGES = 8, 64
# Requests that may wait in front of it while the first step decodes, for each page.
WAITING_PER_PAGE = 2
# The graph for CPUs needs VNNI where it is int8.
CPU_GRAPH, FLOAT_GRAPH = "model.cpu.onnx", "model.onnx"

Change = Callable[[str, ModelConfig], None]
"""Changes the configuration of the model of this name."""


@dataclasses.dataclass(frozen=True)
class Layout:
    """What runs where.

    Attributes:
        profile: Whose configurations are taken, and why.
        cores: That this process may use.
        has_vnni: The processor multiplies int8.
    """

    profile: Profile
    cores: Cores
    has_vnni: bool

    @property
    def detectors(self) -> int:
        """Instances of the detector on CPUs."""
        return math.ceil(self.cores.count / MAX_DETECTOR_THREADS)

    @property
    def detector_threads(self) -> int:
        """Threads of each."""
        return math.ceil(self.cores.count / self.detectors)

    @property
    def recognizers(self) -> int:
        """Instances of the recognizer on CPUs, of one thread each: faster than fewer instances of more threads."""
        return max(MIN_INSTANCES, min(self.cores.count, MAX_RECOGNIZERS))

    @property
    def pages(self) -> int:
        """Pages that may be in the pipeline: enough to keep it busy, few enough to be read within seconds."""
        return max(MIN_PAGES, 2 * self.cores.count) if self.profile.name == profiles.CPU else GPU_PAGES

    @property
    def waiting(self) -> int:
        """Requests that may wait while the first step decodes."""
        return WAITING_PER_PAGE * self.pages

    @property
    def decoders(self) -> int:
        """Instances of the step that calls the recognizer, for which they mostly wait.

        On CPUs one for each page: a page of thousands of lines then takes its share of the recognizer and holds up no
        other.
        """
        return self.pages if self.profile.name == profiles.CPU else max(MIN_CALLS, self.cores.count)

    @property
    def python_instances(self) -> int:
        """Instances of every other Python step."""
        return max(MIN_INSTANCES, math.ceil(self.cores.count / 2))

    @property
    def calls_under_way(self) -> int:
        """Calls to the recognizer that one page may have under way: on CPUs no more than are read at once."""
        return self.recognizers if self.profile.name == profiles.CPU else GPU_CALLS_UNDER_WAY

    @property
    def calls(self) -> str:
        """What calls to the recognizer look like, by `batching.LIMITS`."""
        return {profiles.CPU: "grouped", profiles.GPU: "fixed"}.get(self.profile.name, "small")

    def __str__(self) -> str:
        chosen = f"Profile {self.profile.name}: {self.profile.reason}."
        if self.profile.name == profiles.CONFIGURED:
            return f"{chosen} Instances and threads are those of the configurations in the repository."
        on_python = f"{self.python_instances} processes of each Python step, {self.decoders} of the last"
        bounds = f"At most {self.pages} pages at once, {self.waiting} waiting; more are refused."
        if self.profile.name != profiles.CPU:
            return f"{chosen} On {self.cores}: {on_python}. {bounds}"
        graphs = "int8 graphs" if self.has_vnni else "float32 graphs, as this processor has no VNNI for int8"
        return (
            f"{chosen} On {self.cores}: {_count(self.detectors, 'detector')} of "
            f"{_count(self.detector_threads, 'thread')}, {_count(self.recognizers, 'recognizer')} of 1 thread, "
            f"{on_python}; {graphs}. {bounds}"
        )


def choose(asked: str, check_gpu: Callable[[str], None]) -> Layout:
    """Lay the models out for this machine.

    Args:
        asked: A profile, or `auto`.
        check_gpu: Raises StartError if the GPU profile of this name cannot run here.

    Raises:
        StartError: The profile cannot run here.
    """
    return Layout(profiles.choose(asked, check_gpu), machine.find_cores(), machine.has_vnni())


def arrange(repository: Repository, layout: Layout, folder: Path, change: Change | None = None) -> Path:
    """Write the repository that Triton is to serve: configurations for this machine, and links to the models.

    Args:
        repository: The exported models.
        layout: What the configurations are to say.
        folder: Where to; it is made.
        change: Further changes of each configuration, for benchmarks.

    Returns:
        The folder; with the profile `configured` and no further changes, the repository itself.

    Raises:
        StartError: A model has not been exported, a configuration lacks what is to be changed, or the folder cannot be
            written.
    """
    if layout.profile.name == profiles.CONFIGURED and change is None:
        _check_exported(repository, {model: repository.config(model) for model in repository.models})
        return repository.root
    written = configs(repository, layout, change)
    try:
        for model, config in written.items():
            _link(repository.root / model, folder / model, config)
    except OSError as error:
        raise StartError(
            f"cannot write configurations for this machine into {folder} ({error.strerror}); "
            "in a container: --tmpfs=/tmp"
        ) from error
    return folder


def configs(repository: Repository, layout: Layout, change: Change | None = None) -> dict[str, ModelConfig]:
    """The configurations of all models, by name, as they are to be on this machine.

    Args:
        repository: The exported models, those of further services among them.
        layout: What the configurations are to say.
        change: Further changes of each.

    Raises:
        StartError: A model has not been exported, or a configuration lacks what is to be changed.
    """
    found = {}
    for file in sorted(repository.root.glob(f"*/{model_config.FILE_NAME}")):
        model = file.parent.name
        found[model] = repository.config(model, layout.profile.name)
        if model in repository.models and layout.profile.name != profiles.CONFIGURED:
            adapt(model, found[model], repository.of(model), layout)
        if change:
            change(model, found[model])
    _check_exported(repository, found)
    return found


def adapt(model: str, config: ModelConfig, repository: Repository, layout: Layout) -> None:
    """Change one model's configuration to what a layout says.

    Raises:
        ConfigError: It lacks what is to be changed.
        StartError: What the steps know of the networks is not what this version of the exporter writes.
    """
    on_cpu = layout.profile.name == profiles.CPU
    if model in repository.exported:
        model_config.set_versions(config, [repository.version])
    if model == repository.ensemble:
        model_config.set_step_version(config, repository.version)
    if config.backend == "python":
        calls_recognizer = RECOGNIZER in config.parameters
        if model in repository.steps:
            model_config.set_instance_count(config, layout.decoders if calls_recognizer else layout.python_instances)
        if calls_recognizer:
            model_config.set_parameter(config, "calls_under_way", layout.calls_under_way)
            model_config.set_parameter(config, "calls", layout.calls)
        is_first = model in repository.steps[:1]
        if is_first:
            model_config.set_parameter(config, "max_pages", layout.pages)
        if model in repository.entrances:
            model_config.set_max_queue_size(config, layout.waiting)
    elif config.backend == "onnxruntime" and on_cpu:
        if not layout.has_vnni and config.default_model_filename == CPU_GRAPH:
            config.default_model_filename = FLOAT_GRAPH
        if model in repository.called:
            model_config.set_instance_count(config, layout.recognizers)
        else:
            model_config.set_instance_count(config, layout.detectors)
            model_config.set_parameter(config, "intra_op_thread_count", layout.detector_threads)
    elif config.backend == "onnxruntime" and not config.model_warmup:
        _warm_up(model, config, repository)


def _warm_up(model: str, config: ModelConfig, repository: Repository) -> None:
    try:
        if model in repository.called:
            warm_up.add_crops(config, Recognizer.load(repository.folder_with(recognizer.FILE_NAME)))
        else:
            warm_up.add_pages(config)
    except NotExported as error:
        raise StartError(str(error)) from error


def _check_exported(repository: Repository, configs: dict[str, ModelConfig]) -> None:
    for model in repository.onnx_models:
        repository.of(model).graph(model, configs[model])


def _link(model: Path, target: Path, config: ModelConfig) -> None:
    target.mkdir(parents=True)
    for entry in model.iterdir():
        if entry.name.isdecimal():
            link_version(entry, target / entry.name)
        elif entry.name != model_config.FILE_NAME:
            (target / entry.name).symlink_to(entry.absolute())
    (target / model_config.FILE_NAME).write_text(model_config.to_text(config), encoding="utf-8")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
