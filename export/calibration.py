"""What values a network's tensors take on sample images: the ranges that uint8 has to cover."""

import dataclasses
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, shape_inference

from export import runtime

# Every 16th position of a map is kept: neighbours are alike.
STRIDE = 16
# Of all values; the few beyond are cut off, so that all others are rounded less.
PERCENTILE = 99.99


@dataclasses.dataclass(frozen=True, eq=False)  # arrays are not simply equal or not
class Observation:
    """What was seen of one tensor.

    Attributes:
        positions: (n, channels) float32: some of its values.
        is_map: There is more than one position to a picture; otherwise its products take no time worth saving.
    """

    positions: NDArray[np.float32]
    is_map: bool

    @cached_property
    def means(self) -> NDArray[np.float32]:
        """(channels,) float32."""
        return np.asarray(self.positions.mean(axis=0))

    @cached_property
    def peaks(self) -> NDArray[np.float32]:
        """(channels,) float32: what hardly any absolute value exceeds."""
        return np.asarray(np.percentile(np.abs(self.positions), PERCENTILE, axis=0), np.float32)

    def extremes(self, units: NDArray[np.float32]) -> tuple[float, float]:
        """What hardly any value falls short of, at most 0, and what hardly any exceeds, at least 0.

        Args:
            units: (channels,) float32, what each channel's values are measured in.
        """
        low, high = np.percentile(self.positions / units, (100 - PERCENTILE, PERCENTILE))
        return min(float(low), 0), max(float(high), 0)


def observe(model: ModelProto, names: Iterable[str], batches: Iterable[NDArray[Any]]) -> dict[str, Observation]:
    """Run batches and note what the tensors of these names hold: maps (N, C, H, W) or sequences (N, T, C)."""
    watched, wanted = ModelProto.FromString(model.SerializeToString()), sorted(set(names))
    watched.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in wanted)
    session = runtime.open_session(watched)
    seen: dict[str, list[Observation]] = {name: [] for name in wanted}
    for batch in batches:
        values = runtime.run(session, batch)
        for name in wanted:
            seen[name].append(_observation(values[name]))
    return {name: _join(observations) for name, observations in seen.items()}


def _observation(value: NDArray[np.float32]) -> Observation:
    last = np.moveaxis(value, 1, -1) if value.ndim == 4 else value
    rows = last.reshape(-1, last.shape[-1])
    return Observation(rows[::STRIDE].copy(), is_map=len(rows) > len(value))


def _join(parts: list[Observation]) -> Observation:
    return Observation(np.concatenate([part.positions for part in parts]), any(part.is_map for part in parts))


def peaks(model: ModelProto, names: Sequence[str], batches: Iterable[NDArray[Any]]) -> dict[str, float]:
    """Run batches and note the greatest absolute value of the float32 tensors among those of these names."""
    watched = shape_inference.infer_shapes(model)
    floats = {v.name for v in watched.graph.value_info if v.type.tensor_type.elem_type == TensorProto.FLOAT}
    wanted = [name for name in names if name in floats]
    for name in wanted:
        absolute, peak = f"{name}_absolute", f"{name}_peak"
        reduced = helper.make_node("ReduceMax", [absolute], [peak], keepdims=0)
        watched.graph.node.extend([helper.make_node("Abs", [name], [absolute]), reduced])
        watched.graph.output.append(helper.make_tensor_value_info(peak, TensorProto.FLOAT, []))
    session, greatest = runtime.open_session(watched), dict.fromkeys(wanted, 0.0)
    for batch in batches:
        values = runtime.run(session, batch)
        greatest = {name: float(np.fmax(values[f"{name}_peak"], peak)) for name, peak in greatest.items()}
    return greatest
