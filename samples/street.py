"""A street in the evening sun, with signs seen at an angle."""

from itertools import pairwise
from math import radians

import cv2
import numpy as np

from samples.backdrop import LOW_SKY_RGB, lay_ground, sky
from samples.camera import Camera, Floats, Points, paste, upright
from samples.elevation import Colour, Elevation
from samples.furniture import bicycle, lamp, plant, tree
from samples.house import House, front
from samples.sample import Image, Sample
from samples.sign import Sign, painted

SIZE_WH = 1280, 960
# Drawn at twice the size and averaged down, as a lens does it.
CAMERA = Camera((2 * SIZE_WH[0], 2 * SIZE_WH[1]), focal_px=2000, horizon_px=1220, turn=radians(26))
LEFT_M, RIGHT_M = 8.0, -4.6  # where the rows of houses stand

NAME_PLATE = Sign(("HARBOUR STREET",), (3.0, 0.56), 0.22, (28, 62, 132), (244, 244, 238))
BAKERY = Sign(("Corner Bakery",), (4.9, 0.8), 0.42, (30, 76, 58), (246, 232, 196))
BOOKS = Sign(("RIVER BOOKS",), (4.6, 0.8), 0.42, (120, 28, 40), (244, 208, 120))
PARKING = Sign(("PARKING", "2 HOURS"), (1.15, 0.72), 0.15, (34, 84, 168), (250, 250, 250))
AWNING_RGB: tuple[Colour, Colour] = (246, 240, 228), (196, 62, 54)

# From near to far along the left pavement.
HOUSES = (
    House(6.4, 11.0, (236, 196, 122), "flat", (44, 92, 74), "bread"),
    House(5.8, 12.4, (188, 100, 78), "steps", (84, 34, 44), "books"),
    House(6.0, 10.6, (124, 168, 176), "point", (60, 82, 110)),
    House(6.2, 12.6, (230, 170, 160), "steps", (120, 60, 70)),
    House(7.0, 10.8, (240, 214, 150), "point", (70, 100, 80)),
    House(7.0, 12.0, (214, 214, 204), "flat", (90, 90, 100)),
    House(9.0, 11.2, (196, 120, 96), "steps", (80, 50, 50)),
    House(12.0, 12.2, (226, 196, 150), "point", (80, 80, 80)),
)
FIRST_HOUSE_M = 4.2


def draw_street() -> Sample:
    """A street of gabled houses with four signs: a name plate, two shop signs and a parking sign."""
    random = np.random.default_rng(1)
    canvas_rgb = sky(random, CAMERA)
    lay_ground(canvas_rgb, CAMERA, random)
    _church(canvas_rgb)
    _shady_row(canvas_rgb, random)
    _sunny_row(canvas_rgb, random)
    _shops(canvas_rgb)
    _pavement(canvas_rgb, random)
    _parking(canvas_rgb)
    lines = (*NAME_PLATE.lines, *BAKERY.lines, *BOOKS.lines, *PARKING.lines)
    return Sample("street.jpg", _photograph(canvas_rgb, random), lines)


def _put(canvas_rgb: Image, sheet_rgba: Image, corners_m: Points) -> None:
    paste(canvas_rgb, sheet_rgba, CAMERA.pixels(corners_m))


def _hazy(sheet_rgba: Image, depth_m: float, light: float = 1.0) -> Image:
    """The sheet as it looks through the air: far things come near the colour of the sky."""
    share = 1 - np.exp(-depth_m / 110)
    tones = np.arange(256)[:, None]
    rgb = np.minimum(tones * light, 255) * (1 - share) + np.array(LOW_SKY_RGB) * share
    return np.asarray(cv2.LUT(sheet_rgba, np.hstack([rgb, tones]).astype(np.uint8)[None]), np.uint8)


