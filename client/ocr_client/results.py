"""What was read. `Page`, `Line`, `Word` and `Character` are the JSON schema: the same fields in the same order."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

Point: TypeAlias = tuple[float, float]
Quad: TypeAlias = tuple[Point, Point, Point, Point]


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """One character of a word.

    Attributes:
        text: The character, with its combining marks.
        confidence: How sure the recognizer is of it, 0 to 1.
        quad: The corners of its ink's box, as in `Line`.
    """

    text: str
    confidence: float
    quad: Quad

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Character":
        """Build a character from its JSON object.

        Raises:
            KeyError: A field is missing.
            ValueError: The quad is not four (x, y) pairs.
        """
        return cls(text=str(fields["text"]), confidence=float(fields["confidence"]), quad=_quad(fields["quad"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word of a line; each character of Chinese and Japanese is a word.

    Attributes:
        text: What it says.
        confidence: The mean of its characters' confidences, 0 to 1.
        quad: The corners of its ink's box, as in `Line`.
        characters: In the text's order; None if `read` was not called with `characters=True`.
    """

    text: str
    confidence: float
    quad: Quad
    characters: tuple[Character, ...] | None = None

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Word":
        """Build a word from its JSON object.

        Raises:
            KeyError: A field is missing.
            ValueError: A quad is not four (x, y) pairs.
        """
        characters = fields.get("characters")
        return cls(
            text=str(fields["text"]),
            confidence=float(fields["confidence"]),
            quad=_quad(fields["quad"]),
            characters=None if characters is None else tuple(map(Character.from_dict, characters)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of text.

    Attributes:
        text: What it says.
        confidence: How sure the recognizer is of the text, 0 to 1.
        quad: Its four corners (x, y) in pixels of the image as a viewer shows it (EXIF orientation
            applied), clockwise from the top-left corner in reading direction.
        score: How sure the detector is that there is text, 0 to 1.
        block: Number of its paragraph, heading or table on the page, from 0; None if `read` was not called with
            `blocks=True`.
        words: In the text's order; None if `read` was not called with `words=True` or `characters=True`.
    """

    text: str
    confidence: float
    quad: Quad
    score: float
    block: int | None = None
    words: tuple[Word, ...] | None = None

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Line":
        """Build a line from its JSON object.

        Raises:
            KeyError: A field is missing.
            ValueError: A quad is not four (x, y) pairs.
        """
        words = fields.get("words")
        return cls(
            text=str(fields["text"]),
            confidence=float(fields["confidence"]),
            quad=_quad(fields["quad"]),
            score=float(fields["score"]),
            block=int(fields["block"]) if "block" in fields else None,
            words=None if words is None else tuple(map(Word.from_dict, words)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Text that was found and could not be read.

    Attributes:
        quad: Its corners, as in `Line`.
        reason: `low_confidence`, or `unknown_script`: most of it looks like no character that the recognizer knows.
            Newer servers may have more.
    """

    quad: Quad
    reason: str

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Unread":
        """Build it from its JSON object.

        Raises:
            KeyError: A field is missing.
            ValueError: The quad is not four (x, y) pairs.
        """
        return cls(quad=_quad(fields["quad"]), reason=str(fields["reason"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a page as a whole.

    Attributes:
        angle: Degrees counter-clockwise by which the image must be turned to stand upright: 0, 90, 180 or 270, as
            `PIL.Image.rotate(angle, expand=True)` and `numpy.rot90(image, angle // 90)` turn it.
        skew: Degrees counter-clockwise by which it must be turned further for its lines to be level.
        confidence: How sure the recognizer is on average of all lines that were found, 0 to 1.
        detector_scale: How many pixels the detector saw for one of the image; at less than 1, small print may be lost.
        step_milliseconds: How long the page took, by the names of the server's steps, in their order.
        model_version: Number of the version of the server's models that read the page; None if it was not told.
    """

    angle: int
    skew: float
    confidence: float
    detector_scale: float
    step_milliseconds: Mapping[str, float] = field(hash=False)
    model_version: str | None = None

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Facts":
        """Build them from their JSON object.

        Raises:
            KeyError: A field is missing.
        """
        names = ("skew", "confidence", "detector_scale")
        return cls(
            angle=int(fields["angle"]),
            step_milliseconds={step: float(ms) for step, ms in fields["step_milliseconds"].items()},
            model_version=fields.get("model_version"),
            **{name: float(fields[name]) for name in names},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that was read in one image.

    Attributes:
        width: Of the image as a viewer shows it, in pixels.
        height: Likewise.
        lines: In reading order; empty for a page without text.
        unread: Text that was found and could not be read; None if `read` was not called with `unread=True`.
        facts: How it lies, and more; None if `read` was not called with `facts=True`.
    """

    width: int
    height: int
    lines: tuple[Line, ...]
    unread: tuple[Unread, ...] | None = None
    facts: Facts | None = None

    @property
    def angle(self) -> int | None:
        """Of its facts."""
        return self.facts.angle if self.facts else None

    @property
    def text(self) -> str:
        """The lines' text, one below the other."""
        return "\n".join(line.text for line in self.lines)

    def to_dict(self) -> dict[str, Any]:
        """The page as JSON-ready dicts, tuples, strings and numbers, without what was not asked for."""
        return asdict(self, dict_factory=_asked_for)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Page":
        """Build a page from what `to_dict` gave, also after a trip through JSON; further keys are ignored.

        Raises:
            KeyError: A field is missing.
            ValueError: A quad is not four (x, y) pairs.
        """
        lines = tuple(Line.from_dict(line) for line in fields["lines"])
        unread = tuple(map(Unread.from_dict, fields["unread"])) if "unread" in fields else None
        facts = Facts.from_dict(fields["facts"]) if "facts" in fields else None
        return cls(width=int(fields["width"]), height=int(fields["height"]), lines=lines, unread=unread, facts=facts)


def _asked_for(fields: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in fields if value is not None}


def _quad(corners: Iterable[Any]) -> Quad:
    quad = tuple((float(x), float(y)) for x, y in corners)
    if len(quad) != 4:
        raise ValueError(f"a quad has 4 corners, got {len(quad)}")
    return quad


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadResult:
    """The result for one of many images: its page, or the error.

    Attributes:
        index: Its place among the images, from 0.
        name: What the image is called: its path, its file's name, or "image 3" by its index.
        page: What was read in it; None if that failed.
        error: Why it failed: an `OcrError`, or what Python raises for an image that cannot be loaded.
    """

    index: int
    name: str
    page: Page | None = None
    error: Exception | None = None

    def unwrap(self) -> Page:
        """The page.

        Raises:
            Exception: The error, if there is one.
        """
        if self.page is None:
            raise self.error or ValueError("a result has a page or an error")
        return self.page
