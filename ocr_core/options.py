"""What a request may ask for, by request parameters."""

import dataclasses
import difflib
from collections.abc import Mapping

from ocr_core.errors import BadOption


@dataclasses.dataclass(frozen=True)
class Options:
    """Per-request settings; each field is the request parameter of the same name.

    Attributes:
        map_threshold: Probability above which a pixel of the detector's map counts as text, 0 … 1; None is the
            detector's own.
        quad_threshold: Least mean probability of a box, 0 … 1.
        unclip_ratio: How far a shrunk box is widened; 0 leaves it as the detector drew it, 0 … 5; None is the
            detector's own.
        min_confidence: Least mean confidence of a line's characters, 0 … 1; lines below it are left out.
    """

    map_threshold: float | None = None
    quad_threshold: float = 0.5
    unclip_ratio: float | None = None
    min_confidence: float = 0.5

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name, value in dataclasses.asdict(self).items():
            greatest = 5 if name == "unclip_ratio" else 1
            if value is not None and not 0 <= value <= greatest:
                raise BadOption(f"{name} is {value:g}; it must be between 0 and {greatest}")

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, object]) -> "Options":
        """Read options out of a request's parameters or its forwarded HTTP headers.

        Names of headers may be written as `Quad-Threshold`. Parameters that are no options pass (an operator may
        forward any header), but one that looks like a misspelt option is an error.

        >>> Options.from_parameters({"quad_threshold": "0.6"}).quad_threshold
        0.6
        """
        names = [field.name for field in dataclasses.fields(cls)]
        values = {}
        for key, value in parameters.items():
            name = key.lower().replace("-", "_")
            if name in names:
                values[name] = _number(name, value)
            elif close := difflib.get_close_matches(name, names, n=1, cutoff=0.85):
                raise BadOption(f"unknown option {key!r}; did you mean {close[0]!r}?")
        return cls(**values)


def _number(name: str, value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        raise BadOption(f"{name} is {str(value)[:40]!r}; it must be a number") from None
