"""Rectangles drawn into a probability map come back as quads."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_core import db, detection
from ocr_core.arcs import line_lengths
from ocr_core.options import Options
from ocr_core.quads import FloatArray, edge_lengths, turn_to_reading_direction
from tests.unit.asking import DB

AS_DRAWN = replace(DB, unclip_ratio=0)


def draw(
    target: FloatArray, centre: tuple[float, float], size: tuple[float, float], angle_deg: float, value: float
) -> FloatArray:
    """Fill a rotated rectangle by asking of every pixel's centre whether it lies inside; its corners, (4, 2)."""
    y, x = np.indices(target.shape)
    angle = np.deg2rad(angle_deg)
    axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    along, across = np.tensordot(axes, np.stack([x - centre[0], y - centre[1]]), axes=1)
    target[(np.abs(along) <= size[0] / 2) & (np.abs(across) <= size[1] / 2)] = value
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    return np.asarray(centre + (signs * size / 2) @ axes, np.float32)


def farthest_corner_px(quad: FloatArray, corners: FloatArray) -> float:
    """Distance of the worst corner, wherever the quad starts; both run clockwise."""
    distances = [np.linalg.norm(np.roll(quad, start, axis=0) - corners, axis=1).max() for start in range(4)]
    return float(min(distances))


@pytest.mark.parametrize("angle_deg", [0, 5, 17, 30, 45, 60, 89, 90, 120, 179])
@pytest.mark.parametrize("size", [(80, 12), (30, 30), (9, 60)])
def test_a_rectangle_comes_back_at_every_angle(size: tuple[float, float], angle_deg: float) -> None:
    probability = np.zeros((128, 160), np.float32)
    corners = draw(probability, (75, 60), size, angle_deg, 0.75)
    found, scores, _ = db.decode(probability, AS_DRAWN)
    assert (found.shape, found.dtype.name, scores.dtype.name) == ((1, 4, 2), "float32", "float32")
    # Drawn on a grid, an edge is off by half a pixel, a corner by that on two edges.
    assert farthest_corner_px(found[0], corners) <= 1.1
    # At most the pixels on its rim are missing from the mean.
    assert 0.65 <= scores[0] <= 0.75 + 1e-6


@settings(max_examples=30)
@given(cells=st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3))), width=st.integers(4, 30))
def test_each_of_several_rectangles_comes_back_once(cells: set[tuple[int, int]], width: int) -> None:
    probability = np.zeros((80, 160), np.float32)
    for column, row in cells:
        probability[20 * row + 2 : 20 * row + 9, 40 * column + 3 : 40 * column + 3 + width] = 1
    found, scores, _ = db.decode(probability, AS_DRAWN)
    corners = {tuple(corner) for quad in np.rint(found).tolist() for corner in map(tuple, quad)}
    assert len(found) == len(cells)
    assert corners == {
        (40 * column + 3 + x, 20 * row + 2 + y) for column, row in cells for x in (0, width - 1) for y in (0, 6)
    }
    np.testing.assert_allclose(scores, 1, rtol=1e-6)


@pytest.mark.parametrize(("unclip_ratio", "growth_px"), [(0, 0), (1.4, 6), (3.5, 15), (None, 600 * 1.6 / 140)])
def test_a_box_grows_on_every_side_by_area_times_ratio_over_perimeter(
    unclip_ratio: float | None, growth_px: float
) -> None:
    probability = np.zeros((100, 200), np.float32)
    probability[40:51, 60:121] = 1  # corners at pixels 60 … 120 and 40 … 50: 60 × 10, perimeter 140
    found, _, _ = db.decode(probability, DB.with_options(Options(unclip_ratio=unclip_ratio)))
    corners = [[x, y] for x in (60 - growth_px, 120 + growth_px) for y in (40 - growth_px, 50 + growth_px)]
    np.testing.assert_allclose(sorted(np.round(found[0], 3).tolist()), corners, atol=2e-3)


def test_the_score_is_the_mean_inside_the_box_before_it_grows() -> None:
    probability = np.zeros((40, 100), np.float32)
    probability[10:20, 10:50], probability[10:20, 50:90] = 0.4, 0.8
    _, scores, _ = db.decode(probability, DB.with_options(Options(unclip_ratio=5)))
    np.testing.assert_allclose(scores, [0.6], rtol=1e-6)


@pytest.mark.parametrize(
    ("value", "options", "expected"),
    [
        (0.5, Options(), 1),
        (0.49, Options(), 0),
        (0.75, Options(quad_threshold=0.75), 1),
        (0.75, Options(quad_threshold=0.76), 0),
        (0.75, Options(map_threshold=0.7), 1),
        (0.75, Options(map_threshold=0.75), 0),
        (0.31, Options(quad_threshold=0), 1),
        (0.29, Options(quad_threshold=0), 0),
        (0.01, Options(quad_threshold=0, map_threshold=0), 1),
    ],
)
def test_thresholds_of_the_map_are_exceeded_and_those_of_boxes_reached(
    value: float, options: Options, expected: int
) -> None:
    probability = np.zeros((40, 100), np.float32)
    probability[10:20, 10:50] = value
    found, scores, _ = db.decode(probability, DB.with_options(options))
    assert (len(found), len(scores)) == (expected, expected)


