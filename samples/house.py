"""The fronts of the houses along the street."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image as Pillow
from PIL.Image import Resampling

from samples.elevation import Colour, Elevation, shade
from samples.paper import clouds
from samples.sample import Image

FRAME_RGB, GLASS_RGB, SKY_RGB, GLOW_RGB = (240, 236, 226), (58, 74, 92), (150, 178, 200), (250, 206, 130)
GABLE_M = 2.4
SHOP_TOP_M = 2.95
BRICK_M = 0.36, 0.12


@dataclass(frozen=True)
class House:
    """A house front.

    Attributes:
        width_m: along the street.
        height_m: to the top of the gable.
        wall_rgb: the wall's colour.
        gable: its outline, "steps", "point" or "flat".
        door_rgb: the colour of the woodwork on the ground floor.
        goods: what lies in the shop window, "bread" or "books"; nothing in a house without a shop.
    """

    width_m: float
    height_m: float
    wall_rgb: Colour
    gable: str
    door_rgb: Colour
    goods: str = ""


def front(house: House, pixels_per_m: float, random: np.random.Generator) -> Image:
    """The front seen straight on, transparent beside the gable: (H, W, 4) uint8."""
    sheet = Elevation((house.width_m, house.height_m), pixels_per_m)
    _wall(sheet, house)
    _weather(sheet, random)
    bottoms_m = np.arange(5.2, house.height_m - GABLE_M - 1.6, 2.9)
    for bottom_m in bottoms_m.tolist():
        _storey(sheet, house, bottom_m)
    if house.gable != "flat":
        _window(sheet, house.width_m / 2, house.height_m - GABLE_M + 0.1, 0.8, 1.2)
    _ground_floor(sheet, house, random)
    return sheet.rgba()


def _wall(sheet: Elevation, house: House) -> None:
    """The outline in the wall's colour, and a cornice at the eaves."""
    width, eaves = house.width_m, house.height_m - GABLE_M
    sheet.box(0, 0, width, eaves, house.wall_rgb)
    _gable(sheet, house, eaves)
    sheet.box(0, eaves - 0.1, width, eaves + 0.1, shade(house.wall_rgb, 1.15))
    sheet.box(0, eaves - 0.16, width, eaves - 0.1, shade(house.wall_rgb, 0.7))


def _gable(sheet: Elevation, house: House, eaves: float) -> None:
    width = house.width_m
    if house.gable == "steps":
        for step in range(5):
            inset = step * width / 10
            top = eaves + (step + 1) * GABLE_M / 5
            sheet.box(inset, eaves, width - inset, top, house.wall_rgb)
            sheet.box(inset, top - 0.1, width - inset, top, shade(house.wall_rgb, 1.2))
    elif house.gable == "point":
        sheet.area([(0, eaves), (width / 2, house.height_m), (width, eaves)], shade(house.wall_rgb, 1.2))
        sheet.area([(0.3, eaves), (width / 2, house.height_m - 0.25), (width - 0.3, eaves)], house.wall_rgb)


