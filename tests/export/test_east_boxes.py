"""The exporter holds our reading of EAST's maps against OpenCV's, and finds where they part."""

from collections.abc import Callable

import numpy as np
import pytest

from export import east_boxes
from export.errors import ExportError
from ocr_core.east import Rectangles, rectangles_of_cells
from ocr_core.quads import FloatArray

# Pixels of the detector's input from one cell to the next.
STRIDE_PX = 4


@pytest.fixture
def maps() -> FloatArray:
    """A turned word, 120 x 30 px, and another, 60 x 20 px, that lies level: a few cells in the middle tell of each."""
    maps = np.zeros((6, 64, 96), np.float32)
    maps[:, 20:22, 30:34] = np.array([0.9, 15, 60, 15, 60, 0.3])[:, None, None]
    maps[:, 50, 70:73] = np.array([0.95, 10, 30, 10, 30, 0])[:, None]
    return maps


def test_both_read_the_same(maps: FloatArray) -> None:
    assert len(east_boxes.by_us(maps, STRIDE_PX)) == 2
    east_boxes.check(maps, STRIDE_PX)
    east_boxes.check(np.zeros_like(maps), STRIDE_PX)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        pytest.param(
            lambda cells: cells._replace(angles_rad=-cells.angles_rad), "2 boxes, 1 are among the 2", id="turned back"
        ),
        pytest.param(
            lambda cells: cells._replace(centres=cells.centres + 4), "2 boxes, 0 are among the 2", id="a cell aside"
        ),
        pytest.param(lambda cells: cells.take(np.arange(8)), "2 boxes, 1 are among the 1", id="one less"),
    ],
)
def test_another_reading_is_found(
    maps: FloatArray, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Rectangles], Rectangles], message: str
) -> None:
    def spoilt(maps: FloatArray, threshold: float, stride_px: int) -> tuple[Rectangles, object, object]:
        cells, positions, blobs = rectangles_of_cells(maps, threshold, stride_px)
        return spoil(cells), positions, blobs

    monkeypatch.setattr(east_boxes, "rectangles_of_cells", spoilt)
    with pytest.raises(ExportError, match=f"^of OpenCV's {message} that we read in the maps$"):
        east_boxes.check(maps, STRIDE_PX)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param([[0, 0], [4, 0], [4, 2], [0, 2]], 1, id="the same"),
        pytest.param([[2, 0], [6, 0], [6, 2], [2, 2]], 1 / 3, id="half"),
        pytest.param([[2, -1], [4, 1], [2, 3], [0, 1]], 3 / 5, id="turned"),
        pytest.param([[5, 0], [9, 0], [9, 2], [5, 2]], 0, id="beside"),
    ],
)
def test_what_two_boxes_have_in_common_of_what_they_cover(other: list[list[float]], expected: float) -> None:
    box = np.array([[0, 0], [4, 0], [4, 2], [0, 2]], np.float32)
    assert east_boxes.iou(box, np.array(other, np.float32)) == pytest.approx(expected)
