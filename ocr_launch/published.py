"""A folder of models that a server polls for changes, written so that it never sees half of one.

Triton takes each model by itself, as soon as anything in its folder has changed. So a version comes in this order:

1. into each model its folder, by one rename, and a configuration that has it loaded beside the version that is served;
2. the ensemble's configuration, which names the version of each step: from then on it is served.

A step that is still at work calls the networks. So a version goes first from the steps and then from the networks.
All files are copies: whoever exports a number anew changes nothing here.
"""

import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ocr_launch import layout, model_config, whole_file
from ocr_launch.errors import StartError
from ocr_launch.layout import Layout
from ocr_launch.model_config import ModelConfig
from ocr_launch.names import ENSEMBLE
from ocr_launch.repository import Repository
from ocr_launch.served import PYTHONS_FOLDER


class Published:
    """Such a folder.

    Args:
        root: The exported models.
        chosen: What their configurations are to say.
        folder: Where they are published; it is made where it is not there.
    """

    def __init__(self, root: Path, chosen: Layout, folder: Path) -> None:
        self._root, self._layout, self._folder = root, chosen, folder

    def add(self, version: int, models: Iterable[str], beside: Collection[int] | None = None) -> None:
        """Have a version of these models loaded beside others; nothing is read by it yet.

        Args:
            version: Its number.
            models: Some of those that the ensemble needs.
            beside: The others; by default all that are to be loaded so far.

        Raises:
            StartError: It was not exported as a whole, or cannot be written.
        """
        configs = layout.configs(Repository(self._root, version), self._layout)
        with self._writing():
            for model in models:
                self._copy(model, [version])
                others = self._asked_for(model) if beside is None else beside
                self._ask_for(model, configs[model], {version, *others})

    def serve(self, version: int) -> None:
        """Have the ensemble made of a version of which all models were added.

        Its configuration is the last file that is written, after what stands before the ensemble and has no versions.

        Raises:
            StartError: As for `add`.
        """
        repository = Repository(self._root, version)
        configs = layout.configs(repository, self._layout)
        model_config.set_step_version(configs[ENSEMBLE], version)
        with self._writing():
            for model in sorted(configs.keys() - {*repository.exported}):
                self._copy(model, repository.versions_of(model))
                self._write(model, configs[model])
            self._copy(ENSEMBLE, [version])
            self._ask_for(ENSEMBLE, configs[ENSEMBLE], [version])

    def keep_only(self, version: int, models: Iterable[str]) -> None:
        """Have all other versions of these models unloaded.

        Raises:
            StartError: It cannot be written.
        """
        with self._writing():
            for model in models:
                config = model_config.read(self._folder / model / model_config.FILE_NAME)
                self._ask_for(model, config, [version])

    def _asked_for(self, model: str) -> tuple[int, ...]:
        file = self._folder / model / model_config.FILE_NAME
        return tuple(model_config.read(file).version_policy.specific.versions) if file.exists() else ()

    def _copy(self, model: str, versions: Iterable[int]) -> None:
        """Put version directories into place, but for those that are there: a number is written once."""
        for version in map(str, versions):
            target = self._folder / model / version
            if not target.exists():
                part = target.with_name(f".{version}.part")
                shutil.rmtree(part, ignore_errors=True)
                shutil.copytree(self._root / model / version, part, ignore=shutil.ignore_patterns(PYTHONS_FOLDER))
                (part / PYTHONS_FOLDER).touch()
                part.rename(target)

    def _ask_for(self, model: str, config: ModelConfig, versions: Collection[int]) -> None:
        model_config.set_versions(config, sorted(versions))
        self._write(model, config)

    def _write(self, model: str, config: ModelConfig) -> None:
        """Write a configuration, unless it says this already: Triton loads a model anew whose file is new."""
        file, text = self._folder / model / model_config.FILE_NAME, model_config.to_text(config)
        if not (file.exists() and file.read_text(encoding="utf-8") == text):
            whole_file.write(file, text, file.with_name(f".{file.name}.part"))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StartError(f"cannot write into {self._folder}: {error.strerror or error}") from error
