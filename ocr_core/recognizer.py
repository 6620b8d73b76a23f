"""What a recognizer's weights ask of the steps around them."""

import dataclasses
from pathlib import Path
from typing import Literal

from ocr_core import exported
from ocr_core.options import DEFAULT_LANGUAGE

FILE_NAME = "recognizer.json"
PADDINGS = ("grey", "edge")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recognizer:
    """The crops that a recognizer takes, in pixels, and the characters that it gives.

    Attributes:
        height: Height of every crop.
        min_width: Least width; narrower lines are stretched.
        max_width: Greatest width; longer lines are squeezed.
        padding: What fills a crop up to the width of its batch: mid grey, or its last column again and again.
        in_groups: Whether its graphs for CPUs read the crops of a call in groups (export/groups.py).
        characters: Entry i is class i; entry 0 is the CTC blank, an empty string.
    """

    height: int
    min_width: int
    max_width: int
    padding: Literal["grey", "edge"] = "grey"
    in_groups: bool = False
    characters: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ValueError: One is out of its range.
        """
        object.__setattr__(self, "characters", tuple(self.characters))  # a list, in JSON
        for name in ("height", "min_width", "max_width"):
            exported.require_positive(name, getattr(self, name))
        if self.min_width > self.max_width:
            raise ValueError(f"min_width is {self.min_width}, more than max_width, {self.max_width}")
        if self.padding not in PADDINGS:
            raise ValueError(f"padding is {self.padding!r}; it must be one of {', '.join(PADDINGS)}")
        if not isinstance(self.in_groups, bool):
            raise ValueError(f"in_groups is {self.in_groups!r}; it must be true or false")
        if not (self.characters[:1] == ("",) and all(isinstance(character, str) for character in self.characters)):
            raise ValueError("characters must be strings, the first one empty: the CTC blank")

    @classmethod
    def load(cls, version_directory: Path, language: str = DEFAULT_LANGUAGE) -> "Recognizer":
        """Read the file that the exporter wrote; that of another language than the default one was put beside it.

        Raises:
            NotExported: There is none, or it is not what this version of the exporter writes.
        """
        return exported.read(cls, version_directory / file_name(language))

    @property
    def crops(self) -> tuple[int, int, int, str]:
        """Which crops it takes: height, least width, greatest width, padding."""
        return self.height, self.min_width, self.max_width, self.padding

    def save(self, version_directory: Path) -> None:
        """Write the file that `load` reads."""
        exported.write(self, version_directory / FILE_NAME)


def file_name(language: str) -> str:
    """Of the file about a language's recognizer.

    >>> file_name(DEFAULT_LANGUAGE), file_name("ru")
    ('recognizer.json', 'recognizer.ru.json')
    """
    return FILE_NAME if language == DEFAULT_LANGUAGE else f"recognizer.{language}.json"
