"""Other layouts of the models than a profile has: more or fewer instances, longer or shorter waiting for a batch."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf import text_format  # type: ignore[import-untyped]

from benchmarks.upper_bound.model_layout import read_config
from server import layout

Change = Callable[[Any], None]
"""Changes a ModelConfig message."""

PYTHON_STEPS = ("image_preprocessing", "text_cropping", "ctc_decoding")
ONNX_MODELS = ("text_detection", "text_recognition")


@dataclass(frozen=True)
class Variant:
    """One layout.

    Attributes:
        name: What is other than in the profile.
        changes: Model → what is changed of it.
    """

    name: str = "as configured"
    changes: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)

    def __or__(self, other: "Variant") -> "Variant":
        """Both."""
        if not self.changes:
            return other
        models = {*self.changes, *other.changes}
        changes = {model: (*self.changes.get(model, ()), *other.changes.get(model, ())) for model in models}
        return Variant(f"{self.name}, {other.name}", changes)


def times_instances(factor: float) -> Change:
    """So many times as many instances, one at least."""

    def change(config: Any) -> None:
        for group in config.instance_group:
            group.count = max(1, round(group.count * factor))

    return change


def times_delay(factor: float) -> Change:
    """So many times as long a wait for others to share a batch; nothing where there is none."""

    def change(config: Any) -> None:
        if config.HasField("dynamic_batching"):
            batching = config.dynamic_batching
            batching.max_queue_delay_microseconds = round(batching.max_queue_delay_microseconds * factor)

    return change


def _all(name: str, models: tuple[str, ...], change: Change) -> Variant:
    return Variant(name, dict.fromkeys(models, (change,)))


# What is tried, the most promising first; of each line the best is kept while the next is tried.
SWEEP = (
    tuple(_all(f"Python steps × {factor}", PYTHON_STEPS, times_instances(factor)) for factor in (2, 3)),
    tuple(_all(f"delays × {factor:g}", ONNX_MODELS, times_delay(factor)) for factor in (0, 0.25, 4)),
    *(
        tuple(_all(f"{model} × {factor:g}", (model,), times_instances(factor)) for factor in (2, 0.5))
        for model in reversed(ONNX_MODELS)
    ),
)


def arrange(repository: Path, profile: str, variant: Variant, folder: Path) -> Path:
    """Links to the models, with the variant's configurations in their config.pbtxt.

    Args:
        repository: The exported models.
        profile: Whose configurations are changed.
        variant: How.
        folder: Where links and configurations may be written.
    """

    def adapt(model: str, _config: str) -> str:
        config = read_config(repository / model, profile)
        for change in variant.changes.get(model, ()):
            change(config)
        return str(text_format.MessageToString(config))

    return layout.link(repository, folder, adapt)


def climb(base: float, measure: Callable[[Variant], float | None], min_gain: float) -> Iterator[tuple[Variant, float]]:
    """Try the variants, line after line, and keep what gains.

    Args:
        base: Throughput of the profile as it is.
        measure: Gives a variant's throughput, or None to leave it out.
        min_gain: A smaller gain, as a share, is noise.

    Returns:
        Each variant that was measured, and its throughput.
    """
    kept, best = Variant(), base
    for line in SWEEP:
        candidates = []
        for option in line:
            variant = kept | option
            throughput = measure(variant)
            if throughput is not None:
                candidates.append((throughput, variant))
                yield variant, throughput
        throughput, variant = max(candidates, key=lambda candidate: candidate[0], default=(0.0, kept))
        if throughput > best * (1 + min_gain):
            kept, best = variant, throughput
