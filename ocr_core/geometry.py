"""What the weights ask of the steps around them: written beside the models by the exporter, read at load."""

import dataclasses
import json
from pathlib import Path
from typing import Literal

from ocr_core.errors import NotExported

FILE_NAME = "geometry.json"


@dataclasses.dataclass(frozen=True)
class CropGeometry:
    """The crops that a recognizer takes, in pixels.

    Attributes:
        height: Height of every crop.
        min_width: Least width; narrower lines are stretched.
        max_width: Greatest width; longer lines are squeezed.
        padding: What fills a crop up to the width of its batch: mid grey, or its last column again and again.
    """

    height: int
    min_width: int
    max_width: int
    padding: Literal["grey", "edge"] = "grey"

    @classmethod
    def load(cls, version_directory: Path) -> "CropGeometry":
        """Read the file that the exporter wrote.

        Raises:
            NotExported: There is none.
        """
        return cls(**json.loads(read_exported(version_directory / FILE_NAME)))

    def save(self, version_directory: Path) -> None:
        """Write the file that `load` reads."""
        text = json.dumps(dataclasses.asdict(self), indent=1) + "\n"
        (version_directory / FILE_NAME).write_text(text, encoding="utf-8")


def read_exported(path: Path) -> str:
    """Text of a file that the exporter writes.

    Raises:
        NotExported: It is not there.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotExported(f"{path.name} is missing; write it with `python -m export`") from None
