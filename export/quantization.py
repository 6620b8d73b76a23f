"""Tensors in bytes, weights in bytes, and what rounding to them costs.

Values are rounded to steps of a width that each channel may have for itself, weights to 255 steps for each output
(Jacob et al. 2018, arXiv 1712.05877, section 2). The widths of an input's channels go into the weights, so that any
choice of them costs nothing there.
"""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from export.calibration import Observation

# In place of a range of 0, by which nothing can be divided.
TINY = np.float32(1e-30)
MAX_WEIGHT = 127
MAX_BYTE = 255

Floats = NDArray[np.float32]


@dataclasses.dataclass(frozen=True, eq=False)
class Bytes:
    """A tensor in bytes, channels last: value = (byte - zero) * steps + shifts, channel by channel.

    Attributes:
        name: Of the tensor.
        steps: (channels,) float32, widths of the steps.
        zero: The byte that stands for 0.
        shifts: (channels,) float32, 0 but for pixels, whose means are no whole numbers.
    """

    name: str
    steps: Floats
    zero: int
    shifts: Floats

    def rounded(self, values: Floats) -> Floats:
        """Values, (n, channels) float32, as the bytes give them back."""
        steps = np.rint((values - self.shifts) / self.steps) + self.zero
        return np.asarray((steps.clip(0, MAX_BYTE) - self.zero) * self.steps + self.shifts, np.float32)


@dataclasses.dataclass(frozen=True, eq=False)
class Weights:
    """A layer's weights in bytes for an input in bytes.

    Attributes:
        steps: (outputs, channels, ...) int8.
        scales: (outputs,) float32: what a sum of products of bytes is multiplied with.
        bias: (outputs,) float32, with the shifts of the input and with what rounding the weights would shift on
            average (Nagel et al. 2019, arXiv 1906.04721, section 4.2).
    """

    steps: NDArray[np.int8]
    scales: Floats
    bias: Floats


def even(seen: Observation, name: str) -> Bytes:
    """One width of steps for all channels, for nearly all values seen."""
    return _bytes(seen, name, np.ones_like(seen.means))


def balanced(seen: Observation, name: str, weights: Floats) -> Bytes:
    """Narrower steps for channels of small values and great weights (Xiao et al. 2023, arXiv 2211.10438, equation 4).

    Args:
        seen: What the tensor holds.
        name: The bytes' name.
        weights: (outputs, channels) float32 of the layer that takes them.
    """
    greatest = np.maximum(np.abs(weights).max(axis=0), TINY)
    return _bytes(seen, name, np.asarray(np.sqrt(np.maximum(seen.peaks, TINY) / greatest)))


def _bytes(seen: Observation, name: str, ratios: Floats) -> Bytes:
    """Steps whose widths have these ratios, for nearly all values seen."""
    low, high = seen.extremes(ratios)
    step = max(high - low, float(TINY)) / MAX_BYTE
    return Bytes(name, np.asarray(ratios * step, np.float32), round(-low / step), np.zeros_like(ratios))


def positive(seen: Observation, name: str) -> Bytes:
    """For values that are never negative: widths half-way between each channel's range and the widest of all.

    Its own range alone would make the weights of the next layer, which the widths go into, too different.
    """
    peaks = np.maximum(seen.peaks, TINY)
    steps = np.sqrt(peaks * peaks.max()) / MAX_BYTE
    return Bytes(name, np.asarray(steps, np.float32), 0, np.zeros_like(peaks))


def round_weights(weights: Floats, bias: Floats, source: Bytes, means: Floats) -> Weights:
    """Round a layer's weights for the input it gets.

    Args:
        weights: (outputs, channels, ...) float32.
        bias: (outputs,) float32.
        source: The input in bytes.
        means: (channels,) float32, of the input.
    """
    by_channel = (-1,) + (1,) * (weights.ndim - 2)
    scaled = weights * source.steps.reshape(by_channel)
    by_output = (-1,) + (1,) * (weights.ndim - 1)
    scales = np.maximum(np.abs(scaled).max(axis=tuple(range(1, weights.ndim))), TINY) / np.float32(MAX_WEIGHT)
    steps = np.rint(scaled / scales.reshape(by_output))
    lost = weights - steps * scales.reshape(by_output) / source.steps.reshape(by_channel)
    corrected = bias + _sum_kernels(weights) @ source.shifts + _sum_kernels(lost) @ (means - source.shifts)
    return Weights(steps.astype(np.int8), scales, np.asarray(corrected, np.float32))


def error(weights: Floats, source: Bytes, seen: Observation) -> float:
    """What rounding does to a product: root mean square, as a share of the output's standard deviation.

    Args:
        weights: (outputs, channels) float32.
        source: The input in bytes.
        seen: The input in floats.
    """
    in_bytes = round_weights(weights, np.zeros(len(weights), np.float32), source, seen.means)
    rounded = in_bytes.steps * in_bytes.scales[:, None] / source.steps
    outputs = seen.positions @ weights.T
    noise = (source.rounded(seen.positions) - source.shifts) @ rounded.T + in_bytes.bias - outputs
    return float(np.sqrt(np.square(noise).mean() / outputs.var(axis=0).mean()))


def _sum_kernels(weights: Floats) -> Floats:
    """(outputs, channels, ...) to (outputs, channels): what a layer makes of values that are alike everywhere."""
    return np.asarray(weights.reshape(*weights.shape[:2], -1).sum(axis=2))
