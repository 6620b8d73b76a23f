"""A model repository with two versions that read an image differently."""

import dataclasses
import shutil
from pathlib import Path

from downloads import fetch
from export.build import Built
from export.choices import DETECTORS, RECOGNIZERS
from export.contract import DETECTOR_MODEL, RECOGNIZER_MODEL, DetectorExport, RecognizerExport
from export.repository import ModelRepository
from tests.project import MODEL_REPOSITORY

# Another detector, another recognizer with other characters, and other numbers for the steps around them: whichever of
# its models stands beside those of version 1, together they read what neither version reads.
OTHER = "ppocrv6-tiny"


def first_version(root: Path) -> Path:
    """A copy of the project's models.

    Args:
        root: The folder to write; it must not be there yet.
    """
    return Path(shutil.copytree(MODEL_REPOSITORY, root, ignore=shutil.ignore_patterns("__pycache__")))


def add_second_version(root: Path) -> None:
    """Write version 2 beside version 1, as `python -m export` does it, without the comparison with the originals."""
    detector, recognizer = _build(OTHER, OTHER)
    detector = dataclasses.replace(
        detector, detector=dataclasses.replace(detector.detector, max_area_px=80_000, unclip_ratio=1.3)
    )
    graphs = {DETECTOR_MODEL: detector.graph, RECOGNIZER_MODEL: recognizer.graph}
    ModelRepository(root, 2).write(Built(detector, recognizer, graphs, graphs, graphs), {})


def add_service(root: Path, name: str, detector: str = OTHER, recognizer: str = OTHER) -> None:
    """Write a further service, as `python -m export --service` does it, without the comparison with the originals."""
    built = _build(detector, recognizer)
    graphs = {DETECTOR_MODEL: built[0].graph, RECOGNIZER_MODEL: built[1].graph}
    ModelRepository(root, 1, name).write(Built(*built, graphs, graphs, graphs), {})


def _build(detector: str, recognizer: str) -> tuple[DetectorExport, RecognizerExport]:
    return (
        DETECTORS[detector].build(*map(fetch, DETECTORS[detector].sources)),
        RECOGNIZERS[recognizer].build(*map(fetch, RECOGNIZERS[recognizer].sources)),
    )
