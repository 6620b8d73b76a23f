"""Versions of the models on a server: which are loaded, and which one the ensemble is made of; without I/O.

Every model has a version of the same number for each export. The ensemble names the version of its steps, and a step
calls other models in its own version. So a request meets one export only, whichever others are loaded.
"""

import copy
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ocr_client.protocol import MODEL
from ocr_client.server_info import READY, pipeline

Config = Mapping[str, Any]
# Why Triton says that a version is not available that an operator has unloaded.
UNLOADED = "unloaded"
# What Triton adds to a configuration by itself: sent back, it is taken for a change, and the model is loaded anew.
ADDED = ("runtime", "optimization")
ADDED_OPTIMIZATION = {
    "priority",
    "input_pinned_memory",
    "output_pinned_memory",
    "gather_kernel_buffer_threshold",
    "eager_batching",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedVersion:
    """One version of all models.

    Attributes:
        version: Its number.
        serving: `ocr_ensemble` is made of it.
        states: Triton's words for the models' states by their names, such as "READY" and "UNLOADING"; a model that is
            not loaded in this version is not among them.
    """

    version: int
    serving: bool
    states: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        return asdict(self)


def serving_version(ensemble: Config) -> int:
    """Of which version the ensemble's steps are; -1 where it takes the newest of each.

    Raises:
        ValueError: They are not of one version.
    """
    versions = {int(step["model_version"]) for step in ensemble["ensemble_scheduling"]["step"]}
    if len(versions) != 1:
        raise ValueError(f"the steps of {MODEL} are of the versions {sorted(versions)}")
    return versions.pop()


def loaded_versions(index: Sequence[Any], configs: Mapping[str, Config]) -> tuple[LoadedVersion, ...]:
    """What a server has loaded, oldest first.

    Args:
        index: Of its repository.
        configs: Of the ensemble, its steps, and what they call, by their names.
    """
    serving = serving_version(configs[MODEL])
    found: dict[int, dict[str, str]] = {}
    for entry in index:
        if entry.get("version") and entry["name"] in configs and entry.get("reason") != UNLOADED:
            found.setdefault(int(entry["version"]), {})[entry["name"]] = entry.get("state", "")
    return tuple(
        LoadedVersion(version=version, serving=version == serving, states=states)
        for version, states in sorted(found.items())
    )


def holding(index: Sequence[Any], model: str, states: Collection[str] = (READY, "LOADING", "UNLOADING")) -> set[int]:
    """The versions of a model that are in one of these states; by default, those that take memory.

    Args:
        index: Of the server's repository.
        model: Its name.
        states: Triton's words.
    """
    return {int(entry["version"]) for entry in index if entry["name"] == model and entry.get("state") in states}


def inner_models(configs: Mapping[str, Config]) -> list[str]:
    """The steps of the ensemble and what they call, a model before those that call it."""
    names = [name for name in pipeline([{"name": MODEL, "state": READY}], configs, MODEL) if name != MODEL]
    return sorted(names, key=lambda name: configs[name].get("backend") == "python")


def with_versions(config: Config, versions: Collection[int]) -> dict[str, Any]:
    """A configuration that has Triton load these versions, and otherwise says what it said."""
    changed = {name: value for name, value in copy.deepcopy(dict(config)).items() if not _is_added(name, value)}
    return {**changed, "version_policy": {"specific": {"versions": sorted(versions)}}}


def with_steps_of(ensemble: Config, version: int) -> dict[str, Any]:
    """An ensemble of this version, whose steps are of it, too."""
    changed = with_versions(ensemble, [version])
    for step in changed["ensemble_scheduling"]["step"]:
        step["model_version"] = version
    return changed


def _is_added(name: str, value: Any) -> bool:
    return name in ADDED and (name == "runtime" or value.keys() <= ADDED_OPTIMIZATION)