def _weather(sheet: Elevation, random: np.random.Generator) -> None:
    """Bricks of slightly different tones and soft dark stains, stronger towards the ground."""
    height, width = sheet.rgba().shape[:2]
    brick_wh = round(sheet.size_m[0] / BRICK_M[0]), round(sheet.size_m[1] / BRICK_M[1])
    bricks = Pillow.fromarray(random.integers(0, 26, brick_wh[::-1], dtype=np.uint8))
    tones = np.asarray(bricks.resize((width, height), Resampling.NEAREST)).astype(np.int32)
    spots = clouds(random, (width, height), max(8, width // 6)).astype(np.int32) // 8
    down = np.linspace(0, 8, height).astype(np.int32)[:, None]
    sheet.stain((tones + spots + down).astype(np.uint8), (40, 34, 40))


def _storey(sheet: Elevation, house: House, bottom_m: float) -> None:
    """A row of windows with shutters and, here and there, a box of flowers."""
    count = max(2, round(house.width_m / 2.3))
    for number in range(count):
        middle_m = (number + 0.5) * house.width_m / count
        for left_m in (middle_m - 0.98, middle_m + 0.53):
            sheet.box(left_m, bottom_m, left_m + 0.45, bottom_m + 1.7, house.door_rgb)
            for slat_m in np.arange(bottom_m + 0.1, bottom_m + 1.65, 0.14).tolist():
                sheet.line([(left_m + 0.06, slat_m), (left_m + 0.39, slat_m)], 0.03, shade(house.door_rgb, 0.8))
        _window(sheet, middle_m, bottom_m, 1.0, 1.7)
        if number % 2 == 0:
            _flowers(sheet, middle_m, bottom_m)


def _window(sheet: Elevation, middle_m: float, bottom_m: float, width_m: float, height_m: float) -> None:
    """A sash window that mirrors some sky."""
    left, right, top = middle_m - width_m / 2, middle_m + width_m / 2, bottom_m + height_m
    sheet.box(left - 0.08, bottom_m - 0.14, right + 0.08, bottom_m, shade(FRAME_RGB, 0.85))
    sheet.box(left - 0.04, bottom_m - 0.2, right + 0.12, bottom_m - 0.14, shade(FRAME_RGB, 0.45))
    sheet.box(left, bottom_m, right, top, FRAME_RGB)
    sheet.box(left + 0.08, bottom_m + 0.08, right - 0.08, top - 0.08, GLASS_RGB)
    sheet.box(left + 0.08, top - 0.2, right - 0.08, top - 0.08, shade(GLASS_RGB, 0.6))
    sky = [(left + 0.16, top - 0.2), (right - 0.2, top - 0.2), (left + 0.16, bottom_m + height_m * 0.45)]
    sheet.area(sky, SKY_RGB)
    sheet.box(middle_m - 0.03, bottom_m, middle_m + 0.03, top, FRAME_RGB)
    sheet.box(left, bottom_m + height_m * 0.55, right, bottom_m + height_m * 0.55 + 0.06, FRAME_RGB)


def _flowers(sheet: Elevation, middle_m: float, bottom_m: float) -> None:
    sheet.box(middle_m - 0.55, bottom_m - 0.3, middle_m + 0.55, bottom_m - 0.08, (112, 72, 52))
    for number in range(11):
        x_m, y_m = middle_m - 0.6 + number * 0.11, bottom_m - 0.1 + number % 3 * 0.06
        sheet.oval(x_m, y_m - 0.06, x_m + 0.15, y_m + 0.1, (74, 118, 62))
        petal_rgb = (222, 70, 90) if number % 2 else (246, 226, 236)
        sheet.oval(x_m + 0.03, y_m, x_m + 0.13, y_m + 0.1, petal_rgb)


def _ground_floor(sheet: Elevation, house: House, random: np.random.Generator) -> None:
    """A door at the right end and a wide window, or two small ones, at its left."""
    width = house.width_m
    sheet.box(0, 0, width, 0.45, shade(house.wall_rgb, 0.62))
    if house.goods:
        sheet.box(0.25, 0, width - 0.25, SHOP_TOP_M, house.door_rgb)
        _shop_window(sheet, (0.55, 0.7, width - 1.85, 2.75), GOODS[house.goods], random)
    else:
        for share in (0.2, 0.5):
            _window(sheet, width * share, 1.0, 1.0, 1.6)
    _door(sheet, width - 1.5, house.door_rgb)


def _door(sheet: Elevation, left_m: float, rgb: Colour) -> None:
    sheet.box(left_m - 0.1, 0, left_m + 1.1, 2.7, FRAME_RGB)
    sheet.box(left_m, 0.05, left_m + 1.0, 2.6, shade(rgb, 1.25))
    sheet.box(left_m + 0.15, 1.15, left_m + 0.85, 2.4, GLOW_RGB)
    sheet.box(left_m + 0.15, 0.2, left_m + 0.85, 0.95, shade(rgb, 1.05))
    sheet.oval(left_m + 0.03, 1.0, left_m + 0.11, 1.08, (230, 200, 120))


def _shop_window(
    sheet: Elevation,
    box_m: tuple[float, float, float, float],
    goods: Callable[[Elevation, float, float, np.random.Generator], None],
    random: np.random.Generator,
) -> None:
    """A lit window with three shelves of goods."""
    left, bottom, right, top = box_m
    sheet.box(left - 0.08, bottom - 0.08, right + 0.08, top + 0.08, FRAME_RGB)
    for strip in range(20):
        height = (top - bottom) / 20
        low = bottom + strip * height
        sheet.box(left, low, right, low + height, shade(GLOW_RGB, 0.62 + strip * 0.02))
    for shelf_m in (bottom + 0.12, bottom + 0.75, bottom + 1.38):
        for x_m in np.arange(left + 0.1, right - 0.35, 0.42).tolist():
            goods(sheet, x_m, shelf_m, random)
        sheet.box(left, shelf_m - 0.05, right, shelf_m, (120, 82, 52))
    for post_m in np.linspace(left, right, 4)[1:-1].tolist():
        sheet.box(post_m - 0.03, bottom, post_m + 0.03, top, FRAME_RGB)


def _bread(sheet: Elevation, x_m: float, shelf_m: float, random: np.random.Generator) -> None:
    crust = shade((188, 122, 60), float(random.uniform(0.8, 1.15)))
    height_m = float(random.uniform(0.16, 0.3))
    sheet.oval(x_m, shelf_m - 0.04, x_m + 0.36, shelf_m + height_m, crust)
    sheet.oval(x_m + 0.05, shelf_m + 0.05, x_m + 0.26, shelf_m + height_m - 0.03, shade(crust, 1.2))


def _books(sheet: Elevation, x_m: float, shelf_m: float, random: np.random.Generator) -> None:
    for number in range(5):
        rgb = shade(((176, 62, 54), (60, 96, 140), (214, 170, 80), (70, 120, 92))[random.integers(4)], 0.9)
        left = x_m + number * 0.085
        sheet.box(left, shelf_m, left + 0.075, shelf_m + float(random.uniform(0.3, 0.46)), rgb)


GOODS = {"bread": _bread, "books": _books}
