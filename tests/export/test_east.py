"""EAST: TensorFlow is in an environment of its own, made on the first run; the graph is also held against OpenCV's."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from downloads import fetch
from export import east, verify
from export.choices import DETECTORS
from export.contract import DetectorExport
from export.errors import ExportError
from ocr_core import image
from ocr_core.east import rectangles_of_cells
from ocr_core.image import RgbArray
from ocr_core.quads import FloatArray, from_rectangles
from tests.east_boxes import by_opencv, detect, ious
from tests.project import SAMPLES

pytestmark = pytest.mark.frameworks

MIN_SCORE = 0.8
MAX_IOU = 0.4
PAGES = ["street.jpg", "label.png", "receipt.png"]


@pytest.fixture(scope="session")
def frozen() -> Path:
    """The published graph."""
    (source,) = DETECTORS["east"].sources
    return fetch(source)


@pytest.fixture(scope="session")
def exported(frozen: Path) -> DetectorExport:
    return east.detector(frozen)


def page(name: str) -> RgbArray:
    return image.fit_to_detector(image.decode((SAMPLES / name).read_bytes(), max_megapixels=100)[0])


def boxes(maps: FloatArray) -> FloatArray:
    """Our reading of the cells and no more than OpenCV makes of it: the best boxes, not merged."""
    cells, _, _ = rectangles_of_cells(maps, MIN_SCORE)
    rectangles = [
        (tuple(centre), tuple(size), angle)
        for centre, size, angle in zip(
            cells.centres.tolist(), cells.sizes.tolist(), np.rad2deg(cells.angles_rad).tolist(), strict=True
        )
    ]
    kept = np.asarray(cv2.dnn.NMSBoxesRotated(rectangles, cells.scores.tolist(), MIN_SCORE, MAX_IOU), np.intp)
    return from_rectangles(cells.centres[kept], cells.sizes[kept], cells.angles_rad[kept])


def assert_same_boxes(found: FloatArray, expected: FloatArray) -> None:
    """Every box has its match, and none is there besides."""
    assert len(found) == len(expected) > 0
    agreement = ious(expected, found)
    assert len(set(agreement.argmax(axis=1))) == len(expected)
    assert agreement.max(axis=1).min() >= 0.9


def test_the_graph_says_what_tensorflow_says(exported: DetectorExport) -> None:
    report = verify.verify_detector(exported, SAMPLES)
    assert report.batches == 6
    assert report.largest_difference < 2e-4
    assert report.decisions > 100


@pytest.mark.parametrize("name", PAGES)
def test_opencv_reads_the_same_boxes_out_of_the_same_maps(exported: DetectorExport, name: str) -> None:
    (maps,) = verify.load(exported.graph)(page(name)[None])["maps"]
    assert_same_boxes(boxes(maps), by_opencv(maps, MIN_SCORE, MAX_IOU))


@pytest.mark.parametrize("name", PAGES)
def test_opencv_finds_the_same_boxes_with_the_published_graph(
    exported: DetectorExport, frozen: Path, name: str
) -> None:
    pixels = page(name)
    (maps,) = verify.load(exported.graph)(pixels[None])["maps"]
    model = cv2.dnn.TextDetectionModel_EAST(str(frozen))
    assert_same_boxes(boxes(maps), detect(model, pixels, MIN_SCORE, MAX_IOU))


def test_half_of_the_weights_are_gone(exported: DetectorExport, frozen: Path) -> None:
    assert len(exported.graph.SerializeToString()) < frozen.stat().st_size / 2


def test_the_converted_graph_is_kept(exported: DetectorExport, frozen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(east, "_run", None)
    assert east.detector(frozen).graph == exported.graph


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"<!DOCTYPE html>", "given.pb is no frozen TensorFlow graph", id="a web page"),
        pytest.param(b"", "given.pb is not EAST's graph: it has no input_images:0", id="another graph"),
    ],
)
def test_a_file_that_is_not_east_is_told_in_one_sentence(
    tmp_path: Path, content: bytes, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(east, "cache_directory", lambda: tmp_path)
    given = tmp_path / "given.pb"
    given.write_bytes(content)
    with pytest.raises(ExportError, match=f"^{reason}$"):
        east.detector(given)
    assert list((tmp_path / "converted").iterdir()) == []