def _church(canvas_rgb: Image) -> None:
    """A distant tower where the street ends."""
    sheet = Elevation((40, 30), 12)
    sheet.box(0, 0, 40, 5, (96, 116, 120))
    for left_m in range(0, 40, 5):
        sheet.oval(left_m - 2, 2, left_m + 6, 7 + left_m % 3, (96, 116, 120))
    sheet.box(18, 0, 22, 18, (120, 104, 108))
    sheet.area([(17.6, 18), (20, 29), (22.4, 18)], (96, 84, 100))
    _put(canvas_rgb, _hazy(sheet.rgba(), 95), CAMERA.facing(118, 9, 40, (0, 30)))


def _row(
    canvas_rgb: Image, houses: tuple[House, ...], from_m: float, across_m: float, random: np.random.Generator
) -> None:
    """Houses side by side, drawn from far to near; those on the right side of the street lie in the shade."""
    ends_m = from_m + np.cumsum([0, *(house.width_m for house in houses)])
    for house, (near_m, far_m) in reversed(list(zip(houses, pairwise(ends_m.tolist()), strict=True))):
        depth_m = CAMERA.depth_m(near_m, across_m)
        sheet = front(house, min(200, 2 * SIZE_WH[0] / depth_m), random)
        near, far = np.array([near_m, across_m]), np.array([far_m, across_m])
        left, right = (near, far) if across_m > 0 else (far, near)
        light = 1.06 if across_m > 0 else 0.6
        _put(canvas_rgb, _hazy(sheet, depth_m, light), upright(left, right, (0, house.height_m)))


def _sunny_row(canvas_rgb: Image, random: np.random.Generator) -> None:
    _row(canvas_rgb, HOUSES, FIRST_HOUSE_M, LEFT_M, random)


def _shady_row(canvas_rgb: Image, random: np.random.Generator) -> None:
    _row(canvas_rgb, HOUSES[:1:-1], 33, RIGHT_M, random)


def _shadow(canvas_rgb: Image, corners_m: Points) -> None:
    """A soft shadow within the corners."""
    alpha = np.zeros((64, 64), np.uint8)
    alpha[8:-8, 8:-8] = 120
    black = np.zeros((64, 64, 3), np.uint8)
    _put(canvas_rgb, np.dstack([black, cv2.blur(alpha, (13, 13))]), corners_m)


def _ground_shadow(canvas_rgb: Image, along_m: float, across_m: float, reach_m: float) -> None:
    """The shadow around the foot of a thing."""
    ways = np.array([(1, 1, 0), (1, -1, 0), (-1, -1, 0), (-1, 1, 0)])
    _shadow(canvas_rgb, np.array([along_m, across_m, 0]) + ways * reach_m)


def _on_wall(canvas_rgb: Image, sign: Sign, along_m: float, bottom_m: float) -> None:
    """A sign on the left row's wall, a hand's breadth in front of it."""
    width_m, height_m = sign.size_m
    near, far = np.array([along_m, LEFT_M - 0.1]), np.array([along_m + width_m, LEFT_M - 0.1])
    _shadow(canvas_rgb, upright(near, far, (bottom_m - 0.2, bottom_m + height_m)))
    _put(canvas_rgb, painted(sign, 220), upright(near, far, (bottom_m, bottom_m + height_m)))


def _shops(canvas_rgb: Image) -> None:
    _on_wall(canvas_rgb, BAKERY, 5.2, 3.15)
    _on_wall(canvas_rgb, NAME_PLATE, 7.4, 4.15)
    _on_wall(canvas_rgb, BOOKS, 11.2, 3.25)
    _awning(canvas_rgb, 5.1, 10.3)


