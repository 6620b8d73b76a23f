"""A pinhole camera that stands in a straight street and looks along it."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from samples.sample import Image

Points = NDArray[np.float64]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Camera:
    """Where the street's points lie in the image.

    A point of the street is (along, across, up) in metres from the ground below the camera; `across`
    counts to the left.

    Attributes:
        size_wh: the image's size in pixels.
        focal_px: the focal length.
        horizon_px: the horizon's y.
        turn: by how many radians the camera looks to the left of the street's direction.
        height_m: the lens above the ground.
    """

    size_wh: tuple[int, int]
    focal_px: float
    horizon_px: float
    turn: float
    height_m: float = 1.6

    def depth_m(self, along_m: float, across_m: float) -> float:
        """How far in front of the camera a place is."""
        return float(along_m * np.cos(self.turn) + across_m * np.sin(self.turn))

    def pixels(self, points_m: Points) -> Floats:
        """Projects (N, 3) points in front of the camera to (N, 2) float32 pixels."""
        along, across, up = points_m.T
        depth = along * np.cos(self.turn) + across * np.sin(self.turn)
        right = along * np.sin(self.turn) - across * np.cos(self.turn)
        x_px = self.size_wh[0] / 2 + self.focal_px * right / depth
        y_px = self.horizon_px - self.focal_px * (up - self.height_m) / depth
        pixels: Floats = np.stack([x_px, y_px], axis=1).astype(np.float32)
        return pixels

    def ground_m(self) -> tuple[Floats, Floats]:
        """The place (along, across) that each pixel below the horizon shows, each (rows, W) float32."""
        width, height = self.size_wh
        below_px = np.arange(int(self.horizon_px) + 1, height)[:, None] - self.horizon_px
        depth = self.focal_px * self.height_m / below_px
        right = depth * (np.arange(width)[None] - width / 2) / self.focal_px
        along = depth * np.cos(self.turn) + right * np.sin(self.turn)
        across = depth * np.sin(self.turn) - right * np.cos(self.turn)
        return along.astype(np.float32), across.astype(np.float32)

    def facing(self, along_m: float, across_m: float, width_m: float, up_m: tuple[float, float]) -> Points:
        """Corners (4, 3) of an upright sheet that faces the camera, clockwise from the top left."""
        aside_m = np.array([np.sin(self.turn), -np.cos(self.turn)]) * width_m / 2
        foot_m = np.array([along_m, across_m])
        return upright(foot_m - aside_m, foot_m + aside_m, up_m)


def upright(left_m: Points, right_m: Points, up_m: tuple[float, float]) -> Points:
    """Corners (4, 3) of an upright sheet from its foot's ends (along, across) and its (bottom, top)."""
    bottom, top = up_m
    return np.array([(*left_m, top), (*right_m, top), (*right_m, bottom), (*left_m, bottom)])


def paste(canvas_rgb: Image, sheet_rgba: Image, corners_px: Floats) -> None:
    """Puts a sheet onto the canvas so that its corners, clockwise from the top left, come to `corners_px`."""
    height, width = canvas_rgb.shape[:2]
    low = np.maximum(np.floor(corners_px.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(corners_px.max(axis=0)) + 1, (width, height)).astype(int)
    if (high <= low).any():
        return
    sheet_h, sheet_w = sheet_rgba.shape[:2]
    from_px = np.array([(0, 0), (sheet_w, 0), (sheet_w, sheet_h), (0, sheet_h)], np.float32)
    matrix = cv2.getPerspectiveTransform(from_px, corners_px - low.astype(np.float32))
    warped = cv2.warpPerspective(sheet_rgba, matrix, (high - low).tolist())
    region = canvas_rgb[low[1] : high[1], low[0] : high[0]]
    share = warped[:, :, 3:].astype(np.float32) / 255
    region[:] = (region * (1 - share) + warped[:, :, :3] * share + 0.5).astype(np.uint8)
