"""How a page lies, from its boxes and from its text."""

import numpy as np
import pytest

from ocr_core import orientation
from ocr_core.options import Options
from ocr_core.quads import FloatArray

# Three lines of an upright page of 200 × 100 pixels.
UPRIGHT = np.array(
    [[[left, top], [left + width, top], [left + width, top + 10], [left, top + 10]] for left, top, width in
     ((10, 10, 150), (10, 30, 120), (10, 50, 12))],
    np.float32,
)  # fmt: skip
AUTO = Options()


def of_boxes(quads: FloatArray, options: Options = AUTO) -> int:
    """The angle by boxes that are all as sure."""
    return orientation.of_boxes(quads, np.ones(len(quads), np.float32), options)


def seen_on_a_page_turned_by(angle: int, quads: FloatArray) -> FloatArray:
    """Where the boxes lie on a page that must be turned by `angle` to stand upright."""
    return orientation.turn(quads, -angle)


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_points_turn_as_numpy_turns_the_picture(angle: int) -> None:
    """The one white pixel of a picture, and its middle."""
    picture = np.zeros((4, 6), np.uint8)
    picture[1, 4] = 255
    ((row, column),) = np.argwhere(np.rot90(picture, angle // 90))
    middle = orientation.turn(np.array([[[4.5, 1.5], [0, 0], [6, 4], [0, 0]]], np.float32), angle)[0]
    corner = middle[[1, 2]].min(axis=0)  # of the picture: it turns about its own top-left corner
    assert (middle[0] - corner).tolist() == [column + 0.5, row + 0.5]


@pytest.mark.parametrize("angle", [0, 90, 180, 270, -90])
def test_turning_back_is_exact(angle: int) -> None:
    odd = UPRIGHT / 3
    np.testing.assert_array_equal(orientation.turn(orientation.turn(odd, angle), -angle), odd)


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_text_tells_how_its_page_lies(angle: int) -> None:
    turned = seen_on_a_page_turned_by(angle, UPRIGHT)
    assert orientation.of_text(turned) == angle
    assert orientation.is_across(turned, angle).tolist() == [False] * 3
    assert orientation.is_across(turned, (angle + 90) % 360).tolist() == [True] * 3


@pytest.mark.parametrize(("angle", "told"), [(0, 0), (90, 90), (180, 0), (270, 90)])
def test_boxes_tell_the_axis_of_their_page_wherever_they_begin(angle: int, told: int) -> None:
    for first in range(4):
        boxes = np.roll(seen_on_a_page_turned_by(angle, UPRIGHT), first, axis=1)
        assert of_boxes(boxes) == told


def test_a_box_about_as_high_as_long_says_nothing_and_one_high_box_less_than_two_long_ones() -> None:
    short = UPRIGHT[[2, 2, 2]]
    assert of_boxes(orientation.turn(short, 90)) == 0
    sign = orientation.turn(UPRIGHT[:1], 90)
    assert of_boxes(np.concatenate([UPRIGHT, sign])) == 0


def test_unsure_boxes_tell_less() -> None:
    boxes = np.concatenate([UPRIGHT[:1], orientation.turn(UPRIGHT[:1], 90)])
    assert orientation.of_boxes(boxes, np.array([0.9, 0.6], np.float32), AUTO) == 0
    assert orientation.of_boxes(boxes, np.array([0.6, 0.9], np.float32), AUTO) == 90


@pytest.mark.parametrize(("option", "angle"), [("off", 0), ("0", 0), ("90", 90), ("180", 180), ("270", 270)])
def test_a_request_that_says_how_the_page_lies_is_believed(option: str, angle: int) -> None:
    assert of_boxes(orientation.turn(UPRIGHT, 90), Options(orientation=option)) == angle


@pytest.mark.parametrize("angle", [0, 90, 180, 270])
@pytest.mark.parametrize("skew_deg", [-20, -1.5, 0, 7])
def test_skew_is_what_is_left_to_turn(angle: int, skew_deg: float) -> None:
    """The page is turned clockwise by the skew, so that its lines fall."""
    cos, sin = np.cos(np.deg2rad(skew_deg)), np.sin(np.deg2rad(skew_deg))
    falling = (UPRIGHT @ np.array([[cos, sin], [-sin, cos]])).astype(np.float32)
    turned = seen_on_a_page_turned_by(angle, falling)
    assert orientation.skew(turned, angle) == pytest.approx(skew_deg, abs=1e-3)


def test_a_page_without_text_is_upright_and_level() -> None:
    none = np.zeros((0, 4, 2), np.float32)
    assert (of_boxes(none), orientation.of_text(none), orientation.skew(none, 0)) == (0, 0, 0)
    assert orientation.is_across(none, 0).shape == (0,)
    assert orientation.turn(none, 90).shape == (0, 4, 2)