def _awning(canvas_rgb: Image, near_m: float, far_m: float) -> None:
    """A striped cloth that slopes from the wall over the pavement, with a scalloped border."""
    width_m = far_m - near_m
    cloth, border = Elevation((width_m, 1.4), 120), Elevation((width_m, 0.3), 120)
    for number in range(round(width_m / 0.4)):
        left_m, rgb = number * 0.4, AWNING_RGB[number % 2]
        cloth.box(left_m, 0, left_m + 0.4, 1.4, rgb)
        border.box(left_m, 0.12, left_m + 0.4, 0.3, rgb)
        border.oval(left_m, 0, left_m + 0.4, 0.24, rgb)
    _shadow(canvas_rgb, upright(np.array([near_m, LEFT_M]), np.array([far_m + 0.4, LEFT_M]), (1.5, 3.2)))
    slope = upright(np.array([near_m, LEFT_M]), np.array([far_m, LEFT_M]), (2.5, 3.05))
    slope[2:, 1] -= 1.2
    _put(canvas_rgb, cloth.rgba(), slope)
    edge = upright(slope[3, :2], slope[2, :2], (2.22, 2.5))
    _put(canvas_rgb, _hazy(border.rgba(), 0, 0.85), edge)


def _pavement(canvas_rgb: Image, random: np.random.Generator) -> None:
    """Trees on the right; lamps, plants and a bicycle on the left; from far to near."""
    for along_m in (52, 39, 28, 17.5):
        sheet = _hazy(tree(min(140, 2600 / along_m), random), along_m, 0.95)
        _ground_shadow(canvas_rgb, along_m, -2.3, 1.6)
        _put(canvas_rgb, sheet, CAMERA.facing(along_m, -2.3, 5, (0, 7.4)))
    for along_m in (30, 17):
        _ground_shadow(canvas_rgb, along_m, 5.5, 0.4)
        _put(canvas_rgb, _hazy(lamp(120), along_m), CAMERA.facing(along_m, 5.5, 0.8, (0, 4.6)))
    _put(canvas_rgb, bicycle(180), upright(np.array([12.0, 7.5]), np.array([13.8, 7.5]), (0, 1.1)))
    for along_m in (10.9, 9.0, 6.2):
        _ground_shadow(canvas_rgb, along_m, 7.4, 0.55)
        _put(canvas_rgb, plant(200, random), CAMERA.facing(along_m, 7.4, 0.9, (0, 1.3)))


def _parking(canvas_rgb: Image) -> None:
    """The parking sign on its post, turned a little towards the road."""
    post = Elevation((0.07, 2.4), 300)
    post.box(0, 0, 0.07, 2.4, (118, 122, 128))
    post.box(0.02, 0, 0.04, 2.4, (176, 180, 186))
    _ground_shadow(canvas_rgb, 7.05, -0.13, 0.22)
    _put(canvas_rgb, post.rgba(), CAMERA.facing(7.05, -0.13, 0.07, (0, 2.4)))
    corners = CAMERA.facing(7, -0.13, PARKING.size_m[0], (1.6, 1.6 + PARKING.size_m[1]))
    corners[[1, 2], 0] -= 0.5
    _put(canvas_rgb, painted(PARKING, 320), corners)


def _photograph(canvas_rgb: Image, random: np.random.Generator) -> Image:
    """What the camera makes of the scene: sun in the haze, darker corners, a soft lens, noise."""
    small = cv2.resize(canvas_rgb, SIZE_WH, interpolation=cv2.INTER_AREA).astype(np.float32)
    lit = cv2.GaussianBlur(small + _sun(), (0, 0), 0.6)
    noise = random.normal(0, 2.2, (*lit.shape[:2], 1))
    return np.clip(lit * _vignette() + noise, 0, 255).astype(np.uint8)


def _sun() -> Floats:
    """Warm light that spills from the end of the street: (H, W, 3) float32 to add."""
    x_px, y_px = np.meshgrid(np.arange(SIZE_WH[0]), np.arange(SIZE_WH[1]))
    distance = np.hypot(x_px - 1080, (y_px - 520) * 1.2) / 420
    glow: Floats = np.exp(-(distance**2))[..., None] * np.array([62, 40, 8])
    return glow.astype(np.float32)


def _vignette() -> Floats:
    """The lens's fall of light towards the corners: (H, W, 1) float32."""
    x_share, y_share = np.meshgrid(np.linspace(-1, 1, SIZE_WH[0]), np.linspace(-1, 1, SIZE_WH[1]))
    fall: Floats = 1 - 0.16 * (x_share**2 + y_share**2)
    return fall[..., None].astype(np.float32)
