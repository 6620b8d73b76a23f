"""Thresholds that no value lies near: what a client gets is rounded, and what a server compares is not."""

from collections.abc import Sequence


def middle(values: Sequence[float]) -> float:
    """A number that some of the values lie below and some above."""
    low, high = min(values), max(values)
    assert low < high
    return (low + high) / 2
