"""Paper: shades of grey to print on. All integers, so that every machine draws the same pixels."""

import numpy as np
from PIL import Image as Pillow
from PIL.Image import Resampling

from samples.sample import Image, Sample


def clouds(random: np.random.Generator, size_wh: tuple[int, int], cell_px: int) -> Image:
    """Soft spots about `cell_px` wide: (H, W) uint8, values over the whole range."""
    width, height = size_wh
    coarse = random.integers(0, 256, (height // cell_px + 2, width // cell_px + 2), dtype=np.uint8)
    return np.asarray(Pillow.fromarray(coarse).resize(size_wh, Resampling.BICUBIC))


def paper(random: np.random.Generator, size_wh: tuple[int, int], light: int, depth: int) -> Image:
    """An empty page that is unevenly lit: (H, W) uint8 from `light - depth` to `light`."""
    shade = clouds(random, size_wh, 240).astype(np.int32)
    return (light - shade * depth // 255).astype(np.uint8)


def print_on(grey: Image, coverage: Image, ink: int) -> Image:
    """The page with ink on it: (H, W) uint8, `ink` where the coverage is 255."""
    share = coverage.astype(np.int32)
    printed: Image = ((grey * (255 - share) + ink * share + 127) // 255).astype(np.uint8)
    return printed


def grainy(random: np.random.Generator, grey: Image, step: int) -> Image:
    """The page in grey levels `step` apart, dithered, which looks like grain: (H, W) uint8."""
    # Noise of half a step breaks the edges between levels up, at half the bytes of a whole one.
    noise = random.integers(0, step, grey.shape, dtype=np.uint8) // 2 + step // 4
    return ((grey.astype(np.int32) + noise) // step * step).astype(np.uint8)


def smooth(grey: Image, step: int) -> Image:
    """The page in grey levels `step` apart, so that its PNG stays small: (H, W) uint8."""
    return np.minimum((grey.astype(np.int32) + step // 2) // step * step, 255).astype(np.uint8)


def rgb(grey: Image) -> Image:
    """A grey page as (H, W, 3) uint8 RGB."""
    return np.repeat(grey[:, :, None], 3, axis=2)


def draw_blank() -> Sample:
    """An almost white sheet with the faint texture of paper and nothing written on it."""
    random = np.random.default_rng(6)
    sheet = paper(random, (640, 480), 252, 8)
    fibres = random.integers(0, 3, sheet.shape, dtype=np.uint8)
    return Sample("blank.png", rgb(sheet - fibres), ())
