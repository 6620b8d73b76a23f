"""What the launcher asks its own server over HTTP."""

import dataclasses
import json
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from email.message import Message
from http.client import HTTPConnection, HTTPException
from typing import Any

from ocr_launch.names import ENSEMBLE, ENSEMBLES, naming_recognizers

ADMIN_HEADER = "ocr-admin-key"
# Of a version that takes up memory.
HELD = ("READY", "LOADING", "UNLOADING")
# A call whose time is over gets so much all the same; none at all would be no bound.
LEAST_S = 0.1
EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - we connect, and do not listen


class ApiError(RuntimeError):
    """The server does not answer, or with an error.

    Attributes:
        status: Of HTTP; 0 if there was no answer.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


@dataclasses.dataclass(frozen=True)
class HttpApi:
    """A server that this process or its parent has started.

    Attributes:
        host: The address that it listens on.
        port: Of HTTP.
        key: Opens the restricted APIs; empty if there is none.
        ensembles: That it may have.
    """

    host: str
    port: int
    key: str = ""
    ensembles: tuple[str, ...] = ENSEMBLES

    def is_live(self, timeout_s: float) -> bool:
        """It answers at all; this never waits for images."""
        return self._says_yes("/v2/health/live", timeout_s)

    def is_ready(self, timeout_s: float, model: str = ENSEMBLE) -> bool:
        """A model is loaded."""
        return self._says_yes(f"/v2/models/{model}/ready", timeout_s)

    def configs(self, timeout_s: float) -> dict[str, dict[str, Any]]:
        """The configurations of the ensembles that are loaded, their steps, and the models that these call.

        Raises:
            ApiError: The server does not tell.
        """
        found: dict[str, dict[str, Any]] = {}
        names = self._ensembles(timeout_s)
        for name in names:  # which grows meanwhile
            if name not in found:
                config = found[name] = _parse(
                    *self._exchange("GET", f"/v2/models/{name}/config", timeout_s, None, self._headers)
                )
                names += [step["model_name"] for step in config.get("ensemble_scheduling", {}).get("step", ())]
                parameters = config.get("parameters", {})
                names += [parameters[key]["string_value"] for key in naming_recognizers(parameters)]
        return found

    def versions(self, models: Iterable[str], timeout_s: float) -> dict[str, tuple[str, ...]]:
        """Which versions of these models are ready.

        Raises:
            ApiError: The server does not tell.
        """
        told = {
            model: _parse(*self._exchange("GET", f"/v2/models/{model}", timeout_s, None, self._headers))
            for model in models
        }
        return {model: tuple(description.get("versions", ())) for model, description in told.items()}

    def index(self, timeout_s: float) -> dict[str, dict[int, str]]:
        """Of each model of the repository, its versions that take up memory, with Triton's word for what they are at.

        Raises:
            ApiError: The server does not tell.
        """
        found: dict[str, dict[int, str]] = {}
        for entry in json.loads(self._ask("POST", "/v2/repository/index", timeout_s, b"{}")):
            if entry.get("state") in HELD:
                found.setdefault(entry["name"], {})[int(entry["version"])] = entry["state"]
        return found

    def reload(self, model: str, timeout_s: float) -> None:
        """Unload a model and load it anew, with new processes; meanwhile the ensemble is out of service.

        Args:
            model: A step of the ensemble, or what a step calls.
            timeout_s: For all of it.

        Raises:
            ApiError: The server does not do it, or not in time.
        """
        until_s = time.monotonic() + timeout_s
        ensembles = self._ensembles(timeout_s)
        for name, what in ((model, "unload"), (model, "load"), *((ensemble, "load") for ensemble in ensembles)):
            left_s = max(LEAST_S, until_s - time.monotonic())
            self._ask("POST", f"/v2/repository/models/{name}/{what}", left_s, b"{}")

    def get(self, path: str, timeout_s: float) -> bytes:
        """The body of an answer.

        Raises:
            ApiError: The server does not answer, or with an error.
        """
        return self._ask("GET", path, timeout_s)

    def successes(self, model: str, timeout_s: float) -> int:
        """How many requests a model has answered well.

        Raises:
            ApiError: The server does not tell.
        """
        stats = _parse(*self._exchange("GET", f"/v2/models/{model}/stats", timeout_s, None, self._headers))
        return sum(int(version["inference_stats"]["success"]["count"]) for version in stats.get("model_stats", ()))

    def infer(self, model: str, body: bytes, headers: Mapping[str, str], timeout_s: float) -> dict[str, Any]:
        """The JSON of the answer to a raw body; the tensors' bytes behind it are left out.

        Raises:
            ApiError: The server does not answer, or with an error.
        """
        return _parse(*self._exchange("POST", f"/v2/models/{model}/infer", timeout_s, body, headers))

    def _ensembles(self, timeout_s: float) -> list[str]:
        """The ensemble, and the others that the server has."""
        others = (name for name in self.ensembles if name != ENSEMBLE)
        return [ENSEMBLE, *(name for name in others if self._says_yes(f"/v2/models/{name}/config", timeout_s))]

    def _says_yes(self, path: str, timeout_s: float) -> bool:
        try:
            self.get(path, timeout_s)
        except ApiError:
            return False
        return True

    def _ask(self, method: str, path: str, timeout_s: float, body: bytes | None = None) -> bytes:
        return self._exchange(method, path, timeout_s, body, self._headers)[0]

    @property
    def _headers(self) -> dict[str, str]:
        return {ADMIN_HEADER: self.key} if self.key else {}

    def _exchange(
        self, method: str, path: str, timeout_s: float, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[bytes, Message]:
        host = EVERY_ADDRESS.get(self.host, self.host)
        try:
            # An open connection would hold up the server's end.
            with closing(HTTPConnection(host, self.port, timeout=timeout_s)) as connection:
                connection.request(method, path, body, headers)
                response = connection.getresponse()
                content = response.read()
        except (OSError, HTTPException) as error:
            raise ApiError(f"the server does not answer {path}: {error!r}") from error
        if response.status != 200:
            told = content.decode(errors="replace")
            raise ApiError(f"the server answers {path} with status {response.status}: {told}", response.status)
        return content, response.headers


def _parse(content: bytes, headers: Message) -> dict[str, Any]:
    length = int(headers.get("Inference-Header-Content-Length", len(content)))
    try:
        return dict(json.loads(content[:length]))
    except ValueError as error:
        raise ApiError(f"the server does not answer as it should: {error}") from error


def instances(config: dict[str, Any]) -> int:
    """How many instances a model has; each of a Python step is a process.

    >>> instances({"instance_group": [{"count": 2}, {"count": 1, "gpus": [0, 1]}]})
    4
    """
    return sum(int(group.get("count", 1)) * max(1, len(group.get("gpus", []))) for group in config["instance_group"])
