"""What OpenCV makes of EAST's maps, and how far boxes agree."""

import cv2
import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ocr_core.quads import FloatArray

# As in argman/EAST: red, green, blue.
MEAN = (123.68, 116.78, 103.94)


def by_opencv(maps: FloatArray, min_score: float, max_iou: float) -> FloatArray:
    """What `cv2.dnn.TextDetectionModel_EAST` makes of maps (6, height, width): quads (N, 4, 2), clockwise."""
    _, height, width = maps.shape
    model = cv2.dnn.TextDetectionModel_EAST(_network_that_says(maps))
    return detect(model, np.zeros((4 * height, 4 * width, 3), np.uint8), min_score, max_iou)


def detect(
    model: "cv2.dnn.TextDetectionModel_EAST", image_rgb: NDArray[np.uint8], min_score: float, max_iou: float
) -> FloatArray:
    """Have a model look at an image with these thresholds: quads (N, 4, 2), clockwise."""
    model.setConfidenceThreshold(min_score)
    model.setNMSThreshold(max_iou)
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


def ious(first: FloatArray, second: FloatArray) -> FloatArray:
    """Intersection over union of every two quads, both clockwise: (N, M)."""

    def iou(one: FloatArray, other: FloatArray) -> float:
        common = area(overlap(one, other))
        return common / (area(one) + area(other) - common)

    return np.array([[iou(one, other) for other in second] for one in first], np.float32)


def overlap(one: FloatArray, other: FloatArray) -> FloatArray:
    """The part of one convex polygon that lies in another, by Sutherland and Hodgman (OpenCV's errs on equal ones)."""
    polygon = np.asarray(one, np.float64)
    for start, end in zip(other, np.roll(other, -1, axis=0), strict=True):
        side = np.cross(end - start, polygon - start)
        corners = []
        for corner, after, here, there in zip(
            polygon, np.roll(polygon, -1, axis=0), side, np.roll(side, -1), strict=True
        ):
            corners += [corner] if here >= 0 else []
            corners += [corner + (after - corner) * here / (here - there)] if (here >= 0) != (there >= 0) else []
        polygon = np.array(corners).reshape(-1, 2)
    return polygon.astype(np.float32)


def area(polygon: FloatArray) -> float:
    return cv2.contourArea(polygon) if len(polygon) else 0.0
