"""What stands in the street: trees, lamps, plants and a bicycle."""

import numpy as np

from samples.elevation import Colour, Elevation, shade
from samples.sample import Image

LEAF_RGB, IRON_RGB = (96, 140, 70), (44, 48, 54)


def _crown(
    sheet: Elevation, box_m: tuple[float, float, float, float], leaf_m: float, random: np.random.Generator
) -> None:
    """Leaves within an ellipse (left, bottom, right, top), the lower dark, the upper in the light."""
    left, bottom, right, top = box_m
    count = round(2.6 * (right - left) * (top - bottom) / leaf_m**2)
    # In order of their height in the light, so that bright leaves lie on dark ones.
    for light in np.sort(random.uniform(0, 1, count)).tolist():
        turn, reach = random.uniform(0, 2 * np.pi), random.uniform(0, 1) ** 0.5
        x_m = (left + right) / 2 + (right - left - leaf_m) / 2 * reach * np.cos(turn)
        y_m = (bottom + top) / 2 + (top - bottom - leaf_m) / 2 * reach * np.sin(turn)
        high = (y_m - bottom) / (top - bottom)
        rgb = shade(LEAF_RGB, 0.4 + 0.55 * light * (0.35 + high) + 0.25 * high)
        size_m = leaf_m * random.uniform(0.6, 1.1)
        sheet.oval(x_m - size_m / 2, y_m - size_m * 0.35, x_m + size_m / 2, y_m + size_m * 0.35, rgb)


def tree(pixels_per_m: float, random: np.random.Generator) -> Image:
    """A tree 7.4 m high in a sheet of 5 by 7.4 m: (H, W, 4) uint8."""
    sheet = Elevation((5, 7.4), pixels_per_m)
    bark_rgb = (84, 66, 54)
    sheet.area([(2.32, 0), (2.42, 3.4), (2.62, 3.4), (2.72, 0)], bark_rgb)
    for end_m in (1.3, 2.5, 3.7):
        sheet.line([(2.5, 2.6), (end_m, 4.6)], 0.14, bark_rgb)
    for box_m in ((0.1, 2.9, 3.0, 5.6), (2.0, 2.8, 4.9, 5.4), (0.8, 4.0, 4.2, 7.3)):
        _crown(sheet, box_m, 0.26, random)
    return sheet.rgba()


def plant(pixels_per_m: float, random: np.random.Generator) -> Image:
    """A round bush in a clay pot, in a sheet of 0.9 by 1.3 m: (H, W, 4) uint8."""
    sheet = Elevation((0.9, 1.3), pixels_per_m)
    pot_rgb: Colour = (176, 96, 66)
    sheet.area([(0.28, 0), (0.2, 0.5), (0.7, 0.5), (0.62, 0)], pot_rgb)
    sheet.box(0.16, 0.44, 0.74, 0.54, shade(pot_rgb, 1.15))
    _crown(sheet, (0.02, 0.48, 0.88, 1.28), 0.12, random)
    return sheet.rgba()


def lamp(pixels_per_m: float) -> Image:
    """A street lamp in a sheet of 0.8 by 4.6 m: (H, W, 4) uint8."""
    sheet = Elevation((0.8, 4.6), pixels_per_m)
    sheet.box(0.36, 0, 0.44, 3.7, IRON_RGB)
    sheet.box(0.3, 0, 0.5, 0.6, IRON_RGB)
    sheet.box(0.2, 3.62, 0.6, 3.7, IRON_RGB)
    sheet.area([(0.25, 3.7), (0.16, 4.2), (0.64, 4.2), (0.55, 3.7)], (255, 232, 176))
    sheet.line([(0.4, 3.7), (0.4, 4.2)], 0.03, IRON_RGB)
    sheet.area([(0.1, 4.2), (0.4, 4.55), (0.7, 4.2)], IRON_RGB)
    return sheet.rgba()


def bicycle(pixels_per_m: float) -> Image:
    """A bicycle from its side in a sheet of 1.8 by 1.1 m: (H, W, 4) uint8."""
    sheet = Elevation((1.8, 1.1), pixels_per_m)
    back, front, pedals, saddle, bar = (0.36, 0.36), (1.42, 0.36), (0.8, 0.34), (0.66, 0.86), (1.26, 0.9)
    for hub in (back, front):
        sheet.ring(hub, 0.345, 0.05, IRON_RGB)
        for turn in np.linspace(0, np.pi, 7)[:-1].tolist():
            x_m, y_m = 0.32 * np.cos(turn), 0.32 * np.sin(turn)
            sheet.line([(hub[0] - x_m, hub[1] - y_m), (hub[0] + x_m, hub[1] + y_m)], 0.008, (150, 150, 150))
    frame_rgb = (196, 62, 52)
    for path in ([back, pedals, bar, saddle, back], [pedals, saddle], [front, (1.24, 0.98)]):
        sheet.line(path, 0.045, frame_rgb)
    sheet.line([(1.12, 1.02), (1.24, 0.98), (1.3, 1.04)], 0.04, IRON_RGB)
    sheet.line([(0.54, 0.9), (0.76, 0.9)], 0.07, (90, 56, 40))
    return sheet.rgba()
