"""Loading, switching and unloading versions, against a repository that keeps Triton's rules in memory."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ocr_client import BadRequest, ServerFault, ServerTimeout, administration
from ocr_client.administration import Administration
from ocr_client.calls import Call, DescribeModel, ListModels, LoadModel

INNER = ("decoding", "detection", "reading", "recognition")
ENSEMBLE = "ocr_ensemble"


class Repository:
    """A transport to a server with these models, which has version 1 loaded.

    Attributes:
        exported: The versions that are there to be loaded.
        loads: What was loaded, oldest first: the models' names, and the versions asked for.
        before_ensemble: Called before an ensemble is loaded.
        busy: Versions of models that do not end.
        found_later: What `exported` is at the following loads.
    """

    def __init__(self) -> None:
        self.exported = {1, 2}
        self.loads: list[tuple[str, list[int]]] = []
        self.before_ensemble: Callable[[], object] = lambda: None
        self.busy: set[tuple[str, int]] = set()
        self.found_later: list[set[int]] = []
        self.loaded = {name: {1} for name in INNER}
        self.ensemble: dict[str, Any] | None = self._made_of(1)

    def perform(self, call: Call) -> Any:
        """Do it and give what the call says."""
        match call:
            case ListModels():
                return list(self._index())
            case DescribeModel(name):
                return self._config(name)
            case LoadModel(name, config):
                return self._load(name, dict(config))
        raise AssertionError(call)

    def close(self) -> None:
        """Nothing is to be let go."""

    @property
    def serving(self) -> int | None:
        """Of which version the ensemble is."""
        return int(self.ensemble["ensemble_scheduling"]["step"][0]["model_version"]) if self.ensemble else None

    def _index(self) -> Iterator[dict[str, str]]:
        for name, versions in self.loaded.items():
            yield from ({"name": name, "version": str(version), "state": "READY"} for version in versions)
        yield from ({"name": name, "version": str(version), "state": "UNLOADING"} for name, version in self.busy)

    def _config(self, name: str) -> dict[str, Any]:
        if name == ENSEMBLE:
            if self.ensemble is None:
                raise ServerFault("no such model")
            return self.ensemble
        recognizer = {"recognizer": {"string_value": "recognition"}} if name == "reading" else {}
        return {"backend": "onnxruntime" if name.endswith("tion") else "python", "parameters": recognizer}

    def _load(self, name: str, config: dict[str, Any]) -> None:
        wanted = config["version_policy"]["specific"]["versions"]
        self.loads.append((name, wanted))
        self.exported = self.found_later.pop(0) if self.found_later else self.exported
        if name != ENSEMBLE:
            self.loaded[name] = set(wanted) & self.exported
            return
        self.before_ensemble()
        steps = config["ensemble_scheduling"]["step"]
        fits = all(step["model_version"] in self.loaded[step["model_name"]] for step in steps)
        self.ensemble = config if fits else None
        if not fits:
            raise ServerFault("cannot load ocr_ensemble")

    def _made_of(self, version: int) -> dict[str, Any]:
        steps = [{"model_name": name, "model_version": version} for name in ("decoding", "detection", "reading")]
        return {"ensemble_scheduling": {"step": steps}}


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = Repository()
    monkeypatch.setattr(administration, "connect", lambda *_: made)
    monkeypatch.setattr(administration, "POLL_S", 0)
    return made


@pytest.fixture
def operator(repository: Repository) -> Iterator[Administration]:
    del repository  # comes first
    with Administration("localhost:8000", timeout_s=0.01) as connected:
        yield connected


def test_a_switch_loads_all_models_beside_the_others_and_the_ensemble_last(
    operator: Administration, repository: Repository
) -> None:
    operator.switch(2)
    assert repository.loads == [
        ("detection", [1, 2]),
        ("recognition", [1, 2]),
        ("decoding", [1, 2]),
        ("reading", [1, 2]),
        (ENSEMBLE, [2]),
    ]
    assert repository.serving == 2


def test_the_models_that_are_called_are_unloaded_after_those_that_call_them(
    operator: Administration, repository: Repository
) -> None:
    operator.switch(2)
    repository.loads.clear()
    operator.unload(1)
    assert repository.loads == [("reading", [2]), ("decoding", [2]), ("recognition", [2]), ("detection", [2])]


def test_nothing_is_unloaded_that_steps_at_work_may_call(operator: Administration, repository: Repository) -> None:
    operator.switch(2)
    repository.busy.add(("reading", 1))
    with pytest.raises(ServerTimeout, match=r"version 1 of reading is at work even after 0.01 s: try again"):
        operator.unload(1)
    assert repository.loaded == {**{name: {1, 2} for name in INNER}, "reading": {2}}


def test_what_is_served_stays_loaded(operator: Administration, repository: Repository) -> None:
    with pytest.raises(BadRequest, match=r"made of version 1: switch to another one first"):
        operator.unload(1)
    assert repository.loads == []


def test_an_export_that_the_launcher_has_not_found_yet_is_waited_for(
    operator: Administration, repository: Repository
) -> None:
    repository.found_later = [{1}, {1}, {1, 2}]
    operator.load(2)
    assert repository.loaded == {name: {1, 2} for name in INNER}


def test_a_version_that_is_not_there_changes_nothing(
    operator: Administration, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(administration, "NEW_EXPORT_S", 0)
    with pytest.raises(ServerFault, match=r"has no version 7 of detection: write it into its model repository with"):
        operator.switch(7)
    assert (repository.serving, repository.loaded) == (1, {name: {1} for name in INNER})


def test_a_switch_that_fails_puts_the_version_before_back(operator: Administration, repository: Repository) -> None:
    """Triton has no ensemble left if the new one does not fit."""

    def forget() -> None:
        repository.before_ensemble = lambda: None
        repository.loaded["decoding"] = {1}

    repository.before_ensemble = forget
    with pytest.raises(ServerFault, match="cannot load ocr_ensemble"):
        operator.switch(2)
    assert repository.serving == 1


def test_another_service_is_not_switched() -> None:
    with pytest.raises(ValueError, match="the default service only: leave out --service"):
        Administration("box:8000", service="words")


def test_one_server_is_switched_at_a_time() -> None:
    with pytest.raises(ValueError, match="one server at a time"):
        Administration("a:8000,b:8000")
