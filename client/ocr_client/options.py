"""What a caller may ask for beside the image: written once, for every client and the command line."""

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple, TypeAlias, TypedDict


class Option(NamedTuple):
    """One option of a request.

    Attributes:
        low: Its least value.
        high: Its greatest value.
        meaning: What it does, in a sentence.
    """

    low: float
    high: float
    meaning: str


class Choice(NamedTuple):
    """An option that is one of a few words or numbers.

    Attributes:
        words: How they are sent.
        meaning: What it does, in a sentence.
    """

    words: tuple[str, ...]
    meaning: str


class Word(NamedTuple):
    """An option that is a name which the server knows.

    Attributes:
        meaning: What it does, in a sentence.
    """

    meaning: str


Orientation: TypeAlias = Literal["auto", "off", "0", "90", "180", "270", 0, 90, 180, 270]


class Flag(NamedTuple):
    """A part of the answer that is sent only to those who ask for it.

    Attributes:
        meaning: What it is, in a sentence.
        parameter: Of the request that asks for what costs time; None if the option's own name is it.
    """

    meaning: str
    parameter: str | None = None


class ReadOptions(TypedDict, total=False):
    """Keyword arguments of every `read`; None, like absence, means the server's default.

    A new option takes one line here: the check, the command's options and their help are derived from it.
    """

    quad_threshold: Annotated[float | None, Option(0, 1, "Lowest score at which a detected box is kept.")]
    map_threshold: Annotated[
        float | None, Option(0, 1, "Level above which a pixel counts as text; a lower one finds fainter text.")
    ]
    unclip_ratio: Annotated[
        float | None, Option(0, 5, "How far boxes grow beyond the detected core of the text; 0 is not at all.")
    ]
    min_confidence: Annotated[float | None, Option(0, 1, "Lowest confidence at which a line that was read is kept.")]
    orientation: Annotated[
        Orientation | None,
        Choice(
            ("auto", "off", "0", "90", "180", "270"),
            "Degrees counter-clockwise by which the image must be turned to stand upright; or auto, or off.",
        ),
    ]
    language: Annotated[
        str | None, Word("Which of the server's recognizers reads: default, or a language that it has.")
    ]
    words: Annotated[
        bool, Flag("Tell the words of each line, too (json, jsonl, tsv; hocr, alto and pdf always have them).")
    ]
    characters: Annotated[bool, Flag("Tell the words and their characters, too (json, jsonl).")]
    facts: Annotated[
        bool, Flag("Tell the page's angle, skew, milliseconds of each step and more, too (json, jsonl).", "timings")
    ]
    # No parameters of the request: they ask for further outputs.
    unread: bool
    blocks: bool


_NOTES = {
    name: kind.__metadata__[0] for name, kind in ReadOptions.__annotations__.items() if hasattr(kind, "__metadata__")
}
OPTIONS: dict[str, Option | Choice | Word] = {name: note for name, note in _NOTES.items() if not isinstance(note, Flag)}
FLAGS: dict[str, Flag] = {name: note for name, note in _NOTES.items() if isinstance(note, Flag)}


def request_parameters(options: Mapping[str, object]) -> dict[str, float | str]:
    """Check options and turn them into the request's parameters.

    Raises:
        TypeError: An option does not exist, or is no number.
        ValueError: An option is out of range, or none of the words that it may be.
    """
    known = ReadOptions.__annotations__
    if unknown := options.keys() - known.keys():
        raise TypeError(f"unknown option {', '.join(sorted(unknown))}; known are {', '.join(known)}")
    numbers = {name: _checked(name, options[name]) for name in OPTIONS if options.get(name) is not None}
    return numbers | {flag.parameter or name: True for name, flag in FLAGS.items() if options.get(name)}


def _checked(name: str, value: object) -> float | str:
    option = OPTIONS[name]
    if isinstance(option, Word):
        if not isinstance(value, str) or not value:
            raise ValueError(f"{name} is a name, got {value!r}")
        return value
    if isinstance(option, Choice):
        if isinstance(value, bool) or str(value) not in option.words:
            raise ValueError(f"{name} is one of {', '.join(option.words)}, got {value!r}")
        return str(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} is a number, got {value!r}")
    low, high, _ = option
    if not low <= value <= high:
        raise ValueError(f"{name} is between {low:g} and {high:g}, got {value!r}")
    return float(value)
