"""What a request may ask for, by request parameters."""

import dataclasses
import difflib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from ocr_core.errors import BadOption

# Each option that is a number, with the least and the greatest value that it takes.
RANGES: dict[str, tuple[float, float]] = {
    "map_threshold": (0, 1),
    "quad_threshold": (0, 1),
    "unclip_ratio": (0, 5),
    "min_confidence": (0, 1),
}
# Each option that is one of a few words.
CHOICES: dict[str, tuple[str, ...]] = {"orientation": ("auto", "off", "0", "90", "180", "270")}
# Each option that is a name which only the server's configuration knows; how long it may be.
WORDS = {"language": 20}
DEFAULT_LANGUAGE = "default"
# Each option that is asked for or not, and how numbers, JSON, Triton's parameters and people write that. These and the
# above: the one list of options on the server's side.
FLAGS = ("words", "characters", "timings")
FLAG_VALUES = {"0": False, "0.0": False, "false": False, "1": True, "1.0": True, "true": True}
NAMES = (*RANGES, *CHOICES, *WORDS, *FLAGS)
# Each name is compared with the options, to find misspelt ones.
MAX_PARAMETERS = 100


@dataclasses.dataclass(frozen=True)
class Options:
    """Per-request settings; each field is the request parameter of the same name. None is the detector's own value.

    Attributes:
        map_threshold: Probability above which a pixel of the detector's map counts as text.
        quad_threshold: Least mean probability of a box.
        unclip_ratio: How far a shrunk box is widened; 0 leaves it as the detector drew it.
        min_confidence: Least mean confidence of a line's characters; lines below it are left out.
        orientation: Degrees counter-clockwise by which the image must be turned to stand upright; or `auto`, find it
            out; or `off`, take it as upright and read no line in a second direction.
        language: Which of the server's recognizers reads the lines.
        words: Whether the words of the lines are wanted, too.
        characters: Whether their characters are; the words come with them.
        timings: Whether the milliseconds of each step are.
    """

    map_threshold: float | None = None
    quad_threshold: float | None = None
    unclip_ratio: float | None = None
    min_confidence: float = 0.75
    orientation: str = "auto"
    language: str = DEFAULT_LANGUAGE
    words: bool = False
    characters: bool = False
    timings: bool = False

    def __post_init__(self) -> None:
        """Check the values."""
        for name, (least, greatest) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= greatest:
                raise BadOption(f"{name} is {value:g}; it must be between {least:g} and {greatest:g}")
        for name, words in CHOICES.items():
            if (word := getattr(self, name)) not in words:
                raise BadOption(f"{name} is {word[:40]!r}; it must be one of {', '.join(words)}")
        for name, length in WORDS.items():
            if not re.fullmatch(rf"[a-z0-9-]{{1,{length}}}", word := getattr(self, name)):
                raise BadOption(
                    f"{name} is {word[:40]!r}; it must be a name of up to {length} letters, digits and hyphens"
                )

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, object]) -> "Options":
        """Read options out of a request's parameters or its forwarded HTTP headers.

        Names of headers may be written as `Quad-Threshold`. Parameters that are no options pass (an operator may
        forward any header), but one that looks like a misspelt option is an error.

        >>> Options.from_parameters({"quad_threshold": "0.6"}).quad_threshold
        0.6
        """
        if len(parameters) > MAX_PARAMETERS:
            raise BadOption(f"the request has {len(parameters)} parameters; at most {MAX_PARAMETERS} are accepted")
        values: dict[str, Any] = {}
        for key, value in parameters.items():
            name = key.lower().replace("-", "_")
            if name in NAMES:
                parsed = _parsed(name, value)
                if name in values and values[name] != parsed:
                    raise BadOption(f"{name} is given as {values[name]} and as {parsed}; give it once")
                values[name] = parsed
            elif close := _closest(name):
                raise BadOption(f"unknown option {key!r}; did you mean {close!r}?")
        return cls(**values)

    @classmethod
    def from_json(cls, read: Callable[[], str]) -> "Options":
        """Read options out of a request's parameters as Triton hands them on.

        Args:
            read: Gives them, a JSON object or nothing.

        Raises:
            BadOption: One is no option, out of its range, or not text.
        """
        try:
            parameters = read() or "{}"
        except UnicodeDecodeError:
            raise BadOption("a parameter or a header of the request is not UTF-8") from None
        return cls.from_parameters(json.loads(parameters))


def _closest(name: str) -> str | None:
    """The option that a name is most likely meant to be."""
    if len(name) > 2 * max(map(len, NAMES)):
        return None
    return next(iter(difflib.get_close_matches(name, NAMES, n=1, cutoff=0.85)), None)


def _parsed(name: str, value: object) -> float | bool | str:
    if name in RANGES:
        return _number(name, value)
    return _flag(name, value) if name in FLAGS else _word(value)


def _number(name: str, value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        raise BadOption(f"{name} is {str(value)[:40]!r}; it must be a number") from None


def _word(value: object) -> str:
    """A choice or a name as it is written: clients may send 90 as a number."""
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def _flag(name: str, value: object) -> bool:
    try:
        return FLAG_VALUES[str(value).lower()]
    except KeyError:
        raise BadOption(f"{name} is {str(value)[:40]!r}; it must be 0 or 1") from None
