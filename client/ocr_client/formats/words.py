"""The words of a line as the formats need them: each with the space before it."""

from typing import NamedTuple

from ocr_client.results import Line, Word


class Part(NamedTuple):
    """A part of a line.

    Attributes:
        word: What is there.
        is_parted: Whether a space stands before it; Chinese and Japanese have none, nor has the first word of a line.
    """

    word: Word
    is_parted: bool


def parts(line: Line) -> list[Part]:
    """A line's words.

    Raises:
        ValueError: The line was read without its words.

    >>> square = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    >>> words = tuple(Word(text=text, confidence=1, quad=square) for text in ("A", "字", "体"))
    >>> [part.is_parted for part in parts(Line(text="A 字体", confidence=1, quad=square, score=1, words=words))]
    [False, True, False]
    """
    if line.words is None:
        raise ValueError(f"the line {line.text!r} has no words: read the image with words=True")
    found: list[Part] = []
    end = 0
    for word in line.words:
        start = line.text.find(word.text, end)
        found.append(Part(word, bool(found) and line.text[end:start].isspace()))
        end = max(start, end) + len(word.text)
    return found
