"""What a server says about itself, and what is wrong with it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ocr_client.protocol import MODEL

READY = "READY"
# What an entry of a model's instance_group runs on.
DEVICES = {"KIND_CPU": "CPU", "KIND_GPU": "GPU", "KIND_MODEL": "what the model chooses"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """One model of the server.

    Attributes:
        name: Its name.
        version: Its version in the repository; empty if it was never loaded, or the server does not tell.
        state: Triton's word for it: "READY", "LOADING", "UNLOADING", "UNAVAILABLE"; "MISSING" if the server has none.
        reason: Why it is not ready, as far as the server says so.
        backend: "python", "onnxruntime", …; "ensemble" for the chain of the others; empty if it is not ready.
        devices: How many instances run where, such as "2 x CPU" or "1 x GPU 0".
        instances: How many there are in all; 0 for an ensemble, and if it is not ready.
    """

    name: str
    version: str
    state: str
    reason: str
    backend: str
    devices: tuple[str, ...]
    instances: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerInfo:
    """A server that answers.

    Attributes:
        url: Where it listens.
        name: Its own name, usually "triton".
        version: Of the Triton server.
        ready: Whether images can be read.
        models: The ensemble, its steps in their order, and behind a step the recognizer that it calls. All models of
            the server while the ensemble is not loaded: any may be the reason. Empty if the server does not tell.
        answered: How many images were read since the ensemble was loaded; None if the server does not tell.
        unanswered: How many were refused, given up as too late, or no images; None if the server does not tell.
        ensemble: The model that reads.
    """

    url: str
    name: str
    version: str
    ready: bool
    models: tuple[ModelInfo, ...]
    answered: int | None = None
    unanswered: int | None = None
    ensemble: str = MODEL

    @property
    def most_instances(self) -> int:
        """How many instances the model with the most has; 0 if the server does not tell."""
        return max((model.instances for model in self.models), default=0)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, a sentence each, and what to do; empty if nothing is."""
        found = tuple(map(_problem, (model for model in self.models if model.state != READY)))
        if not found and not self.ready:
            return (f"{self.ensemble} is not ready, and the server does not say why: see its log",)
        return found

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON-ready dicts, tuples, strings and booleans."""
        return {**asdict(self), "problems": self.problems}


def parse_server(
    url: str,
    ready: bool,
    server: Mapping[str, Any],
    index: Sequence[Any] | None,
    configs: Mapping[str, Any],
    statistics: Mapping[str, Any] | None = None,
    ensemble: str = MODEL,
) -> ServerInfo:
    """Put together what the server has said.

    Args:
        url: Where it listens.
        ready: Whether the ensemble is.
        server: Its description of itself.
        index: Its repository's index; None if it does not tell, as it does to those who have its key.
        configs: The configurations that the server gives, by the models' names.
        statistics: Of the ensemble; None if the server does not tell.
        ensemble: Its name.
    """
    if index is None:  # what has a configuration to show is loaded
        index = [{"name": name, "state": READY} for name, config in configs.items() if config]
        names = [name for name in pipeline(index, configs, ensemble) if configs.get(name)]
    else:
        names = pipeline(index, configs, ensemble)
    entries = {entry["name"]: entry for entry in _telling_last(index, configs.get(ensemble, {}))}
    models = tuple(_parse_model(name, entries.get(name), configs.get(name, {})) for name in names)
    answered, unanswered = (_count(statistics, name) for name in ("success", "fail"))
    return ServerInfo(
        url=url,
        name=server["name"],
        version=server["version"],
        ready=ready,
        models=models,
        answered=answered,
        unanswered=unanswered,
        ensemble=ensemble,
    )


def _telling_last(index: Sequence[Any], ensemble: Mapping[str, Any]) -> list[Any]:
    """The entries; of each model, the one that tells what it is comes last: that is ready, and served if any is."""
    steps = ensemble.get("ensemble_scheduling", {}).get("step", ())
    served = {str(step.get("model_version", "")) for step in steps}
    return sorted(index, key=lambda entry: (entry.get("state") == READY, entry.get("version") in served))


def _count(statistics: Mapping[str, Any] | None, outcome: str) -> int | None:
    """How many requests had this outcome; gRPC leaves out what is 0, and says numbers as texts."""
    if statistics is None:
        return None
    versions = [version.get("inference_stats", {}) for version in statistics.get("model_stats", ())]
    return sum(int(version.get(outcome, {}).get("count", 0)) for version in versions)


def pipeline(index: Sequence[Any], configs: Mapping[str, Any], ensemble: str) -> list[str]:
    """The names of `ServerInfo.models`, as far as the server's configurations tell them."""
    names = [ensemble]
    for step in configs.get(ensemble, {}).get("ensemble_scheduling", {}).get("step", ()):
        names += [step["model_name"], *_called(configs.get(step["model_name"], {}))]
    if ensemble not in ready_models(index):
        names += [entry["name"] for entry in index]
    return list(dict.fromkeys(names))


def ready_models(index: Sequence[Any]) -> list[str]:
    """Those that are ready of the server's models."""
    return [entry["name"] for entry in index if entry.get("state") == READY]


def _called(config: Mapping[str, Any]) -> Iterator[str]:
    """The recognizers that a step's configuration names: the step calls them, the ensemble does not."""
    for key, entry in sorted(config.get("parameters", {}).items()):
        if key == "recognizer" or key.startswith("recognizer."):
            yield entry["string_value"]


def _parse_model(name: str, entry: Mapping[str, Any] | None, config: Mapping[str, Any]) -> ModelInfo:
    entry = {"state": "MISSING"} if entry is None else entry
    groups = config.get("instance_group", ())
    return ModelInfo(
        name=name,
        version=entry.get("version", ""),
        state=entry.get("state", "UNAVAILABLE"),
        reason=entry.get("reason", ""),
        backend=config.get("backend") or config.get("platform", ""),
        devices=tuple(device for group in groups for device in _devices(group)),
        instances=sum(group.get("count", 1) * len(group.get("gpus") or [None]) for group in groups),
    )


def _devices(group: Mapping[str, Any]) -> Iterator[str]:
    """Where an entry of a model's instance_group runs: one text a GPU."""
    device = DEVICES.get(group.get("kind", ""), "?")
    for gpu in group.get("gpus") or [None]:
        yield f"{group.get('count', 1)} x {device}" + ("" if gpu is None else f" {gpu}")


def _problem(model: ModelInfo) -> str:
    if model.state == "MISSING":
        return (
            f"{model.name} is not in the server's model repository: is it this project's, and are its models exported?"
        )
    if model.state == "LOADING":
        return f"{model.name} is still loading: ask again in a moment"
    return f"{model.name} is {model.state.lower()} ({model.reason or 'no reason given'}): see the server's log"
