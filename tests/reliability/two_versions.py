"""A model repository with two versions that read an image differently."""

import dataclasses
import shutil
from pathlib import Path

from downloads import fetch
from export.build import Built, Forms
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
    ModelRepository(root, 2).write(_built(detector, recognizer), {})


def add_service(root: Path, name: str, detector: str = OTHER, recognizer: str = OTHER) -> None:
    """Write a further service, as `python -m export --service` does it, without the comparison with the originals."""
    ModelRepository(root, 1, name).write(_built(*_build(detector, recognizer)), {})


def _built(detector: DetectorExport, recognizer: RecognizerExport) -> Built:
    """A pair with its contract graphs for all processors."""
    graphs = {DETECTOR_MODEL: detector.graph, RECOGNIZER_MODEL: recognizer.graph}
    return Built(detector, recognizer, {model: Forms(*4 * [graph]) for model, graph in graphs.items()})


def _build(detector: str, recognizer: str) -> tuple[DetectorExport, RecognizerExport]:
    return (
        DETECTORS[detector].build(*map(fetch, DETECTORS[detector].sources)),
        RECOGNIZERS[recognizer].build(*map(fetch, RECOGNIZERS[recognizer].sources)),
    )
