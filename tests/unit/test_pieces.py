"""Lines that run up or down a page are put together; what only lies near is left alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ocr_core import pieces
from ocr_core.quads import FloatArray, turn_to_reading_direction

LEVEL = [(20.0, 10.0, 220.0, 30.0), (20.0, 40.0, 220.0, 60.0)]


def quads_of(boxes: list[tuple[float, float, float, float]], tilt_deg: float = 0, *, up: bool = False) -> FloatArray:
    """Boxes, left, top, right, bottom, in reading direction, tilted about the origin; tall ones are read up or down."""
    corners = np.array(boxes, np.float32).reshape(-1, 4)[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    quads = turn_to_reading_direction(corners)
    tall = quads[:, 0, 0] > quads[:, 2, 0]
    quads[tall & up] = np.roll(quads[tall & up], 2, axis=1)
    turn = np.deg2rad(tilt_deg)
    return np.asarray(quads @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]), np.float32)


def join(quads: FloatArray) -> tuple[FloatArray, FloatArray, list[int]]:
    scores = np.linspace(0.9, 0.6, len(quads), dtype=np.float32)
    joined, means, firsts = pieces.join(quads, scores)
    return joined, means, firsts.tolist()


@pytest.mark.parametrize("tilt_deg", [0, 3, -8])
@pytest.mark.parametrize("up", [False, True])
def test_words_that_run_up_or_down_become_a_line(tilt_deg: float, up: bool) -> None:
    """Boxes overlap a little or stand apart, differ in height, and one is no longer than high."""
    boxes = [*LEVEL, (300, 10, 330, 150), (301, 145, 331, 250), (299, 255, 331, 290), (302, 300, 330, 420)]
    joined, scores, firsts = join(quads_of(boxes, tilt_deg, up=up))
    assert firsts == [0, 1, 2]
    np.testing.assert_allclose(joined[:2], quads_of(LEVEL, tilt_deg), atol=1e-3)
    whole = quads_of([*LEVEL, (299, 10, 331, 420)], tilt_deg, up=up)[2]
    np.testing.assert_allclose(joined[2], whole, atol=4)
    lengths = np.array([140, 105, 35, 120])  # of the square, its width
    assert scores[2] == pytest.approx(np.average([0.78, 0.72, 0.66, 0.6], weights=lengths), abs=0.01)


@pytest.mark.parametrize(
    "boxes",
    [
        pytest.param([(300, 10, 330, 150), (300, 190, 330, 300)], id="far-apart"),
        pytest.param([(300, 10, 330, 150), (312, 155, 342, 300)], id="aside"),
        pytest.param([(300, 10, 330, 150), (335, 10, 365, 150)], id="side-by-side"),
        pytest.param([(300, 10, 330, 150), (290, 155, 340, 400)], id="higher"),
        pytest.param([(300, 10, 330, 150), (300, 155, 330, 165)], id="sliver"),
        pytest.param([(300, 10, 320, 42), (300, 47, 320, 79), (300, 84, 320, 116)], id="digits-below-each-other"),
        pytest.param([(20, 10, 120, 30), (125, 10, 220, 30)], id="level"),
        pytest.param([], id="none"),
    ],
)
def test_what_is_not_one_line_across_the_page_is_left_alone(boxes: list[tuple[float, float, float, float]]) -> None:
    quads = quads_of([*LEVEL, *boxes])
    joined, _, firsts = join(quads)
    assert firsts == list(range(len(quads)))
    np.testing.assert_array_equal(joined, quads)


def test_a_page_of_upright_lines_that_is_said_to_lie_level_is_left_alone() -> None:
    """As many pairs as its lines make would take too long."""
    boxes = [(30.0 * x, 100.0 * y, 30.0 * x + 20, 100.0 * y + 95) for x in range(60) for y in range(10)]
    assert len(join(quads_of(boxes))[2]) == len(boxes)
    assert len(join(quads_of(boxes[:400]))[2]) == 40


@given(arrays.arrays(np.float32, st.tuples(st.integers(0, 6), st.just(4), st.just(2)), elements=st.integers(0, 90)))
def test_each_box_is_in_one_line_and_no_line_reaches_beyond_its_boxes(quads: FloatArray) -> None:
    quads = turn_to_reading_direction(quads)
    joined, scores, firsts = join(quads)
    assert len(joined) == len(scores) == len(firsts) == len(set(firsts)) <= len(quads)
    assert np.isfinite(joined).all()
    if len(quads):
        assert joined.min() >= quads.min() - 90
        assert joined.max() <= quads.max() + 90
