"""The folder that Triton serves, kept in step with the exports and with what an operator has loaded.

A server starts with one version of all models. Whoever has the key may have it load another one and switch the ensemble
to it (docs/versions.md); Triton keeps that in its memory only. So it is noted here, and written into the folder before
a model or the server is loaded anew. Exports that are new in the repository are linked, so that they can be loaded.
"""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from google.protobuf import json_format  # type: ignore[import-untyped]

from ocr_launch import model_config, whole_file
from ocr_launch.http_api import ApiError, HttpApi
from ocr_launch.model_config import ModelConfig
from ocr_launch.names import ENSEMBLE
from ocr_launch.repository import Repository

# What is different in a configuration when other versions are loaded.
VERSIONED = ("version_policy", "ensemble_scheduling")
PYTHONS_FOLDER = "__pycache__"
Configs = Mapping[str, Mapping[str, Any]]


class Served:
    """The folder that `layout.arrange` has written.

    Args:
        repository: The exported models.
        folder: What Triton serves of them.
    """

    def __init__(self, repository: Repository, folder: Path) -> None:
        self._repository, self._folder = repository, folder
        self._noted: Configs = {}

    def keep_up(self, api: HttpApi, timeout_s: float) -> Configs:
        """Note what the server has loaded, and link what is new in the repository.

        Returns:
            The configurations by the models' names; none while the server does not tell.
        """
        configs: Configs = {}
        with suppress(ApiError):  # the ensemble is not loaded at the moment: there is nothing to go by
            self.note(configs := api.configs(timeout_s))
        with suppress(OSError):  # a repository that is out of reach holds up nobody
            self.link()
        return configs

    def note(self, configs: Configs) -> None:
        """Remember which versions are loaded, and which one the ensemble is made of.

        Args:
            configs: What the server has said, one after the other, by the models' names. Where versions were switched
                meanwhile, and do not fit together, what was noted before stays.
        """
        if _fit({model: config for model, config in configs.items() if model in self._repository.exported}):
            self._noted = configs

    def write(self) -> None:
        """Have the files say what was noted."""
        for model, told in self._noted.items():
            file = self._folder / model / model_config.FILE_NAME
            if file.exists():
                text = model_config.to_text(_with_versions_of(model_config.read(file), told))
                whole_file.write(file, text, self._folder.with_name(f"{self._folder.name}.part"))

    def link(self) -> None:
        """Link the versions that have been exported since the last time."""
        linked = {path.name for path in (self._folder / ENSEMBLE).iterdir()}
        new = [str(version) for version in self._repository.versions if str(version) not in linked]
        if not new:
            return
        self.write()  # Triton reads the files of a folder anew that has changed
        for model in reversed(self._repository.exported):  # the ensemble comes last: by it a version counts as linked
            for version in new:
                link_version(self._repository.root / model / version, self._folder / model / version)


def link_version(exported: Path, served: Path) -> None:
    """Make a version directory of links to the files of another one, by one rename.

    Triton takes a model for changed when something in its folder has changed, and then reads its configuration anew,
    also when the ensemble is loaded that needs it: a version that an operator had it load while the links were made
    would be gone again. For the same reason Python must not leave compiled files there: a file is where it would put
    their folder.

    Args:
        exported: What is linked.
        served: What it becomes, MODEL/VERSION in the folder that Triton serves.
    """
    if served.exists():
        return
    root = served.parent.parent
    part = root.with_name(f"{root.name}.links")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    (part / PYTHONS_FOLDER).touch()
    for file in exported.iterdir():
        if file.name != PYTHONS_FOLDER:
            (part / file.name).symlink_to(file.absolute())
    part.rename(served)


def versions_asked_for(configs: Configs) -> dict[str, tuple[str, ...]]:
    """Of each model, the versions that its configuration names; one that names none is left out.

    >>> versions_asked_for({"ctc_decoding": {"version_policy": {"specific": {"versions": [1, 2]}}}, "ocr": {}})
    {'ctc_decoding': ('1', '2')}
    """
    policies = {name: config.get("version_policy", {}) for name, config in configs.items()}
    named = {name: policy["specific"]["versions"] for name, policy in policies.items() if "specific" in policy}
    return {name: tuple(map(str, versions)) for name, versions in named.items()}


def _fit(configs: Configs) -> bool:
    """Every model is loaded in the version that the ensemble is made of."""
    steps = configs[ENSEMBLE].get("ensemble_scheduling", {}).get("step", ())
    needed = {int(step["model_version"]) for step in steps}
    policies = (config.get("version_policy", {}) for name, config in configs.items() if name != ENSEMBLE)
    return all(needed <= set(map(int, policy["specific"]["versions"])) for policy in policies if "specific" in policy)


def _with_versions_of(config: ModelConfig, told: Mapping[str, Any]) -> ModelConfig:
    """A configuration with the versions, and the steps, that a server says to have."""
    fields = {name: told[name] for name in VERSIONED if name in told}
    for name in fields:
        config.ClearField(name)
    return json_format.ParseDict(fields, config, ignore_unknown_fields=True)
