"""Words drawn into EAST's maps come back as quads; OpenCV's decoder of the same maps says the same."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.east_boxes import by_opencv, iou
from ocr_core import detection, east
from ocr_core.options import Options
from ocr_core.quads import FloatArray, from_rectangles
from tests.unit.asking import EAST

AS_DRAWN = replace(EAST, unclip_ratio=0)
# The paper's section 3.3.1: cells score as text inside the word shrunk by this share of its lower side.
SHRINK = 0.3


def blank(height: int = 64, width: int = 96) -> FloatArray:
    return np.zeros((6, height, width), np.float32)


def rectangle(centre: tuple[float, float], size: tuple[float, float], angle_rad: float = 0) -> FloatArray:
    """Corners of a word, (4, 2), clockwise from the one where it begins."""
    (corners,) = from_rectangles(*(np.array([value], np.float32) for value in (centre, size, angle_rad)))
    return np.asarray(corners, np.float32)


def draw(
    maps: FloatArray,
    centre: tuple[float, float],
    size: tuple[float, float],
    angle_deg: float = 0,
    score: float = 0.9,
    seen: slice = slice(None),
) -> FloatArray:
    """Let the cells in the middle of a word tell its edges, as a perfect EAST would.

    Args:
        maps: (6, height, width), drawn into.
        centre: x and y, pixels of the detector's input.
        size: Width and height of the word, pixels.
        angle_deg: Clockwise turn.
        score: Of its cells.
        seen: Columns of the maps that are drawn into.

    Returns:
        The word's corners, (4, 2), clockwise.
    """
    y, x = np.indices(maps.shape[1:]) * 4
    angle = np.deg2rad(angle_deg)
    u = (x - centre[0]) * np.cos(angle) + (y - centre[1]) * np.sin(angle)
    v = (y - centre[1]) * np.cos(angle) - (x - centre[0]) * np.sin(angle)
    margin = SHRINK * min(size)
    core = (np.abs(u) <= size[0] / 2 - margin) & (np.abs(v) <= size[1] / 2 - margin)
    core &= np.isin(np.arange(maps.shape[2]), np.arange(maps.shape[2])[seen])
    distances = [v + size[1] / 2, size[0] / 2 - u, size[1] / 2 - v, u + size[0] / 2]
    for channel, values in zip(maps, [np.full_like(u, score), *distances, np.full_like(u, -angle)], strict=True):
        channel[core] = values[core]
    return rectangle(centre, size, angle)


def farthest_corner_px(quad: FloatArray, corners: FloatArray) -> float:
    """Distance of the worst corner; both are clockwise and begin at the same one."""
    return float(np.linalg.norm(quad - corners, axis=1).max())


@pytest.mark.parametrize("angle_deg", [-44.9, -30, -5, 0, 1, 17, 40, 44.9])
@pytest.mark.parametrize("size", [(160, 24), (40, 40), (30, 100)])
def test_a_word_comes_back_at_every_angle_that_east_can_tell(size: tuple[float, float], angle_deg: float) -> None:
    maps = blank()
    corners = draw(maps, (190, 130), size, angle_deg, score=0.9)
    found, scores, _ = east.decode(maps, AS_DRAWN)
    assert found.shape == (1, 4, 2)
    assert found.dtype == scores.dtype == np.float32
    assert farthest_corner_px(found[0], corners) < 0.01
    assert scores[0] == pytest.approx(0.9)


@settings(max_examples=30)
@given(places=st.sets(st.tuples(st.integers(0, 2), st.integers(0, 3))), angle_deg=st.floats(-12, 12))
def test_each_of_several_words_comes_back_once_and_as_opencv_says(
    places: set[tuple[int, int]], angle_deg: float
) -> None:
    maps = blank()
    drawn = [draw(maps, (65 + 125 * column, 40 + 55 * row), (100, 24), angle_deg) for column, row in places]
    found, _, _ = east.decode(maps, AS_DRAWN)
    for expected in (np.array(drawn, np.float32).reshape(-1, 4, 2), by_opencv(maps)):
        assert len(found) == len(expected)
        assert all(max(iou(quad, other) for other in found) > 0.99 for quad in expected)


def test_without_text_there_are_no_quads() -> None:
    found, scores, _ = east.decode(blank(), EAST.with_options(Options()))
    assert (found.shape, scores.shape) == ((0, 4, 2), (0,))


def test_either_end_of_a_long_word_is_where_the_cells_near_it_see_it() -> None:
    maps = blank()
    corners = draw(maps, (190, 130), (300, 24))
    cells = maps[0] > 0
    x = np.indices(cells.shape)[1] * 4
    # Of an edge that is far away, EAST only says that it is far.
    for distance in (maps[2], maps[4]):
        distance[cells] = np.minimum(distance[cells], 150)
    assert x[cells].min() < 50
    assert x[cells].max() > 330
    found, _, _ = east.decode(maps, AS_DRAWN)
    assert farthest_corner_px(found[0], corners) < 1


def test_pieces_of_a_broken_word_are_one_word() -> None:
    maps = blank()
    draw(maps, (100, 130), (120, 24), seen=slice(0, 26))
    draw(maps, (180, 130), (120, 24), seen=slice(40, None))
    found, _, _ = east.decode(maps, AS_DRAWN)
    assert len(found) == 1
    assert farthest_corner_px(found[0], rectangle((140, 130), (200, 24))) < 1


@pytest.mark.parametrize(
    ("dx", "dy"), [(122, 0), (112, 0), (0, 26), (40, 20)], ids=["beside", "touching", "below", "below and beside"]
)
def test_neighbours_stay_two_words(dx: float, dy: float) -> None:
    maps = blank()
    drawn = [draw(maps, (100, 100), (120, 24)), draw(maps, (100 + dx, 100 + dy), (120, 24))]
    found, _, _ = east.decode(maps, AS_DRAWN)
    assert len(found) == 2
    assert all(max(iou(quad, other) for other in found) > 0.9 for quad in drawn)


def test_of_two_boxes_on_one_word_the_one_with_more_cells_stays() -> None:
    maps = blank()
    word = draw(maps, (190, 130), (160, 40))
    draw(maps, (190, 152), (160, 30), score=1, seen=slice(54, 57))
    found, _, _ = east.decode(maps, AS_DRAWN)
    assert len(found) == 1
    assert max(iou(word, other) for other in found) > 0.9


def test_a_word_is_lengthened_at_either_end_by_a_share_of_its_height() -> None:
    maps = blank()
    draw(maps, (190, 130), (160, 24))
    for unclip_ratio, expected in ((None, 160 + 2 * 0.1 * 24), (0, 160), (0.5, 160 + 24)):
        found, _, _ = east.decode(maps, EAST.with_options(Options(unclip_ratio=unclip_ratio)))
        assert np.ptp(found[0], axis=0) == pytest.approx([expected, 24], abs=0.01)


def test_thresholds_decide_what_is_a_word() -> None:
    maps = blank()
    for row, score in enumerate((0.4, 0.7, 0.95)):
        draw(maps, (190, 40 + 60 * row), (160, 24), score=score)

    def scores(options: Options) -> list[float]:
        return sorted(round(float(score), 2) for score in east.decode(maps, EAST.with_options(options))[1])

    assert scores(Options()) == [0.95]
    assert scores(Options(map_threshold=0.6)) == [0.7, 0.95]
    assert scores(Options(map_threshold=0, quad_threshold=0.2)) == [0.4, 0.7, 0.95]
    assert scores(Options(map_threshold=0.3)) == [0.7, 0.95]
    assert scores(Options(quad_threshold=0.96)) == []


def test_of_too_many_pieces_those_with_most_cells_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(east, "MAX_PIECES", 2)
    maps = blank()
    widths = (80, 160, 120)
    for row, width in enumerate(widths):
        draw(maps, (190, 40 + 60 * row), (width, 24))
    found, _, _ = east.decode(maps, AS_DRAWN)
    assert sorted(np.ptp(found[:, :, 0], axis=1).round().tolist()) == [120, 160]


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32 - 1), threshold=st.floats(0, 1))
def test_whatever_the_maps_say_quads_are_finite_clockwise_and_scored_above_the_threshold(
    seed: int, threshold: float
) -> None:
    random = np.random.default_rng(seed)
    maps = random.random((6, 12, 15), np.float32)
    maps[1:5] *= random.choice([0, 1, 512])
    maps[5] = (maps[5] - 0.5) * np.pi / 2
    found, scores, _ = east.decode(maps, EAST.with_options(Options(map_threshold=threshold, quad_threshold=0)))
    assert len(found) == len(scores)
    assert np.isfinite(found).all()
    assert all(cv2.contourArea(quad, oriented=True) >= -1e-3 for quad in found)
    assert ((scores >= threshold - 1e-6) & (scores <= 1)).all()


def test_six_maps_are_decoded_as_easts_in_pixels_of_the_page() -> None:
    maps = blank()
    corners = draw(maps, (190, 130), (160, 24))
    found, scores = detection.decode(maps, (512, 384), EAST, Options(unclip_ratio=0))
    assert farthest_corner_px(found[0], corners * [1, 2]) < 0.01
    assert scores[0] == pytest.approx(0.9)
