"""Lines cut out of a page, upright, at the recognizer's height, side by side."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_core import crops, quads
from ocr_core.pixels import RgbArray, as_rgb
from ocr_core.quads import FloatArray, edge_lengths
from tests.unit.asking import recognizer

# Grey levels by which equal pictures may differ; a turned or mirrored pattern differs by more than 60.
SAME = 6
RECOGNIZER = recognizer()


def pattern(width: int, height: int) -> RgbArray:
    """Four blurred patches, each of its own colour, so that a turned or mirrored one differs everywhere."""
    patches = np.array([[[250, 20, 20], [20, 250, 20]], [[20, 20, 250], [240, 240, 240]]], np.uint8)
    return np.asarray(cv2.resize(patches, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def box(left: float, top: float, right: float, bottom: float) -> FloatArray:
    return np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]], np.float32)


def mean_difference(one: RgbArray, other: RgbArray) -> float:
    return float(np.abs(one.astype(int) - other).mean())


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(100, 48, 100), (100, 24, 200), (100, 96, 50), (33, 32, 50), (2, 48, 16), (9000, 48, 320), (40, 0, 320)],
)
def test_a_crop_is_as_wide_as_its_line_at_the_recognizers_height(width: int, height: int, expected: int) -> None:
    widths = crops.widths_px(*edge_lengths(box(5, 7, 5 + width, 7 + height)), RECOGNIZER)
    assert (widths.tolist(), widths.dtype.name) == ([expected], "int32")


@pytest.mark.parametrize(
    "corners",
    [
        pytest.param([[20, 30], [220, 30], [220, 78], [20, 78]], id="level"),
        pytest.param([[30, 40], [220, 100], [205, 148], [15, 88]], id="turned"),
        pytest.param([[40, 30], [230, 60], [225, 120], [30, 70]], id="in perspective"),
        pytest.param([[120, 240], [40, 40], [90, 20], [170, 220]], id="upwards"),
        pytest.param([[220, 200], [20, 200], [20, 150], [220, 150]], id="upside down"),
    ],
)
def test_a_line_drawn_in_perspective_comes_back_upright(corners: list[list[float]]) -> None:
    upright = pattern(200, 48)
    quad = np.array(corners, np.float32)
    whole = np.array([[0, 0], [200, 0], [200, 48], [0, 48]], np.float32)
    matrix = cv2.getPerspectiveTransform(whole, quad)
    page = np.asarray(cv2.warpPerspective(upright, matrix, (260, 260), borderMode=cv2.BORDER_REPLICATE), np.uint8)
    strip, widths = crops.cut(page, quad[None], recognizer(min_width=200, max_width=200))
    assert widths.tolist() == [200]
    assert strip.shape == (48, 200, 3)
    assert mean_difference(strip, upright) < SAME


@pytest.mark.parametrize("height", [20, 60, 230], ids=["small", "upright", "halved"])
@pytest.mark.parametrize("slope", [0, 30])
def test_a_grey_page_gives_the_same_crops_in_grey(height: int, slope: int) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (300, 300, 1), np.uint8)
    found = box(10, 20, 210, 20 + height)
    found[0, :, 1] += [0, slope, slope, 0]
    strip, widths = crops.cut(grey, found, RECOGNIZER)
    assert strip.shape == (48, widths[0], 1)
    assert np.array_equal(as_rgb(strip), crops.cut(as_rgb(grey), found, RECOGNIZER)[0])


def test_an_upright_line_is_what_a_transform_makes_of_it() -> None:
    """A pixel beside it, it would be another picture."""
    page = pattern(260, 100)
    found = box(13, 20, 213, 44)
    wide = recognizer(min_width=400, max_width=400)
    strip, _ = crops.cut(page, found, wide)
    found[0, 2] += 0.6  # no rectangle any more
    transformed, _ = crops.cut(page, found, wide)
    assert mean_difference(strip, transformed) < 2


def test_a_tall_line_is_turned() -> None:
    upright = pattern(144, 48)
    page = np.zeros((200, 100, 3), np.uint8)
    page[20:164, 30:78] = np.rot90(upright, -1)
    found = quads.turn_to_reading_direction(box(30, 20, 78, 164))
    strip, widths = crops.cut(page, found, RECOGNIZER)
    assert widths.tolist() == [144]
    assert mean_difference(strip, upright) < SAME


@pytest.mark.parametrize("height", [96, 130, 250, 384])
def test_a_tall_letter_is_averaged_instead_of_sampled(height: int) -> None:
    """Noise on a slope: what is sampled stays noisy, what is averaged is the slope, as INTER_AREA makes it."""
    rng = np.random.default_rng(0)
    slope = np.linspace(60, 190, 2 * height)[None, :, None]
    page = np.rint(slope + rng.uniform(-60, 60, (height, 2 * height, 3))).astype(np.uint8)
    strip, _ = crops.cut(page, box(0, 0, 2 * height, height), RECOGNIZER)
    averaged = np.asarray(cv2.resize(page, (96, 48), interpolation=cv2.INTER_AREA), np.uint8)
    sampled = np.asarray(cv2.resize(page, (96, 48), interpolation=cv2.INTER_NEAREST), np.uint8)
    assert mean_difference(strip, averaged) < mean_difference(sampled, averaged) / 2.5


def test_a_line_eight_times_too_tall_is_the_exact_average() -> None:
    page = np.random.default_rng(0).integers(0, 256, (384, 1600, 3), np.uint8)
    strip, _ = crops.cut(page, box(0, 0, 1600, 384), RECOGNIZER)
    averaged = np.asarray(cv2.resize(page, (200, 48), interpolation=cv2.INTER_AREA), np.uint8)
    assert mean_difference(strip, averaged) < 1.5


def test_a_small_line_is_interpolated() -> None:
    ramp = np.repeat(np.arange(0, 200, 2, dtype=np.uint8)[None, :, None], 3, axis=2).repeat(20, axis=0)
    strip, _ = crops.cut(ramp, box(10, 4, 90, 16), RECOGNIZER)
    assert strip.shape == (48, 320, 3)
    assert set(np.unique(np.diff(strip[24, :, 0].astype(int)))) == {0, 1}


def test_small_and_large_lines_of_one_page_lie_side_by_side_in_order() -> None:
    page = np.zeros((400, 400, 3), np.uint8)
    page[10:58, 10:106] = [200, 0, 0]
    page[100:292, 10:394] = [0, 200, 0]
    page[300:348, 10:58] = [0, 0, 200]
    found = np.concatenate([box(10, 10, 106, 58), box(10, 100, 394, 292), box(10, 300, 58, 348)])
    strip, widths = crops.cut(page, found, RECOGNIZER)
    assert (strip.shape, strip.dtype.name, widths.tolist()) == ((48, 240, 3), "uint8", [96, 96, 48])
    assert strip[24, [48, 144, 216]].tolist() == [[200, 0, 0], [0, 200, 0], [0, 0, 200]]


def test_beyond_the_page_its_edge_is_repeated() -> None:
    page = np.full((40, 40, 3), 90, np.uint8)
    strip, _ = crops.cut(page, box(-20, -4, 60, 44), RECOGNIZER)
    assert np.unique(strip).tolist() == [90]


def test_no_quads_are_an_empty_strip() -> None:
    strip, widths = crops.cut(pattern(30, 20), np.zeros((0, 4, 2), np.float32), RECOGNIZER)
    assert (strip.shape, strip.dtype.name) == ((48, 0, 3), "uint8")
    assert (widths.shape, widths.dtype.name) == ((0,), "int32")


@given(
    corners=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 50)), min_size=4, max_size=4),
    repeated=st.integers(0, 3),
)
def test_quads_clipped_to_triangles_or_points_give_a_crop(corners: list[tuple[int, int]], repeated: int) -> None:
    corners[repeated] = corners[repeated - 1]
    strip, widths = crops.cut(pattern(60, 50), np.array([corners], np.float32), RECOGNIZER)
    assert strip.shape == (48, widths[0], 3)
    assert 16 <= widths[0] <= 320


def test_of_crops_that_are_turned_by_half_the_middles_may_be_taken_alone() -> None:
    strip, widths = pattern(60, 48), np.array([20, 40], np.int32)
    wide = strip[::-1, 20:][:, ::-1]
    both = crops.turned_by_half(strip, widths, np.array([1, 0]))
    np.testing.assert_array_equal(both[0], np.concatenate([wide, strip[::-1, :20][:, ::-1]], axis=1))
    middle, taken = crops.turned_by_half(strip, widths, np.array([1, 0]), most_px=24)
    assert taken.tolist() == [24, 20]
    np.testing.assert_array_equal(middle[:, :24], wide[:, 8:32])


def test_no_crop_turned_by_half_is_an_empty_strip() -> None:
    strip, widths = crops.turned_by_half(np.zeros((48, 0, 3), np.uint8), np.zeros(0, np.int32), np.zeros(0, np.intp))
    assert (strip.shape, widths.shape) == ((48, 0, 3), (0,))
