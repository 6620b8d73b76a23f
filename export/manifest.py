"""What an export was made from, and what it wrote: by this file the next run finds out whether anything has changed."""

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import Path

from ocr_core import exported
from ocr_core.errors import NotExported

FILE_NAME = "export.json"

# What an ONNX file comes from and what made it, by model (export/provenance.py).
Inputs = dict[str, dict[str, str]]


@dataclasses.dataclass(frozen=True)
class Manifest:
    """One version of a model repository.

    Attributes:
        inputs: What decided the files.
        files: Path in the repository → SHA-256, of every file that was made from the weights.
        configs: Path in the repository → SHA-256, of the project's configurations at that time.
    """

    inputs: Inputs
    files: dict[str, str]
    configs: dict[str, str]

    def __post_init__(self) -> None:
        """Check the values.

        Raises:
            ValueError: One is no table.
        """
        if not all(isinstance(value, dict) for value in (self.inputs, self.files, self.configs)):
            raise ValueError("inputs, files and configs must be tables")

    @classmethod
    def load(cls, file: Path) -> "Manifest | None":
        """The manifest in a file; None if there is none, or not one that this version writes."""
        try:
            return exported.read(cls, file)
        except NotExported:
            return None

    def save(self, file: Path) -> None:
        """Write the file that `load` reads."""
        exported.write(self, file)

    def is_of(self, inputs: Inputs, root: Path) -> bool:
        """Whether all was made from just these inputs, and is in the repository as it was written."""
        return self.inputs == inputs and self.is_whole(root)

    def is_whole(self, root: Path) -> bool:
        """Whether every file is there as it was written."""
        return all(digest(root / name) == expected for name, expected in self.files.items())


def digest(file: Path) -> str:
    """SHA-256 of a file's content; empty where there is no file."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def digests(root: Path, written: Mapping[Path, Path]) -> dict[str, str]:
    """Path in the repository → SHA-256.

    Args:
        root: The repository's folder.
        written: Where each file will be, in it → where it is now.
    """
    return {place.relative_to(root).as_posix(): digest(file) for place, file in written.items()}
