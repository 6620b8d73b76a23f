"""`ocr read` as a test runs it, in the folder that the fixture `scans` makes."""

import sys
from pathlib import Path

from click.testing import CliRunner, Result

from ocr_client.cli import main

# For what takes a process of its own.
OCR = (sys.executable, "-c", "from ocr_client.cli import main; main()")


def ocr(*arguments: str, content: bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["read", *arguments], input=content)


def add(*files: str, content: str = "") -> None:
    for name in files:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes((content or Path(name).stem).encode())


def files(folder: str) -> dict[str, str]:
    """What is in a folder and its folders."""
    paths = (path for path in sorted(Path(folder).rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in paths}
