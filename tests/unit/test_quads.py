"""Corners of lines of text: made, turned, scaled, measured."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_core import quads
from ocr_core.quads import FloatArray

RECTANGLES = st.tuples(
    st.tuples(st.floats(-100, 900), st.floats(-100, 900)),
    st.tuples(st.floats(1, 500), st.floats(1, 500)),
    st.floats(-180, 180),
)
Rectangle = tuple[tuple[float, float], tuple[float, float], float]


def rectangle(centre: tuple[float, float], size: tuple[float, float], angle_deg: float) -> FloatArray:
    """One quad, (1, 4, 2)."""
    centres, sizes, angles_deg = (np.array([value], np.float32) for value in (centre, size, angle_deg))
    return quads.from_rectangles(centres, sizes, np.deg2rad(angles_deg))


def signed_areas(corners: FloatArray) -> FloatArray:
    """Positive for quads that run clockwise where y points down (the shoelace formula)."""
    x, y = corners[..., 0].astype(float), corners[..., 1].astype(float)
    return np.asarray((x * np.roll(y, -1, axis=1) - np.roll(x, -1, axis=1) * y).sum(axis=1) / 2)


def heading_deg(quad: FloatArray) -> float:
    """Direction of the first edge, clockwise from the x axis."""
    x, y = quad[1] - quad[0]
    return float(np.rad2deg(np.arctan2(y, x)))


@pytest.mark.parametrize(
    ("angle_deg", "corners"),
    [
        (0, [[6, 9], [14, 9], [14, 11], [6, 11]]),
        (90, [[11, 6], [11, 14], [9, 14], [9, 6]]),
        (180, [[14, 11], [6, 11], [6, 9], [14, 9]]),
        # The angle of the 3-4-5 triangle.
        (36.8699, [[7.4, 6.8], [13.8, 11.6], [12.6, 13.2], [6.2, 8.4]]),
    ],
)
def test_a_rectangle_of_8_by_2_pixels_has_its_corners_where_its_angle_puts_them(
    angle_deg: float, corners: list[list[float]]
) -> None:
    np.testing.assert_allclose(rectangle((10, 10), (8, 2), angle_deg)[0], corners, atol=1e-4)


@pytest.mark.parametrize("corner", range(4), ids=lambda corner: f"begun at corner {corner}")
@pytest.mark.parametrize(
    ("size", "angle_deg", "read_towards_deg"),
    [
        ((100, 10), 0, 0),
        ((100, 10), 30, 30),
        ((100, 10), -30, -30),
        ((100, 10), 65, 65),
        ((100, 10), -65, -65),
        ((100, 10), 80, 80),
        ((100, 10), -80, 100),
        ((100, 10), 90, 90),
        ((100, 10), 150, -30),
        ((12, 10), 40, 40),
        ((12, 10), 50, -40),
        ((12, 10), 85, -5),
        ((14, 10), 90, 0),
        ((16, 10), 90, 90),
    ],
)
def test_lines_are_read_to_the_right_or_downwards(
    size: tuple[float, float], angle_deg: float, read_towards_deg: float, corner: int
) -> None:
    begun_anywhere = np.roll(rectangle((50, 50), size, angle_deg), corner, axis=1)
    turned = quads.turn_to_reading_direction(begun_anywhere)
    assert heading_deg(turned[0]) == pytest.approx(read_towards_deg, abs=1e-3)


@given(found=st.lists(RECTANGLES, max_size=5), corner=st.integers(0, 3))
def test_turning_keeps_the_corners_and_their_clockwise_order(found: list[Rectangle], corner: int) -> None:
    given_quads = np.concatenate([np.zeros((0, 4, 2), np.float32), *(rectangle(*r) for r in found)])
    turned = quads.turn_to_reading_direction(np.roll(given_quads, corner, axis=1))
    assert turned.shape == given_quads.shape
    for before, after in zip(given_quads, turned, strict=True):
        assert any(np.array_equal(np.roll(before, start, axis=0), after) for start in range(4))
    assert np.array_equal(quads.turn_to_reading_direction(turned), turned)


@given(found=RECTANGLES)
def test_the_first_edge_never_points_to_the_left_by_more_than_a_slanting_column_does(found: Rectangle) -> None:
    turned = quads.turn_to_reading_direction(rectangle(*found))
    assert -70.1 <= heading_deg(turned[0]) <= 110.1


@given(found=RECTANGLES, width=st.integers(1, 2000), height=st.integers(1, 2000))
def test_scaled_quads_stay_clockwise_and_inside(found: Rectangle, width: int, height: int) -> None:
    scaled = quads.scale(rectangle(*found), (800, 600), (height, width))
    assert scaled.dtype == np.float32
    assert scaled.min() >= 0
    assert (scaled.max(axis=(0, 1)) <= (width, height)).all()
    assert signed_areas(scaled)[0] >= -1e-6 * width * height


def test_scaling_is_by_width_in_x_and_by_height_in_y_and_clips() -> None:
    quad = np.array([[[-4, -4], [50, 10], [120, 40], [0, 20]]], np.float32)
    scaled = quads.scale(quad, (40, 100), (80, 50))
    assert scaled.tolist() == [[[0, 0], [25, 20], [50, 80], [0, 40]]]


def test_the_longer_of_two_opposite_edges_counts() -> None:
    trapezium = np.array([[[0, 0], [30, 0], [34, 3], [0, 4]], [[0, 0], [3, 4], [3, 10], [0, 12]]], np.float32)
    widths, heights = quads.edge_lengths(trapezium)
    np.testing.assert_allclose(widths, [np.hypot(34, 1), 5], rtol=1e-6)
    np.testing.assert_allclose(heights, [5, 12], rtol=1e-6)


def test_no_quads_are_made_turned_scaled_and_measured() -> None:
    none = quads.from_rectangles(np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32), np.zeros(0, np.float32))
    scaled = quads.scale(quads.turn_to_reading_direction(none), (10, 10), (20, 20))
    assert (scaled.shape, scaled.dtype.name) == ((0, 4, 2), "float32")
    assert [lengths.shape for lengths in quads.edge_lengths(scaled)] == [(0,), (0,)]
