"""A jar label that lies askew on a wooden table."""

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFilter
from PIL.Image import Resampling

from samples.ink import Words, coverage
from samples.paper import clouds
from samples.sample import Image, Sample

TABLE_WH = 840, 640
LABEL_WH = 600, 360
TURN_DEGREES = 20  # against the clock
OVERSAMPLING = 2  # of the turned label, so that its edges are smooth
PAPER_RGB, INK_RGB, BERRY_RGB, LEAF_RGB = (244, 236, 214), (58, 38, 70), (108, 76, 150), (92, 128, 74)

LINES = (
    Words("NORTHFIELD FARM", 300, 74, 30, 0.5, "m"),
    Words("Wild Blueberry Jam", 300, 146, 58, 1, "m"),
    Words("with a little lemon and vanilla", 300, 194, 27, 0, "m"),
    Words("Net weight 340 g", 50, 276, 27),
    Words("Best before March 2028", 50, 314, 27),
)


def _wood(random: np.random.Generator) -> Image:
    """Planks with a grain along them, in few tones so that the PNG stays small: (H, W, 3) uint8."""
    width, height = TABLE_WH
    streaks = Pillow.fromarray(clouds(random, (width // 14, height), 6)).resize(TABLE_WH, Resampling.BICUBIC)
    row = np.arange(height)[:, None]
    tone = np.asarray(streaks).astype(np.int32) // 36 * 5 + row // 160 * 37 % 23
    tone = np.where(row % 160 < 3, -40, tone)
    base_rgb, step_rgb = np.array([112, 74, 46]), np.array([10, 8, 6])
    wood_rgb: Image = np.clip(base_rgb + tone[:, :, None] * step_rgb // 10, 0, 255).astype(np.uint8)
    return wood_rgb


def _berries(draw: ImageDraw.ImageDraw, scale: int) -> None:
    """A few blueberries and two leaves in the label's lower right corner."""
    for box in ((424, 262, 474, 284), (520, 254, 562, 276)):
        draw.ellipse([end * scale for end in box], LEAF_RGB)
    for left, top in ((452, 280), (490, 256), (506, 290), (470, 302)):
        draw.ellipse([end * scale for end in (left, top, left + 36, top + 36)], BERRY_RGB, INK_RGB, scale)
        draw.ellipse([end * scale for end in (left + 13, top + 8, left + 24, top + 17)], INK_RGB)


def _label(scale: int) -> Pillow.Image:
    """The label itself, upright, `scale` times its size."""
    width, height = LABEL_WH[0] * scale, LABEL_WH[1] * scale
    label = Pillow.new("RGB", (width, height), PAPER_RGB)
    draw = ImageDraw.Draw(label)
    edge, side = 12 * scale, 50 * scale
    draw.rectangle((edge, edge, width - edge, height - edge), None, BERRY_RGB, 4 * scale)
    draw.rectangle((side, 222 * scale, width - side, 224 * scale), BERRY_RGB)
    _berries(draw, scale)
    words = [piece.scaled(scale) for piece in LINES]
    label.paste(INK_RGB, mask=Pillow.fromarray(coverage((width, height), words)))
    return label


def _turned(label: Pillow.Image, scale: int) -> Pillow.Image:
    """The label turned and `scale` times smaller, transparent around it."""
    turned = label.convert("RGBA").rotate(TURN_DEGREES, Resampling.BICUBIC, expand=True)
    return turned.reduce(scale)


def _lay(label: Pillow.Image, table: Pillow.Image) -> None:
    """Lays the label onto the middle of the table, with its shadow."""
    left, top = (TABLE_WH[0] - label.width) // 2, (TABLE_WH[1] - label.height) // 2
    shadow = Pillow.new("L", TABLE_WH)
    shadow.paste(label.getchannel("A").point(lambda alpha: alpha * 0.6), (left + 8, top + 10))
    table.paste((20, 10, 5), mask=shadow.filter(ImageFilter.GaussianBlur(7)))
    table.paste(label, (left, top), label)


def draw_label() -> Sample:
    """A cream label of a jam jar, turned by 20 degrees, on brown planks."""
    table = Pillow.fromarray(_wood(np.random.default_rng(3)))
    _lay(_turned(_label(OVERSAMPLING), OVERSAMPLING), table)
    return Sample("label.png", np.asarray(table), tuple(piece.text for piece in LINES))
