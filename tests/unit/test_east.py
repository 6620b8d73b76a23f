"""Words drawn into EAST's maps come back as quads; OpenCV's decoder of the same maps says the same."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from ocr_core import detection, east
from ocr_core.options import Options
from ocr_core.quads import FloatArray, from_rectangles

AS_DRAWN = Options(unclip_ratio=0)
# The paper's section 3.3.1: cells score as text inside the word shrunk by this share of its lower side.
SHRINK = 0.3


def blank(height: int = 64, width: int = 96) -> FloatArray:
    return np.zeros((6, height, width), np.float32)


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
    return from_rectangles(np.array([centre]), np.array([size]), np.array([angle]))[0]


def by_opencv(maps: FloatArray, min_score: float, max_iou: float) -> FloatArray:
    """What `cv2.dnn.TextDetectionModel_EAST` makes of the maps: (N, 4, 2); its network is one that says just these."""
    _, height, width = maps.shape
    outputs = {"score": maps[None, :1], "geometry": maps[None, 1:]}
    nodes, weights, values = [], [], []
    for name, value in outputs.items():
        channels = value.shape[1]
        nodes += [
            helper.make_node("Conv", ["image", f"{name}_w"], [f"{name}_0"], strides=[4, 4], kernel_shape=[4, 4]),
            helper.make_node("Add", [f"{name}_0", f"{name}_maps"], [name]),
        ]
        weights += [
            numpy_helper.from_array(np.zeros((channels, 3, 4, 4), np.float32), f"{name}_w"),
            numpy_helper.from_array(np.ascontiguousarray(value), f"{name}_maps"),
        ]
        values.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 4 * height, 4 * width])
    network = helper.make_model(
        helper.make_graph(nodes, "maps", [image], values, weights), opset_imports=[helper.make_opsetid("", 13)]
    )
    model = cv2.dnn.TextDetectionModel_EAST(cv2.dnn.readNetFromONNX(network.SerializeToString()))
    model.setConfidenceThreshold(min_score)
    model.setNMSThreshold(max_iou)
    model.setInputParams(1.0, (4 * width, 4 * height))
    found, _ = model.detectTextRectangles(np.zeros((4 * height, 4 * width, 3), np.uint8))
    return np.array([cv2.boxPoints(rectangle) for rectangle in found], np.float32).reshape(-1, 4, 2)


def ious(first: FloatArray, second: FloatArray) -> FloatArray:
    """Intersection over union of every two quads: (N, M)."""

    def iou(one: FloatArray, other: FloatArray) -> float:
        shared = cv2.intersectConvexConvex(one, other)[0]
        return float(shared / (cv2.contourArea(one) + cv2.contourArea(other) - shared))

    return np.array([[iou(one, other) for other in second] for one in first], np.float32)


def farthest_corner_px(quad: FloatArray, corners: FloatArray) -> float:
    """Distance of the worst corner; both are clockwise and begin at the same one."""
    return float(np.linalg.norm(quad - corners, axis=1).max())


@pytest.mark.parametrize("angle_deg", [-44.9, -30, -5, 0, 1, 17, 40, 44.9])
@pytest.mark.parametrize("size", [(160, 24), (40, 40), (30, 100)])
def test_a_word_comes_back_at_every_angle_that_east_can_tell(size: tuple[float, float], angle_deg: float) -> None:
    maps = blank()
    corners = draw(maps, (190, 130), size, angle_deg, score=0.9)
    found, scores = east.decode(maps, AS_DRAWN)
    assert (found.shape, found.dtype, scores.dtype) == ((1, 4, 2), np.float32, np.float32)
    assert farthest_corner_px(found[0], corners) < 0.01
    assert scores[0] == pytest.approx(0.9)


@settings(max_examples=30)
@given(places=st.sets(st.tuples(st.integers(0, 2), st.integers(0, 3))), angle_deg=st.floats(-12, 12))
def test_each_of_several_words_comes_back_once_and_as_opencv_says(
    places: set[tuple[int, int]], angle_deg: float
) -> None:
    maps = blank()
    drawn = [draw(maps, (65 + 125 * column, 40 + 55 * row), (100, 24), angle_deg) for column, row in places]
    found, _ = east.decode(maps, AS_DRAWN)
    for expected in (np.array(drawn, np.float32).reshape(-1, 4, 2), by_opencv(maps, 0.8, 0.4)):
        assert len(found) == len(expected)
        assert all(row.max() > 0.99 for row in ious(expected, found))


def test_without_text_there_are_no_quads() -> None:
    found, scores = east.decode(blank(), Options())
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
    found, _ = east.decode(maps, AS_DRAWN)
    assert farthest_corner_px(found[0], corners) < 1


def test_pieces_of_a_broken_word_are_one_word() -> None:
    maps = blank()
    draw(maps, (100, 130), (120, 24), seen=slice(0, 26))
    draw(maps, (180, 130), (120, 24), seen=slice(40, None))
    found, _ = east.decode(maps, AS_DRAWN)
    whole = from_rectangles(np.array([[140, 130]]), np.array([[200, 24]]), np.zeros(1))
    assert len(found) == 1
    assert farthest_corner_px(found[0], whole[0]) < 1


@pytest.mark.parametrize(
    ("dx", "dy"), [(122, 0), (112, 0), (0, 26), (40, 20)], ids=["beside", "touching", "below", "below and beside"]
)
def test_neighbours_stay_two_words(dx: float, dy: float) -> None:
    maps = blank()
    drawn = [draw(maps, (100, 100), (120, 24)), draw(maps, (100 + dx, 100 + dy), (120, 24))]
    found, _ = east.decode(maps, AS_DRAWN)
    assert len(found) == 2
    assert all(row.max() > 0.9 for row in ious(np.array(drawn), found))


def test_of_two_boxes_on_one_word_the_one_with_more_cells_stays() -> None:
    maps = blank()
    word = draw(maps, (190, 130), (160, 40))
    draw(maps, (190, 160), (60, 60), 40, seen=slice(45, 50))
    maps[0, 35] = 0  # what tells otherwise does not touch the word
    found, _ = east.decode(maps, AS_DRAWN)
    assert len(found) == 1
    assert ious(word[None], found).max() > 0.9


def test_a_word_is_lengthened_at_either_end_by_a_share_of_its_height() -> None:
    maps = blank()
    draw(maps, (190, 130), (160, 24))
    for unclip_ratio, expected in ((None, 160 + 2 * 0.1 * 24), (0, 160), (0.5, 160 + 24)):
        found, _ = east.decode(maps, Options(unclip_ratio=unclip_ratio))
        assert np.ptp(found[0], axis=0) == pytest.approx([expected, 24], abs=0.01)


def test_thresholds_decide_what_is_a_word() -> None:
    maps = blank()
    for row, score in enumerate((0.4, 0.7, 0.95)):
        draw(maps, (190, 40 + 60 * row), (160, 24), score=score)

    def scores(options: Options) -> list[float]:
        return np.sort(east.decode(maps, options)[1]).round(2).tolist()

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
    found, _ = east.decode(maps, AS_DRAWN)
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
    found, scores = east.decode(maps, Options(map_threshold=threshold, quad_threshold=0))
    assert len(found) == len(scores)
    assert np.isfinite(found).all()
    assert all(cv2.contourArea(quad, oriented=True) >= -1e-3 for quad in found)
    assert ((scores >= threshold - 1e-6) & (scores <= 1)).all()


def test_six_maps_are_decoded_as_easts_in_pixels_of_the_page() -> None:
    maps = blank()
    corners = draw(maps, (190, 130), (160, 24))
    found, scores = detection.decode(maps, (512, 384), AS_DRAWN)
    assert farthest_corner_px(found[0], corners * [1, 2]) < 0.01
    assert scores[0] == pytest.approx(0.9)
