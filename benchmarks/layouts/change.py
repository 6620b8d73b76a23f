"""Named changes of the models' configurations: how many instances, threads, and how long calls wait for a batch."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ocr_launch import model_config
from ocr_launch.model_config import ModelConfig

Edit = Callable[[ModelConfig], None]
"""Edits a configuration in place; raises ConfigError where it lacks what is to be edited."""


@dataclass(frozen=True)
class Change:
    """A change of some models' configurations; called by the launcher, as `TritonServer(…, change=change)`.

    Attributes:
        name: What is changed, for people; changes are told apart by it.
        edits: Model → what is edited in its configuration, in this order.
    """

    name: str = "as chosen"
    edits: Mapping[str, tuple[Edit, ...]] = field(default_factory=dict, compare=False)

    def __call__(self, model: str, config: ModelConfig) -> None:
        """Edit the configuration of a model in place.

        Raises:
            ConfigError: It lacks what is to be edited.
        """
        for edit in self.edits.get(model, ()):
            edit(config)

    def __or__(self, other: "Change") -> "Change":
        """Both, this one first."""
        if not self.edits:
            return other
        models = {*self.edits, *other.edits}
        edits = {model: (*self.edits.get(model, ()), *other.edits.get(model, ())) for model in models}
        return Change(f"{self.name}, {other.name}", edits)


def of(models: Iterable[str], name: str, *edits: Edit) -> Change:
    """The same edits for each of some models."""
    return Change(name, dict.fromkeys(models, edits))


def instances(count: int) -> Edit:
    """So many instances."""
    return lambda config: model_config.set_instance_count(config, count)


def times_instances(factor: float) -> Edit:
    """So many times as many instances, one at least."""

    def edit(config: ModelConfig) -> None:
        model_config.set_instance_count(config, max(1, round(model_config.instance_count(config) * factor)))

    return edit


def threads(count: int) -> Edit:
    """So many threads for each instance of an ONNX model."""
    return lambda config: model_config.set_parameter(config, "intra_op_thread_count", str(count))


def calls_under_way(count: int) -> Edit:
    """So many calls of the recognizer under way for one page."""
    return lambda config: model_config.set_parameter(config, "calls_under_way", str(count))


def queue_delay_us(delay_us: int | None) -> Edit:
    """Calls wait so long for others to share their run, microseconds; None: calls never share a run."""
    return lambda config: model_config.set_queue_delay_us(config, delay_us)
