"""EAST: TensorFlow is in an environment of its own, made on the first run; the graph is also held against OpenCV's."""

from pathlib import Path

import cv2
import pytest

from downloads import fetch
from export import east, east_boxes, verify
from export.choices import DETECTORS
from export.contract import DetectorExport
from export.environment import Environment
from export.errors import ExportError
from ocr_core import image
from ocr_core.pixels import RgbArray
from tests.export.conftest import Built
from tests.project import SAMPLES

pytestmark = pytest.mark.frameworks


@pytest.fixture(scope="session")
def frozen() -> Path:
    """The published graph."""
    (source,) = DETECTORS["east"].sources
    return fetch(source)


@pytest.fixture(scope="session")
def exported(built: Built) -> DetectorExport:
    return built(DETECTORS["east"])


def page(name: str) -> RgbArray:
    decoded, _ = image.decode((SAMPLES / name).read_bytes(), 100, east.DETECTOR)
    return image.fit_to_detector(decoded, east.DETECTOR)


def test_the_graph_gives_what_tensorflow_gives(exported: DetectorExport) -> None:
    report = verify.verify_detector(exported, SAMPLES)
    assert report.batches == 6
    assert report.largest_difference < 2e-4
    assert report.decisions > 100


@pytest.mark.parametrize("name", ["street.jpg", "label.png"])
def test_opencv_finds_the_same_boxes_with_the_published_graph(
    exported: DetectorExport, frozen: Path, name: str
) -> None:
    pixels = page(name)
    (maps,) = verify.runner(exported.graph)(pixels[None])["maps"]
    ours, theirs = (
        east_boxes.by_us(maps, east.DETECTOR.map_stride_px),
        east_boxes.detect(cv2.dnn.TextDetectionModel_EAST(str(frozen)), pixels),
    )
    assert len(ours) == len(theirs) > 0
    assert all(max(east_boxes.iou(one, other) for other in ours) > 0.9 for one in theirs)


def test_the_graph_has_half_of_the_published_weights(exported: DetectorExport, frozen: Path) -> None:
    assert len(exported.graph.SerializeToString()) < frozen.stat().st_size / 2


def test_the_converted_graph_is_kept(exported: DetectorExport, frozen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Environment, "run", None)
    assert east.detector(frozen).graph == exported.graph


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"<!DOCTYPE html>", "given.pb is not a frozen TensorFlow graph", id="a web page"),
        pytest.param(b"", "given.pb is not EAST's graph: it has no input_images:0", id="another graph"),
    ],
)
def test_a_file_that_is_not_east_is_reported_in_one_sentence(
    tmp_path: Path, content: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(east, "cache_directory", lambda: tmp_path)
    given = tmp_path / "given.pb"
    given.write_bytes(content)
    with pytest.raises(ExportError, match=f"^{reason}$"):
        east.detector(given)
    assert list((tmp_path / "converted").iterdir()) == []
