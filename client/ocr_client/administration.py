"""What an operator does to a running server: versions of its models are loaded, switched to, and unloaded.

All of it goes through Triton's repository API, which needs the server's key where the launcher runs the server.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ocr_client.calls import DescribeModel, ListModels, LoadModel
from ocr_client.errors import BadRequest, ServerFault, ServerTimeout
from ocr_client.protocol import MODEL
from ocr_client.server_info import READY, pipeline
from ocr_client.settings import Settings
from ocr_client.transports import connect
from ocr_client.versions import (
    Config,
    LoadedVersion,
    holding,
    inner_models,
    loaded_versions,
    serving_version,
    with_steps_of,
    with_versions,
)

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from ocr_client.settings import ClientOptions

# The launcher finds a new export within a few seconds.
NEW_EXPORT_S = 6.0
POLL_S = 0.2


class Administration:
    """A connection to one server, for its operator.

    Example:
        with Administration("localhost:8000", headers={"ocr-admin-key": key}) as server:
            server.switch(2)

    Args:
        url: As for `OcrClient`, of one server.
        **options: See `ClientOptions`; `timeout_s` is for each model that is loaded or unloaded.

    Raises:
        ValueError: The URL is not the address of one server, or an option is out of range or of no use here.
    """

    def __init__(self, url: str | Iterable[str], **options: "Unpack[ClientOptions]") -> None:
        settings = Settings.of(url, **options)
        if len(settings.addresses) > 1:
            raise ValueError("versions are switched on one server at a time: give one --url")
        if settings.service:
            raise ValueError("versions are switched of the default service only: leave out --service")
        (self._address,), self._timeout_s = settings.addresses, settings.timeout_s
        self._transport = connect(self._address, settings)

    def __enter__(self) -> "Self":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._transport.close()

    def versions(self) -> tuple[LoadedVersion, ...]:
        """What is loaded, oldest first.

        Raises:
            OcrError: The server does not tell.
        """
        return loaded_versions(self._index(), self._configs())

    def load(self, version: int) -> None:
        """Load a version of all models beside those that are loaded; requests go on as before.

        Raises:
            OcrError: The server has no such version, or cannot load it.
        """
        self._load_all(self._configs(), version)

    def switch(self, version: int) -> None:
        """Have `ocr_ensemble` made of a version, which is loaded if need be; requests under way end as they began.

        Raises:
            OcrError: As for `load`.
        """
        configs = self._configs()
        self._load_all(configs, version)
        try:
            self._transport.perform(LoadModel(MODEL, with_steps_of(configs[MODEL], version)))
        except ServerFault:  # Triton then has no ensemble at all
            before = serving_version(configs[MODEL])
            self._load_all(configs, before)
            self._transport.perform(LoadModel(MODEL, with_steps_of(configs[MODEL], before)))
            raise

    def unload(self, version: int) -> None:
        """Unload a version of all models once the requests that need it have been answered.

        Raises:
            BadRequest: `ocr_ensemble` is made of it.
            OcrError: The server does not do it.
        """
        configs = self._configs()
        if serving_version(configs[MODEL]) == version:
            raise BadRequest(f"{MODEL} is made of version {version}: switch to another one first")
        for model in reversed(inner_models(configs)):  # a step that is still at work calls others
            kept = holding(self._index(), model, [READY]) - {version}
            self._transport.perform(LoadModel(model, with_versions(configs[model], kept)))
            self._wait_until_gone(model, version)

    def _load_all(self, configs: Mapping[str, Config], version: int) -> None:
        for model in inner_models(configs):
            self._load(model, configs[model], version)

    def _load(self, model: str, config: Config, version: int) -> None:
        def is_loaded() -> bool:
            wanted = holding(self._index(), model, [READY]) | {version}
            self._transport.perform(LoadModel(model, with_versions(config, wanted)))
            return version in holding(self._index(), model, [READY])

        if not _comes_true(is_loaded, NEW_EXPORT_S):
            raise ServerFault(
                f"{self._address} has no version {version} of {model}: write it into its model repository with "
                f"`python -m export --version {version}`"
            )

    def _wait_until_gone(self, model: str, version: int) -> None:
        if not _comes_true(lambda: version not in holding(self._index(), model), self._timeout_s):
            raise ServerTimeout(f"version {version} of {model} is at work even after {self._timeout_s:g} s: try again")

    def _index(self) -> Sequence[Any]:
        return list(self._transport.perform(ListModels()))

    def _configs(self) -> Mapping[str, Config]:
        """Of the ensemble, its steps, and what they call."""
        configs: dict[str, Config] = {}
        ready = [{"name": MODEL, "state": READY}]
        while missing := [name for name in pipeline(ready, configs, MODEL) if name not in configs]:
            configs |= {name: self._transport.perform(DescribeModel(name)) for name in missing}
        return configs


def _comes_true(condition: Callable[[], bool], timeout_s: float) -> bool:
    end_s = time.monotonic() + timeout_s
    while not (is_true := condition()) and time.monotonic() < end_s:
        time.sleep(POLL_S)
    return is_true
