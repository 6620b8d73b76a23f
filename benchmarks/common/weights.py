"""What the weights of the exported models ask of the steps around them."""

from dataclasses import dataclass
from pathlib import Path

from ocr_core import detector, recognizer
from ocr_core.detector import Detector
from ocr_core.errors import NotExported
from ocr_core.recognizer import Recognizer
from ocr_launch.repository import Repository


@dataclass(frozen=True, slots=True)
class Weights:
    """What they ask.

    Attributes:
        detector: The pages that the detector takes, and how its maps are decoded.
        recognizer: The crops that the recognizer takes, and the characters that it gives.
    """

    detector: Detector
    recognizer: Recognizer

    @classmethod
    def of(cls, repository: Repository) -> "Weights":
        """Read them beside the steps that need them.

        Raises:
            NotExported: They have not been exported.
            StartError: A step has no version.
        """
        return cls(
            Detector.load(_find(repository, detector.FILE_NAME)),
            Recognizer.load(_find(repository, recognizer.FILE_NAME)),
        )


def _find(repository: Repository, name: str) -> Path:
    for step in repository.steps:
        version = repository.folder(step)
        if (version / name).exists():
            return version
    raise NotExported(f"no step in {repository.root} has {name}; write it with `python -m export`")
