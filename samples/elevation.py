"""A flat drawing in metres, y upwards from the ground: what stands upright in the street scene."""

from collections.abc import Sequence

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw

from samples.sample import Image

Colour = tuple[int, int, int]


def shade(rgb: Colour, factor: float) -> Colour:
    """The colour, darker below 1 and lighter above.

    >>> shade((100, 200, 10), 1.5)
    (150, 255, 15)
    """
    red, green, blue = (min(255, round(part * factor)) for part in rgb)
    return red, green, blue


class Elevation:
    """A transparent sheet of `size_m` to draw on.

    Attributes:
        size_m: width and height.
        pixels_per_m: the sheet's resolution.
    """

    def __init__(self, size_m: tuple[float, float], pixels_per_m: float) -> None:
        self.size_m = size_m
        self.pixels_per_m = pixels_per_m
        width, height = (max(2, round(side * pixels_per_m)) for side in size_m)
        self._sheet = Pillow.new("RGBA", (width, height))
        self._draw = ImageDraw.Draw(self._sheet)

    def rgba(self) -> Image:
        """What has been drawn so far: (H, W, 4) uint8."""
        return np.asarray(self._sheet)

    def _pixel(self, x_m: float, y_m: float) -> tuple[float, float]:
        return x_m * self.pixels_per_m, (self.size_m[1] - y_m) * self.pixels_per_m

    def box(self, left_m: float, bottom_m: float, right_m: float, top_m: float, rgb: Colour) -> None:
        """A filled rectangle."""
        self._draw.rectangle((*self._pixel(left_m, top_m), *self._pixel(right_m, bottom_m)), rgb)

    def oval(self, left_m: float, bottom_m: float, right_m: float, top_m: float, rgb: Colour) -> None:
        """A filled ellipse."""
        self._draw.ellipse((*self._pixel(left_m, top_m), *self._pixel(right_m, bottom_m)), rgb)

    def ring(self, centre_m: tuple[float, float], radius_m: float, width_m: float, rgb: Colour) -> None:
        """A circle's outline."""
        x_m, y_m = centre_m
        corners = self._pixel(x_m - radius_m, y_m + radius_m), self._pixel(x_m + radius_m, y_m - radius_m)
        self._draw.ellipse(corners, None, rgb, max(1, round(width_m * self.pixels_per_m)))

    def line(self, points_m: Sequence[tuple[float, float]], width_m: float, rgb: Colour) -> None:
        """A line through the points."""
        path = [self._pixel(x_m, y_m) for x_m, y_m in points_m]
        self._draw.line(path, rgb, max(1, round(width_m * self.pixels_per_m)), joint="curve")

    def area(self, points_m: Sequence[tuple[float, float]], rgb: Colour) -> None:
        """A filled polygon."""
        self._draw.polygon([self._pixel(x_m, y_m) for x_m, y_m in points_m], rgb)

    def stain(self, mask: Image, rgb: Colour) -> None:
        """Paints what is already drawn over with a colour, as strongly as the mask says ((H, W) uint8)."""
        alpha = self._sheet.getchannel("A")
        self._sheet.paste(rgb, mask=Pillow.fromarray(mask))
        self._sheet.putalpha(alpha)
