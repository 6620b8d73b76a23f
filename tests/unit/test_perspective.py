"""Pages that a camera sees from below: their lines and margins converge, and are straightened for the reading order."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ocr_core.perspective import level_boxes
from ocr_core.quads import FloatArray

HEIGHT, PITCH, ROWS, WIDTH = 20.0, 30.0, 30, 400.0
LEFTS = (0.0, 440.0)


def columns(top: float = 0) -> FloatArray:
    """Two columns of lines of one length."""
    boxes = np.array([(left, top + PITCH * row) for row in range(ROWS) for left in LEFTS])
    corners = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]])
    return np.asarray(boxes[:, None] + corners, np.float32)


def seen(quads: FloatArray, *moved: tuple[float, float]) -> FloatArray:
    """The same after the page's corners, from the top-left one on, have moved by so much."""
    corners = np.array([[0, 0], [840, 0], [840, 900], [0, 900]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, corners + np.array(moved, np.float32))
    return np.asarray(cv2.perspectiveTransform(quads, matrix), np.float32)


def lines_of(quads: FloatArray) -> FloatArray:
    return np.stack([quads[:, [0, 3]].mean(axis=1), quads[:, 1:3].mean(axis=1)], axis=1)


def upright(quads: FloatArray) -> FloatArray:
    return np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=1)


def test_what_lies_straight_stays_to_the_bit() -> None:
    quads = columns()
    np.testing.assert_array_equal(level_boxes(quads, lines_of(quads)), upright(quads))


@pytest.mark.parametrize(
    "moved",
    [
        pytest.param([(80, 30), (-30, 0), (0, 0), (0, 0)], id="from below"),
        pytest.param([(0, 0), (-90, 40), (-20, -40), (20, 0)], id="from the left"),
        pytest.param([(0, 0), (0, 0), (-90, -10), (40, -10)], id="from above"),
    ],
)
def test_margins_are_upright_and_lines_level_afterwards(moved: list[tuple[float, float]]) -> None:
    quads = seen(columns(), *moved)
    assert max(np.ptp(upright(quads)[column::2, 0]) for column in (0, 1)) > HEIGHT  # gutters are closed, or nearly so
    boxes = level_boxes(quads, lines_of(quads))
    for column in (0, 1):
        assert np.ptp(boxes[column::2, 0]) < 0.5 * HEIGHT
        assert np.ptp(boxes[column::2, 2]) < 0.5 * HEIGHT
    assert boxes[0::2, 2].max() < boxes[1::2, 0].min()
    middles = boxes[:, 1::2].mean(axis=1)
    assert np.abs(middles[0::2] - middles[1::2]).max() < 0.3 * HEIGHT


def test_a_few_lines_tell_nothing() -> None:
    quads = seen(columns()[:7], (80, 30), (-30, 0), (0, 0), (0, 0))
    np.testing.assert_array_equal(level_boxes(quads, lines_of(quads)), upright(quads))


def test_ragged_lines_tell_nothing_of_margins() -> None:
    random = np.random.default_rng(1)
    quads = columns() + random.uniform(-60, 60, (2 * ROWS, 1, 1)).astype(np.float32) * np.array([1, 0], np.float32)
    np.testing.assert_array_equal(level_boxes(quads, lines_of(quads)), upright(quads))


@given(
    quads=arrays.arrays(np.float32, (40, 4, 2), elements=st.integers(0, 300)),
    stretched=st.sampled_from([(1, 1), (1, 100), (100, 1)]),
)
def test_any_page_has_finite_boxes(quads: FloatArray, stretched: tuple[int, int]) -> None:
    """A long strip of paper is far away at no end."""
    quads = quads * np.array(stretched, np.float32)
    boxes = level_boxes(quads, lines_of(quads))
    assert boxes.shape == (40, 4)
    assert np.isfinite(boxes).all()
