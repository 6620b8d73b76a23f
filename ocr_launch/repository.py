"""The exported models: which there are, their configurations and their graphs.

The ensemble says which steps there are, and the parameter `recognizer` of a step names the model that this step calls;
`recognizer.LANGUAGE` names another one, for a language that a request may ask for.
What stands before the ensemble, for callers with another contract, has steps of its own. A further service is another
ensemble, with models of its own in versions of their own; see docs/extending.md.
"""

import dataclasses
from functools import cached_property
from pathlib import Path

from ocr_launch import model_config
from ocr_launch.errors import StartError
from ocr_launch.model_config import ModelConfig
from ocr_launch.names import ENSEMBLE, ENSEMBLES, RECOGNIZER, SERVICE, naming_recognizers
from ocr_launch.profiles import CPU

EXPORT = "write it with `python -m export --model-repository DIR`"


@dataclasses.dataclass(frozen=True)
class Repository:
    """A folder of models.

    Attributes:
        root: The folder.
        asked: The version that is to be served; None is the newest.
        ensemble: That a request goes to; another one for a further service.
    """

    root: Path
    asked: int | None = None
    ensemble: str = ENSEMBLE

    def __post_init__(self) -> None:
        """Check that it is one.

        Raises:
            StartError: It is not.
        """
        if not (self.root / ENSEMBLE / model_config.FILE_NAME).exists():
            raise StartError(
                f"{self.root} is not a model repository: it has no {ENSEMBLE}/{model_config.FILE_NAME}; {EXPORT}"
            )

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """The steps of the ensemble, in the order of the data."""
        return self._steps(self.ensemble)

    @cached_property
    def ensembles(self) -> tuple[str, ...]:
        """The ensemble, those before it that are there, and those of further services."""
        if self.ensemble != ENSEMBLE:
            return (self.ensemble,)
        there = (name for name in ENSEMBLES if (self.root / name / model_config.FILE_NAME).exists())
        return (*there, *(service.ensemble for service in self.further))

    @property
    def entrances(self) -> tuple[str, ...]:
        """The first steps of all ensembles, those of callers' images."""
        return tuple(step for ensemble in self.ensembles for step in self._steps(ensemble)[:1])

    @cached_property
    def recognizer(self) -> str:
        """The model that reads the crops.

        Raises:
            StartError: No step names one.
        """
        for name in self.called:
            return name
        raise StartError(f"no step of {self.ensemble} in {self.root} names its recognizer in parameters {RECOGNIZER!r}")

    @cached_property
    def called(self) -> tuple[str, ...]:
        """The models that steps call, which are no steps themselves; the default recognizer is the first."""
        configs = [self.config(step) for step in self.steps]
        named = [
            model_config.parameter(config, key) for config in configs for key in naming_recognizers(config.parameters)
        ]
        return tuple(dict.fromkeys(named))

    @cached_property
    def further(self) -> "tuple[Repository, ...]":
        """The further services: each in this folder, with its ensemble in the place of the default one."""
        files = sorted(self.root.glob(f"{SERVICE}*/{model_config.FILE_NAME}")) if self.ensemble == ENSEMBLE else ()
        return tuple(Repository(self.root, ensemble=file.parent.name) for file in files)

    def of(self, model: str) -> "Repository":
        """The service that a model belongs to: this one, unless it is of a further one."""
        return next((service for service in self.further if model in service.exported), self)

    @property
    def exported(self) -> tuple[str, ...]:
        """The models that an export consists of: of one version all of them, or none."""
        return (self.ensemble, *self.inner)

    @property
    def inner(self) -> tuple[str, ...]:
        """Those of them that the ensemble needs."""
        return (*self.steps, *self.called)

    @property
    def models(self) -> tuple[str, ...]:
        """The ensemble, its steps, the models that they call, and what stands before the ensemble."""
        before = (name for ensemble in self.ensembles for name in (ensemble, *self._steps(ensemble)))
        of_services = (name for service in self.further for name in service.exported)
        return tuple(dict.fromkeys((*self.exported, *before, *of_services)))

    @property
    def loaded(self) -> tuple[str, ...]:
        """The models that a server is told to load: an ensemble brings its steps, and does not know what they call."""
        return (*self.ensembles, *self.called, *(model for service in self.further for model in service.called))

    @property
    def python_steps(self) -> tuple[str, ...]:
        """The models whose backend is python."""
        return tuple(model for model in self.models if self.config(model).backend == "python")

    @property
    def onnx_models(self) -> tuple[str, ...]:
        """The models that ONNX Runtime runs: the detector and the recognizer."""
        return tuple(model for model in self.models if self.config(model).backend == "onnxruntime")

    def config(self, model: str, profile: str = CPU) -> ModelConfig:
        """A model's configuration.

        Args:
            model: Its name.
            profile: `configs/PROFILE.pbtxt` is taken where it is there, as Triton does with `--model-config-name`.

        Raises:
            ConfigError: It is missing, or no model configuration.
        """
        folder = self.root / model
        own = folder / "configs" / f"{profile}.pbtxt"
        return model_config.read(own if own.exists() else folder / model_config.FILE_NAME)

    @property
    def versions(self) -> tuple[int, ...]:
        """The exports that are whole, oldest first: each has a folder of its number in each model."""
        return tuple(sorted(set.intersection(*(self.versions_of(model) for model in self.exported))))

    @cached_property
    def version(self) -> int:
        """The version that is to be served when the server starts.

        Raises:
            StartError: It is not there as a whole.
        """
        version = self.asked or max(self.versions or self.versions_of(self.ensemble), default=1)
        for model in self.exported:
            if version not in (there := self.versions_of(model)):
                raise self._not_exported(model, f"version {version} is missing" if there else "")
        return version

    def folder(self, model: str) -> Path:
        """The version directory of a model.

        Raises:
            StartError: There is none.
        """
        return self.root / model / str(self.version)

    def folder_with(self, name: str) -> Path:
        """The version directory of a step that has a file of this name.

        Raises:
            StartError: No step has one.
        """
        for step in self.steps:
            if (self.folder(step) / name).exists():
                return self.folder(step)
        raise StartError(f"no step in {self.root} has {name}: {EXPORT}")

    def versions_of(self, model: str) -> set[int]:
        """Numbers of the version directories that a model has, whatever is in the others."""
        folder = self.root / model
        return {int(path.name) for path in folder.iterdir() if path.name.isdecimal()} if folder.is_dir() else set()

    def graph(self, model: str, config: ModelConfig) -> Path:
        """The ONNX file that a configuration names.

        Raises:
            StartError: It is missing.
        """
        file = self.folder(model) / (config.default_model_filename or "model.onnx")
        if not file.exists():
            raise self._not_exported(model, f"{file.name} is missing in version {file.parent.name}")
        return file

    def _steps(self, ensemble: str) -> tuple[str, ...]:
        return tuple(step.model_name for step in self.config(ensemble).ensemble_scheduling.step)

    def _not_exported(self, model: str, why: str = "") -> StartError:
        return StartError(f"{self.root} has no exported {model}{f' ({why})' if why else ''}: {EXPORT}")
