"""What a caller may ask for beside the image: written once, for every client and the command line."""

from collections.abc import Mapping
from typing import TypedDict


class ReadOptions(TypedDict, total=False):
    """Keyword arguments of every `read`; None, like absence, means the server's default.

    Attributes:
        quad_threshold: Lowest score, 0 to 1, at which a detected box is kept.
        map_threshold: Level, 0 to 1, above which a pixel of the detector's map counts as text.
        unclip_ratio: How far boxes grow beyond the detected core of the text; 0 is not at all.
        min_confidence: Lowest confidence, 0 to 1, at which a line that was read is kept.
    """

    quad_threshold: float | None
    map_threshold: float | None
    unclip_ratio: float | None
    min_confidence: float | None


RANGES: dict[str, tuple[float, float]] = {
    "quad_threshold": (0, 1),
    "map_threshold": (0, 1),
    "unclip_ratio": (0, 5),
    "min_confidence": (0, 1),
}


def request_parameters(options: Mapping[str, object]) -> dict[str, float]:
    """Check options and turn them into the request's parameters.

    Raises:
        TypeError: An option does not exist, or is no number.
        ValueError: An option is out of range.
    """
    if unknown := options.keys() - RANGES.keys():
        raise TypeError(f"unknown option {', '.join(sorted(unknown))}; known are {', '.join(RANGES)}")
    return {name: _checked(name, value) for name, value in options.items() if value is not None}


def _checked(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} is a number, got {value!r}")
    low, high = RANGES[name]
    if not low <= value <= high:
        raise ValueError(f"{name} is between {low:g} and {high:g}, got {value!r}")
    return float(value)
