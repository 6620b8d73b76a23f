"""What was read. `Page` and `Line` are the JSON schema: the same fields in the same order."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

Point: TypeAlias = tuple[float, float]
Quad: TypeAlias = tuple[Point, Point, Point, Point]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of text.

    Attributes:
        text: What it says.
        confidence: How sure the recognizer is of the text, 0 to 1.
        quad: Its four corners (x, y) in pixels of the image as a viewer shows it (EXIF orientation
            applied), clockwise from the top-left corner in reading direction.
        score: How sure the detector is that there is text, 0 to 1.
    """

    text: str
    confidence: float
    quad: Quad
    score: float

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Line":
        """Build a line from its JSON object.

        Raises:
            KeyError: A field is missing.
            ValueError: The quad is not four (x, y) pairs.
        """
        return cls(
            text=str(fields["text"]),
            confidence=float(fields["confidence"]),
            quad=_quad(fields["quad"]),
            score=float(fields["score"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that was read in one image.

    Attributes:
        width: Of the image as a viewer shows it, in pixels.
        height: Likewise.
        lines: In reading order; empty for a page without text.
        unread: Corners of text that was found and could not be read, as in `Line`; None if `read` was not called with
            `unread=True`.
    """

    width: int
    height: int
    lines: tuple[Line, ...]
    unread: tuple[Quad, ...] | None = None

    @property
    def text(self) -> str:
        """The lines' text, one below the other."""
        return "\n".join(line.text for line in self.lines)

    def to_dict(self) -> dict[str, Any]:
        """The page as JSON-ready dicts, tuples, strings and numbers."""
        fields = asdict(self)
        if self.unread is None:
            del fields["unread"]
        return fields

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Page":
        """Build a page from what `to_dict` gave, also after a trip through JSON; further keys are ignored.

        Raises:
            KeyError: A field is missing.
            ValueError: A quad is not four (x, y) pairs.
        """
        lines = tuple(Line.from_dict(line) for line in fields["lines"])
        unread = tuple(map(_quad, fields["unread"])) if "unread" in fields else None
        return cls(width=int(fields["width"]), height=int(fields["height"]), lines=lines, unread=unread)


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