@pytest.mark.parametrize(("rows", "expected"), [(2, 0), (3, 1)])
def test_boxes_with_a_side_of_less_than_2_px_are_noise(rows: int, expected: int) -> None:
    """The corners of a component lie in the middle of its outermost pixels: three rows are 2 px."""
    probability = np.zeros((40, 100), np.float32)
    probability[10 : 10 + rows, 10:50] = 1
    assert len(db.decode(probability, DB.with_options(Options(quad_threshold=0)))[0]) == expected


def test_a_ring_is_one_box_and_its_hole_none() -> None:
    probability = np.zeros((100, 100), np.float32)
    probability[20:80, 20:80] = 1
    probability[30:70, 30:70] = 0
    found, _, _ = db.decode(probability, DB.with_options(Options(quad_threshold=0, unclip_ratio=0)))
    assert sorted(np.rint(found[0]).tolist()) == [[20, 20], [20, 79], [79, 20], [79, 79]]
    assert len(found) == 1


def test_boxes_of_a_coarse_map_are_in_pixels_of_the_detectors_input() -> None:
    probability = np.zeros((40, 100), np.float32)
    probability[10:20, 10:50] = 1
    found, _, _ = db.decode(probability, replace(AS_DRAWN, map_stride_px=4))
    assert sorted(np.rint(found[0]).tolist()) == [[40, 40], [40, 76], [196, 40], [196, 76]]


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("shape", [(1, 1), (2, 50), (32, 32)])
def test_a_map_of_one_value_is_no_box_or_the_whole_map(shape: tuple[int, int], value: float) -> None:
    found, scores, _ = db.decode(np.full(shape, value, np.float32), AS_DRAWN)
    assert (found.dtype.name, scores.dtype.name) == ("float32", "float32")
    if value and min(shape) > 2:
        assert sorted(np.rint(found[0]).tolist()) == [[0, 0], [0, 31], [31, 0], [31, 31]]
    else:
        assert (found.shape, scores.shape) == ((0, 4, 2), (0,))


def test_a_box_at_the_border_is_scored_by_what_is_inside() -> None:
    probability = np.zeros((60, 60), np.float32)
    draw(probability, (0, 0), (60, 20), 45, 1)
    draw(probability, (59, 59), (60, 20), 45, 1)
    _, scores, _ = db.decode(probability, DB.with_options(Options()))
    assert len(scores) == 2
    assert scores.min() > 0.9


def test_lines_come_in_pixels_of_the_page_upright_and_in_reading_order() -> None:
    """The map has half the page's height and a quarter of its width; a column of turned text stands on the right."""
    maps = np.zeros((1, 120, 100), np.float32)
    maps[0, 60:71, 10:71], maps[0, 10:21, 10:71] = 0.8, 0.9
    maps[0, 35:96, 85:91] = 1
    found, scores = detection.decode(maps, (240, 400), DB, Options(unclip_ratio=0))
    np.testing.assert_allclose(scores, [0.9, 0.8, 1], rtol=1e-6)
    np.testing.assert_allclose(
        found,
        [
            [[40, 20], [280, 20], [280, 40], [40, 40]],
            [[40, 120], [280, 120], [280, 140], [40, 140]],
            [[360, 70], [360, 190], [340, 190], [340, 70]],
        ],
        atol=1e-3,
    )


def arc(value: float) -> FloatArray:
    """A line on an arc: a fifth of a ring of radius 150, 16 pixels thick."""
    y, x = np.indices((120, 300))
    radius, angle = np.hypot(x - 150, y - 200), np.arctan2(x - 150, 200 - y)
    return np.where((np.abs(radius - 150) <= 8) & (np.abs(angle) <= np.pi / 5), value, 0).astype(np.float32)


def test_a_line_on_an_arc_counts_by_its_own_shape() -> None:
    """It fills less than half of its rectangle, and is as long and as high as a straight line of its thickness."""
    found, scores, bends = db.decode(arc(0.9), DB)
    np.testing.assert_allclose(scores, [0.9], rtol=1e-5)
    straight = np.zeros((120, 300), np.float32)
    straight[50:66, 50:238] = 0.9
    lengths, heights = edge_lengths(turn_to_reading_direction(db.decode(straight, DB)[0]))
    bent_lengths, bent_heights = line_lengths(found, bends)
    np.testing.assert_allclose(bent_lengths, lengths, rtol=0.03)
    np.testing.assert_allclose(bent_heights, heights, rtol=0.2)
    x, y = found[0].mean(axis=0) + bends[0]  # the centre of its circle
    assert x == pytest.approx(150, abs=1)
    assert 165 < y < 205


def test_an_arc_of_which_the_detector_is_not_sure_is_no_line() -> None:
    assert len(db.decode(arc(0.7), DB)[0]) == 0


def test_a_straight_box_below_the_threshold_stays_out_however_sure_its_core_is() -> None:
    probability = np.zeros((40, 100), np.float32)
    probability[10:20, 10:50], probability[10:20, 50:90] = 0.35, 0.6
    assert len(db.decode(probability, DB)[0]) == 0
