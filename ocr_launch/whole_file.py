"""A text file that others read meanwhile: they find it as it was or as it is to be, and never a part of it."""

from pathlib import Path


def write(file: Path, text: str, part: Path | None = None) -> None:
    """Write it by one rename.

    Args:
        file: It.
        text: Of it.
        part: What is written before that, on the same disk; by default beside the file.

    Raises:
        OSError: It cannot be written.
    """
    part = part or file.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
