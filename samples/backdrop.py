"""What lies behind the street's houses and in front of them: the sky and the ground."""

import cv2
import numpy as np
from numpy.typing import NDArray

from samples.camera import Camera, Floats
from samples.elevation import Colour
from samples.paper import clouds
from samples.sample import Image

ZENITH_RGB, LOW_SKY_RGB, CLOUD_RGB = (92, 146, 204), (252, 222, 184), (255, 246, 236)
ROAD_RGB, PAVEMENT_RGB, KERB_RGB = (98, 96, 102), (188, 176, 162), (206, 198, 186)
KERBS_M = 5.0, 0.1  # left and right of the road, counted to the left of the camera
SHADE_TO_M = 1.3  # the shade of the houses on the right reaches this far across


def _mixed(share: Floats, first_rgb: Colour | Floats, second_rgb: Colour | Floats) -> Floats:
    """The first colour where the share is 0, the second where it is 1: (..., 3) float32."""
    first, second = np.asarray(first_rgb, np.float32), np.asarray(second_rgb, np.float32)
    return (first + share[..., None] * (second - first)).astype(np.float32)


def _octaves(random: np.random.Generator, size_wh: tuple[int, int], cell_px: int) -> Floats:
    """Cloudy noise from coarse to fine: (H, W) float32 from 0 to 1."""
    width, height = size_wh
    total = np.zeros((height, width), np.float32)
    for octave in range(4):
        # Half as high as wide: clouds over a town are seen from the side.
        layer = clouds(random, (width, height * 2), cell_px >> octave)[::2]
        total += layer.astype(np.float32) / 255 / 2**octave
    return total / 1.875


def sky(random: np.random.Generator, camera: Camera) -> Image:
    """An evening sky down to the horizon and haze below it: (H, W, 3) uint8."""
    # Clouds are soft: a quarter of the resolution is enough.
    width, height = camera.size_wh[0] // 4, camera.size_wh[1] // 4
    down = np.minimum(np.arange(height, dtype=np.float32)[:, None] * 4 / camera.horizon_px, 1)
    clear = _mixed(np.broadcast_to(down**1.3, (height, width)), ZENITH_RGB, LOW_SKY_RGB)
    cover = np.clip((_octaves(random, (width, height), 120) - 0.5) * 4, 0, 0.9) * (0.35 + 0.65 * down)
    return cv2.resize(_mixed(cover, clear, CLOUD_RGB), camera.size_wh).astype(np.uint8)


def lay_ground(canvas_rgb: Image, camera: Camera, random: np.random.Generator) -> None:
    """Draws road, kerbs and pavements onto everything below the horizon."""
    along, across = camera.ground_m()
    left, right = KERBS_M
    pavement = ((across > left) | (across < right)).astype(np.float32)
    ground = _mixed(pavement, ROAD_RGB, PAVEMENT_RGB) * _texture(along, across, random)[..., None]
    ground[_slab_joints(along, across)] *= 0.86
    ground[(abs(across - 2.55) < 0.07) & (along % 3.2 < 1.7)] = (226, 222, 212)
    for kerb in KERBS_M:
        ground[abs(across - kerb) < 0.12] = KERB_RGB
    ground[(across < left - 0.12) & (across > left - 0.3)] *= 0.75  # the gutter
    ground *= _light(along, across)[..., None]
    haze = np.clip(along / 160, 0, 0.5).astype(np.float32)
    canvas_rgb[-len(ground) :] = np.clip(_mixed(haze, ground, LOW_SKY_RGB), 0, 255).astype(np.uint8)


def _texture(along: Floats, across: Floats, random: np.random.Generator) -> Floats:
    """Brightness of stone and asphalt, fine close by and even far away: (rows, W) float32 around 1."""
    fine = random.normal(0, 0.09, (512, 512)).astype(np.float32)
    coarse = clouds(random, (512, 512), 48).astype(np.float32) / 255 - 0.5
    row, column = (along * 40).astype(int) % 512, (across * 40).astype(int) % 512
    near = np.clip(6 / np.maximum(along, 1), 0, 1)
    texture: Floats = (1 + fine[row, column] * near + coarse[row // 2, column // 2] * 0.12).astype(np.float32)
    return texture


def _slab_joints(along: Floats, across: Floats) -> NDArray[np.bool_]:
    """Where the joints between the slabs are, as far away as one can see them."""
    row = np.floor(across / 0.75)
    pavement = (across > KERBS_M[0]) | (across < KERBS_M[1])
    joints = (across % 0.75 < 0.03) | ((along + row % 2 * 0.5) % 1.0 < 0.03)
    visible: NDArray[np.bool_] = pavement & joints & (along < 25)
    return visible


def _light(along: Floats, across: Floats) -> Floats:
    """Sun on the left half of the street, shade on the right one and along the wall: (rows, W) float32."""
    edge = SHADE_TO_M + 1.3 * abs(along / 6.5 % 1 - 0.5)  # one gable every 6.5 m
    sun = np.clip((across - edge) / 0.35, 0, 1)
    wall = np.clip((8.0 - across) / 0.9, 0.45, 1)
    tint = np.float32(0.6) + np.float32(0.42) * sun
    return (tint * wall).astype(np.float32)
