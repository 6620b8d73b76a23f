"""What the weights of the exported models ask of the steps around them."""

from dataclasses import dataclass

from ocr_core import detector, recognizer
from ocr_core.detector import Detector
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

        Args:
            repository: Where they are.

        Raises:
            NotExported: They are not what this version of the exporter writes.
            StartError: They have not been exported.
        """
        return cls(
            Detector.load(repository.folder_with(detector.FILE_NAME)),
            Recognizer.load(repository.folder_with(recognizer.FILE_NAME)),
        )
