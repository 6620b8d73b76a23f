"""PP-OCR files of the user's own: `--recognizer paddleocr:FILE.onnx --characters FILE`, and the same for a detector."""

from collections.abc import Callable, Mapping
from pathlib import Path

from downloads import Source
from export import ppocr
from export.choices import DETECTORS, RECOGNIZERS, Choice, Export
from export.contract import DetectorExport, RecognizerExport
from export.errors import ExportError

PREFIX = "paddleocr:"
FORM = f"{PREFIX}FILE.onnx"


def detector(value: str) -> Choice[DetectorExport]:
    """The detector that the command line names.

    Args:
        value: Name of a choice, or `paddleocr:` and a file.

    Raises:
        ExportError: The file cannot be read.
    """
    return _choice(value, None, DETECTORS, ppocr.detector)


def recognizer(value: str, characters: Path | None) -> Choice[RecognizerExport]:
    """The recognizer that the command line names.

    Args:
        value: Name of a choice, or `paddleocr:` and a file.
        characters: A list of the file's characters, one a line; by default the one in its metadata.

    Raises:
        ExportError: A file cannot be read, or there are characters without a file.
    """
    if characters and not value.startswith(PREFIX):
        raise ExportError(f"--characters is of use with --recognizer {FORM} alone: {value} has its own")
    return _choice(value, characters, RECOGNIZERS, ppocr.recognizer)


def _choice(
    value: str, characters: Path | None, known: Mapping[str, Choice[Export]], build: Callable[..., Export]
) -> Choice[Export]:
    if not value.startswith(PREFIX):
        return known[value]
    weights = Path(value.removeprefix(PREFIX))
    sources = tuple(_source(file) for file in (weights, characters) if file)
    return Choice(PREFIX + weights.name, build, sources, "what its characters spell", "a file of your own")


def _source(file: Path) -> Source:
    """A file of the user's own, whose licence nobody has told us (SPDX says it so)."""
    try:
        return Source(file.name, "NOASSERTION", "", sha256="", size=0).given(file.absolute())
    except OSError as error:
        raise ExportError(f"cannot read {file}: {error.strerror}") from error
