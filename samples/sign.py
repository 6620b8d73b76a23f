"""Signs with words on them."""

from dataclasses import dataclass

from samples.elevation import Colour, Elevation
from samples.ink import Words, coverage
from samples.sample import Image

CAPITAL = 0.7  # a capital letter's height as a share of the em


@dataclass(frozen=True)
class Sign:
    """A painted board.

    Attributes:
        lines: the words, from the top.
        size_m: width and height of the board.
        capital_m: how high the capitals are.
        board_rgb: the board's colour.
        ink_rgb: the colour of the words and of the line along the edge.
    """

    lines: tuple[str, ...]
    size_m: tuple[float, float]
    capital_m: float
    board_rgb: Colour
    ink_rgb: Colour


def painted(sign: Sign, pixels_per_m: float) -> Image:
    """The sign seen from the front: (H, W, 4) uint8."""
    board = Elevation(sign.size_m, pixels_per_m)
    width_m, height_m = sign.size_m
    edge_m, line_m = 0.06 * height_m, 0.035 * height_m
    board.box(0, 0, width_m, height_m, sign.board_rgb)
    board.box(edge_m, edge_m, width_m - edge_m, height_m - edge_m, sign.ink_rgb)
    inner_m = edge_m + line_m
    board.box(inner_m, inner_m, width_m - inner_m, height_m - inner_m, sign.board_rgb)
    height_px, width_px = board.rgba().shape[:2]
    board.stain(coverage((width_px, height_px), _words(sign, pixels_per_m)), sign.ink_rgb)
    return board.rgba()


def _words(sign: Sign, pixels_per_m: float) -> list[Words]:
    """The lines with equal space above, below and between them."""
    width_m, height_m = sign.size_m
    space_m = (height_m - sign.capital_m * len(sign.lines)) / (len(sign.lines) + 1)
    em_px, bold_px = sign.capital_m / CAPITAL * pixels_per_m, 0.04 * sign.capital_m * pixels_per_m
    feet_m = [(number + 1) * (space_m + sign.capital_m) for number in range(len(sign.lines))]
    places = zip(sign.lines, feet_m, strict=True)
    return [
        Words(text, width_m / 2 * pixels_per_m, foot_m * pixels_per_m, em_px, bold_px, "m") for text, foot_m in places
    ]
