"""The smallest models, built once: what the exporter does is the same for all of them."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from downloads import fetch
from export import verify
from export.__main__ import main
from export.choices import DETECTORS, RECOGNIZERS
from export.contract import DetectorExport, RecognizerExport
from tests.project import SAMPLES

CHOICE = "ppocrv6-tiny"

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def weights() -> dict[str, list[Path]]:
    """The published files of the detector and of the recogniser."""
    return {
        "detector": [fetch(source) for source in DETECTORS[CHOICE].sources],
        "recognizer": [fetch(source) for source in RECOGNIZERS[CHOICE].sources],
    }


@pytest.fixture(scope="session")
def detector(weights: dict[str, list[Path]]) -> DetectorExport:
    return DETECTORS[CHOICE].build(*weights["detector"])


@pytest.fixture(scope="session")
def recognizer(weights: dict[str, list[Path]]) -> RecognizerExport:
    return RECOGNIZERS[CHOICE].build(*weights["recognizer"])


@pytest.fixture(scope="session")
def lines(detector: DetectorExport, recognizer: RecognizerExport) -> list[NDArray[np.uint8]]:
    """Crops of the samples."""
    return verify.cut_lines(detector, recognizer.geometry, SAMPLES)


@pytest.fixture(scope="session")
def export_into() -> Run:
    """`python -m export` with the smallest models into a folder, with more arguments if need be."""

    def run(folder: Path, *arguments: object) -> Result:
        choice = ["--detector", CHOICE, "--recognizer", CHOICE, "--model-repository", folder]
        return CliRunner().invoke(main, [str(argument) for argument in (*choice, *arguments)])

    return run


@pytest.fixture(scope="session")
def exported(export_into: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that the exporter has written, verified: read only."""
    root = tmp_path_factory.mktemp("exported")
    result = export_into(root)
    assert result.exit_code == 0, result.output
    return root


@pytest.fixture
def root(exported: Path, tmp_path: Path) -> Path:
    """A repository of one's own, with version 1 in it."""
    return Path(shutil.copytree(exported, tmp_path / "repository"))


@pytest.fixture
def quickly(
    monkeypatch: pytest.MonkeyPatch, detector: DetectorExport, recognizer: RecognizerExport
) -> pytest.MonkeyPatch:
    """The models as built before, taken as right: for tests of what becomes of them."""
    monkeypatch.setitem(DETECTORS, CHOICE, dataclasses.replace(DETECTORS[CHOICE], build=lambda *_: detector))
    monkeypatch.setitem(RECOGNIZERS, CHOICE, dataclasses.replace(RECOGNIZERS[CHOICE], build=lambda *_: recognizer))
    monkeypatch.setattr(verify, "verify_detector", lambda *_: verify.Report())
    monkeypatch.setattr(verify, "verify_recognizer", lambda *_: verify.Report())
    monkeypatch.setattr(verify, "cut_lines", lambda *_: [])
    return monkeypatch
