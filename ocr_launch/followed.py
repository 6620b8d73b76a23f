"""A published folder that follows the exports: a server that polls it is led from one version to the next.

Each look concerns one model, and only once the server is done with the one before: its networks are loaded and then the
steps that call them, the ensemble is made of it, and the version before goes in the opposite order. So a version that
cannot be loaded changes nothing, and nothing must be remembered. (Triton 2.51 may crash where processes of several
models come and go while requests are at work.)
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ocr_launch.errors import StartError
from ocr_launch.http_api import ApiError, HttpApi
from ocr_launch.names import ENSEMBLE
from ocr_launch.published import Published
from ocr_launch.repository import Repository
from ocr_launch.served import Configs

READY = "READY"
States = Mapping[str, Mapping[int, str]]
"""Of each model, its versions that take up memory, and Triton's word for what they are at."""


class Followed:
    """The newest export that is whole, published.

    Args:
        exported: The exported models.
        published: What the server polls.
    """

    def __init__(self, exported: Repository, published: Published) -> None:
        self._exported, self._published = exported, published

    def keep_up(self, api: HttpApi, timeout_s: float) -> Configs:
        """Take the next step towards the newest export, if there is one to take.

        Returns:
            The configurations by the models' names; none while the server does not tell.
        """
        with suppress(ApiError, StartError, OSError):  # it is loading, or the exports are out of reach: the next look
            configs, held = api.configs(timeout_s), api.index(timeout_s)
            if versions := self._exported.versions:
                self._step_towards(versions[-1], _serving(configs), held)
            return {model: _with_ready(config, held.get(model, {})) for model, config in configs.items()}
        return {}

    def write(self) -> None:
        """The files are always as they are to be."""

    def _step_towards(self, version: int, serving: set[int], held: States) -> None:
        models = sorted(self._exported.inner, key=self._exported.python_steps.__contains__)
        lacking = [model for model in models if held.get(model, {}).get(version) != READY]
        holding = [model for model in reversed(models) if held.get(model, {}).keys() != {version}]
        if lacking:
            self._published.add(version, lacking[:1], beside=serving)
        elif serving != {version}:
            self._published.serve(version)
        elif holding:
            self._published.keep_only(version, holding[:1])


def _with_ready(config: Mapping[str, Any], held: Mapping[int, str]) -> dict[str, Any]:
    """A configuration that names the versions that are loaded: Triton shows that of the newest as it was loaded."""
    ready = [version for version, state in held.items() if state == READY]
    return {**config, "version_policy": {"specific": {"versions": ready}}}


def _serving(configs: Configs) -> set[int]:
    """The versions that the ensemble is made of."""
    return {int(step["model_version"]) for step in configs[ENSEMBLE]["ensemble_scheduling"]["step"]}
