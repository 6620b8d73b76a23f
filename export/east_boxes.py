"""EAST's maps as OpenCV decodes them, held against what we read in the cells."""

import cv2
import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from shapely import Polygon

from export.errors import ExportError
from ocr_core.east import rectangles_of_cells
from ocr_core.quads import FloatArray, from_rectangles

# As in argman/EAST: red, green, blue.
MEAN = (123.68, 116.78, 103.94)
# Of OpenCV's own example, but for the score: 0.5 gives more boxes that are doubtful.
MIN_SCORE = 0.8
MAX_IOU = 0.4
# What two boxes that are the same have in common, over what either covers.
MIN_AGREEMENT = 0.9


def check(maps: FloatArray, stride_px: int) -> None:
    """Read the boxes out of one page's maps, (6, height, width), with OpenCV and with our own code.

    Args:
        maps: As a detector gives them.
        stride_px: Pixels of the detector's input from one cell of ours to the next.

    Raises:
        ExportError: A box of one is not among the other's.
    """
    ours, theirs = by_us(maps, stride_px), by_opencv(maps)
    same = _in_common(ours, theirs)
    if not len(ours) == len(theirs) == same:
        raise ExportError(f"of OpenCV's {len(theirs)} boxes, {same} are among the {len(ours)} that we read in the maps")


def by_us(maps: FloatArray, stride_px: int) -> FloatArray:
    """Our reading of the cells, without boxes that overlap better ones: quads (N, 4, 2), clockwise."""
    cells, _, _ = rectangles_of_cells(maps, MIN_SCORE, stride_px)
    rectangles = [
        (tuple(centre), tuple(size), angle)
        for centre, size, angle in zip(
            cells.centres.tolist(), cells.sizes.tolist(), np.rad2deg(cells.angles_rad).tolist(), strict=True
        )
    ]
    scores = cells.scores.tolist()
    kept = cv2.dnn.NMSBoxesRotated(rectangles, scores, MIN_SCORE, MAX_IOU) if rectangles else []
    best = cells.take(np.asarray(kept, np.intp).reshape(-1))
    return from_rectangles(best.centres, best.sizes, best.angles_rad)


def by_opencv(maps: FloatArray) -> FloatArray:
    """What `cv2.dnn.TextDetectionModel_EAST` makes of maps (6, height, width): quads (N, 4, 2), clockwise."""
    _, height, width = maps.shape
    model = cv2.dnn.TextDetectionModel_EAST(_network_that_says(maps))
    return detect(model, np.zeros((4 * height, 4 * width, 3), np.uint8))


def detect(model: "cv2.dnn.TextDetectionModel_EAST", image_rgb: NDArray[np.uint8]) -> FloatArray:
    """Have a model look at an image: quads (N, 4, 2), clockwise."""
    model.setConfidenceThreshold(MIN_SCORE)
    model.setNMSThreshold(MAX_IOU)
    model.setInputParams(1.0, image_rgb.shape[1::-1], MEAN)
    found, _ = model.detectTextRectangles(image_rgb)
    return np.array([cv2.boxPoints(rectangle) for rectangle in found], np.float32).reshape(-1, 4, 2)


def _network_that_says(maps: FloatArray) -> "cv2.dnn.Net":
    """A network that gives these maps whatever the image."""
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
    model = helper.make_model(
        helper.make_graph(nodes, "maps", [image], values, weights), opset_imports=[helper.make_opsetid("", 13)]
    )
    return cv2.dnn.readNetFromONNX(model.SerializeToString())


def iou(one: FloatArray, other: FloatArray) -> float:
    """Intersection over union of two quads, (4, 2) each."""
    ours, theirs = Polygon(one), Polygon(other)
    return float(ours.intersection(theirs).area / ours.union(theirs).area)


def _in_common(ours: FloatArray, theirs: FloatArray) -> int:
    """How many of their boxes are among ours, each as another one."""
    if len(ours) == 0:
        return 0
    our_bounds, their_bounds = (np.concatenate([q.min(axis=1), q.max(axis=1)], axis=1) for q in (ours, theirs))
    nearest = np.abs(their_bounds[:, None] - our_bounds).max(axis=2).argmin(axis=1)
    return len({j for quad, j in zip(theirs, nearest, strict=True) if iou(quad, ours[j]) >= MIN_AGREEMENT})
