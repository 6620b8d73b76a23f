"""Lines on an arc: found by their outline, told by their quad and bend, straightened."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ocr_core import crops, orientation
from ocr_core.arcs import MAX_HALF_ANGLE, STRAIGHT, Arc, line_lengths
from ocr_core.quads import FloatArray, edge_lengths
from tests.unit.asking import recognizer

SIDE_PX = 640
PAPER, INK = 240, 20


def arc_of(turn: float, side: int, radius: float = 240, height: float = 48, half_angle: float = 0.9) -> Arc:
    """An arc round the middle of the page."""
    along = np.array([math.cos(turn), math.sin(turn)])
    return Arc(np.full(2, SIDE_PX / 2), along, side, radius, height, half_angle)


arcs = st.builds(
    arc_of,
    turn=st.floats(-math.pi, math.pi),
    side=st.sampled_from([-1, 1]),
    radius=st.floats(120, 240),
    height=st.floats(4, 10),
    half_angle=st.floats(0.9, 1.3),
)


def drawn(arc: Arc) -> NDArray[np.uint8]:
    """A mask of its ring."""
    mask = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    crop = np.array([[x, y] for x in range(101) for y in (0, 1)], np.float32).reshape(101, 2, 2)
    ring = arc.place(crop, 100, 1)
    outline = np.concatenate([ring[:, 0], ring[::-1, 1]])
    cv2.fillPoly(mask, [np.rint(outline).astype(np.int32)], (1,))
    return mask


def fitted(mask: NDArray[np.uint8]) -> Arc | None:
    (outline,), _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    _, sides, _ = cv2.minAreaRect(outline)
    return Arc.fit(np.asarray(outline, np.int32), float(np.prod(sides)))


@given(arc=arcs)
def test_an_arc_is_found_by_its_outline_whichever_way_it_bends(arc: Arc) -> None:
    """Its middle is taken to be above: whether its text stands on its head, the outline does not tell."""
    found = fitted(drawn(arc))
    assert found
    np.testing.assert_allclose(found.centre, arc.centre, atol=0.05 * arc.radius)
    assert found.radius == pytest.approx(arc.radius, rel=0.05)
    assert found.height == pytest.approx(arc.height, abs=3)
    assert found.half_angle == pytest.approx(arc.half_angle, abs=0.06)
    np.testing.assert_allclose(found.along, -arc.side * arc.along, atol=0.06)
    assert found.side == -1


@pytest.mark.parametrize(
    "shape",
    [
        [[10, 50], [300, 50], [300, 70], [10, 70]],
        [[10, 50], [300, 90], [297, 110], [7, 70]],
        [[10, 10], [150, 10], [80, 100]],
        [[10, 10], [200, 10], [200, 30], [30, 30], [30, 150], [10, 150]],
        [[10, 50], [90, 50], [90, 90], [170, 90], [170, 110], [70, 110], [70, 70], [10, 70]],
    ],
    ids=["level", "tilted", "triangle", "corner", "step"],
)
def test_what_is_no_arc_is_taken_for_none(shape: list[list[int]]) -> None:
    mask = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    cv2.fillPoly(mask, [np.array(shape, np.int32)], (1,))
    assert fitted(mask) is None


def test_more_than_half_a_circle_is_no_line() -> None:
    mask = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    cv2.ellipse(mask, (200, 200), (100, 100), 0, 0, 250, (1,), 12)
    assert fitted(mask) is None


@pytest.mark.parametrize("points", [[[5, 5]], [[5, 5], [9, 9]], [[0, 0], [8, 0], [8, 8], [0, 8]]])
def test_an_outline_without_an_area_or_without_a_bend_is_no_arc(points: list[list[int]]) -> None:
    assert Arc.fit(np.array(points, np.int32)[:, None], 64) is None


@given(arc=arcs)
def test_quad_and_bend_tell_the_arc(arc: Arc) -> None:
    again = Arc.of(*arc.quad())
    assert again
    for name in ("centre", "along", "side", "radius", "height", "half_angle"):
        np.testing.assert_allclose(getattr(again, name), getattr(arc, name), atol=0.02, err_msg=name)


@given(arc=arcs)
def test_the_quad_is_the_rectangle_round_the_arc(arc: Arc) -> None:
    quad, _ = arc.quad()
    ring = arc.place(np.array([[x, y] for x in range(101) for y in (0, 1)], np.float32), 100, 1)
    origin, along, across = quad[0], quad[1] - quad[0], quad[3] - quad[0]
    shares = (ring - origin) @ np.stack([along / (along @ along), across / (across @ across)], axis=1)
    np.testing.assert_allclose(shares.min(axis=0), 0, atol=0.01)
    np.testing.assert_allclose(shares.max(axis=0), 1, atol=0.01)


@given(arc=arcs)
def test_text_that_is_read_the_other_way_bends_the_other_way(arc: Arc) -> None:
    quad, bend = arc.quad()
    other = Arc.of(orientation.turn_text_by_half(quad[None])[0], bend)
    assert other
    assert other.side == -arc.side
    np.testing.assert_allclose(other.place(np.array([10, 2]), 100, 8), arc.place(np.array([90, 6]), 100, 8), atol=0.05)


def test_an_arc_grows_on_all_sides_and_no_further_than_an_arc_goes() -> None:
    arc = arc_of(0, -1, 100, 10, 1.0)
    assert arc.grown(5) == replace(arc, height=20, half_angle=1.05)
    assert arc.grown(60).half_angle == MAX_HALF_ANGLE


@pytest.mark.parametrize(
    ("quad", "bend"),
    [
        ([[0, 0], [100, 0], [100, 40], [0, 40]], [0, 0]),
        ([[0, 0], [100, 0], [100, 40], [0, 40]], [0, 5]),  # it would be wider than its circle
        ([[0, 0], [100, 0], [100, 40], [0, 40]], [50, 0]),  # the circle's centre would be within the line
        ([[0, 0], [0, 0], [0, 0], [0, 0]], [0, 9]),
        ([[0, 0], [np.inf, 0], [100, 40], [0, 40]], [0, 90]),
        ([[0, 0], [100, 0], [100, 40], [0, 40]], [np.nan, np.nan]),
    ],
)
def test_what_cannot_be_an_arc_is_taken_for_straight(quad: list[list[float]], bend: list[float]) -> None:
    quads, bends = np.array([quad], np.float32), np.array([bend], np.float32)
    with np.errstate(all="ignore"):
        assert Arc.of(quads[0], bends[0]) is None
        np.testing.assert_array_equal(line_lengths(quads, bends), edge_lengths(quads))


def fill(page: NDArray[np.uint8], corners: FloatArray) -> None:
    """Ink between corners, (P, 2); OpenCV counts from the middle of the first pixel."""
    cv2.fillPoly(page, [np.rint((corners - 0.5) * 16).astype(np.int32)], (INK,) * 3, shift=4)


def text_on(arc: Arc) -> NDArray[np.uint8]:
    """A page with dark bars across an arc, its start marked by a dot below them: what a straightened crop shows."""
    page = np.full((SIDE_PX, SIDE_PX, 3), PAPER, np.uint8)
    for x in range(10, 100, 20):
        bar = np.array([[x, 2], [x + 6, 2], [x + 6, 5], [x, 5]], np.float32)
        fill(page, arc.place(bar, 100, 8))
    fill(page, arc.place(np.array([[10, 6.5], [16, 6.5], [16, 7.5], [10, 7.5]], np.float32), 100, 8))
    return page


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("turn", [0, 0.3, math.pi / 2, math.pi])
def test_a_line_is_straight_in_its_crop(side: int, turn: float) -> None:
    """Bars on an arc are upright rectangles of one height there, at equal distances."""
    arc = arc_of(turn, side)
    quad, bend = arc.quad()
    strip, widths = crops.cut(text_on(arc), quad[None], recognizer(max_width=2000), bend[None])
    assert widths[0] == pytest.approx(48 * arc.length / arc.height, abs=1)
    dark = strip[:, :, 0] < (PAPER + INK) / 2
    starts = np.flatnonzero(np.diff(dark[20].astype(int)) == 1) / widths[0] * 100
    np.testing.assert_allclose(starts, [10, 30, 50, 70, 90], atol=1)
    rows = np.flatnonzero(dark[:, round(widths[0] * 0.53)])
    assert (rows.min(), rows.max()) == (pytest.approx(12, abs=2), pytest.approx(29, abs=2))
    assert dark[42, round(widths[0] * 0.13)]


def test_a_high_arc_is_cut_out_of_a_page_of_half_the_size() -> None:
    arc = arc_of(0, -1)
    large = cv2.resize(text_on(arc), None, fx=3, fy=3, interpolation=cv2.INTER_AREA)
    quad, bend = arc.quad()
    small, _ = crops.cut(text_on(arc), quad[None], recognizer(max_width=2000), bend[None])
    same, _ = crops.cut(np.asarray(large, np.uint8), 3 * quad[None], recognizer(max_width=2000), 3 * bend[None])
    assert np.abs(small.astype(int) - same).mean() < 6


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("turned", [False, True])
def test_boxes_in_the_crop_of_an_arc_are_placed_round_what_they_hold(side: int, turned: bool) -> None:
    arc = arc_of(0, side)
    quad, bend = arc.quad()
    placed = crops.place(np.array([[100, 6, 160, 42]], np.float32), quad, 400, 48, bend=bend, turned=turned)
    expected = arc.place(np.array([[x, y] for x in range(100, 161, 10) for y in (6, 42)]), 400, 48)
    np.testing.assert_allclose(placed[0].mean(axis=0), expected.mean(axis=0), atol=2)
    for point in expected:
        assert cv2.pointPolygonTest(placed[0], tuple(point.tolist()), measureDist=True) > -0.1
    lengths, heights = edge_lengths(placed)
    assert lengths[0] == pytest.approx(arc.length * 60 / 400, rel=0.1)
    assert heights[0] == pytest.approx(arc.height * 36 / 48, rel=0.1)


def test_straight_lines_keep_their_lengths() -> None:
    quads = np.array([[[0, 0], [100, 0], [100, 20], [0, 20]]], np.float32)
    np.testing.assert_array_equal(line_lengths(quads, STRAIGHT[None]), edge_lengths(quads))
