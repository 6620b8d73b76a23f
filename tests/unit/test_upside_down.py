"""Lines on their heads look so by their outlines, where letters differ in height."""

from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw

from benchmarks.accuracy.drawn_words import FONTS, INK, PAPER, TEXT, font_of
from ocr_core import upside_down
from ocr_core.crops import IntArray
from ocr_core.pixels import RgbArray

HEIGHT, SIZE_PX, BASELINE_PX = 48, 32, 36
PROSE = [part for line in TEXT.strip().splitlines() for part in (line[:60], line[60:])]
FIGURES = ["12,840.50  7,331.00  99.20", "2024-11-28  18:45  0171 555", "1 000 000  31 415", "47.11  8.15  6.28"] * 2


def strip_of(lines: Sequence[str], font: str = FONTS[1], *, turned: bool = False) -> tuple[RgbArray, IntArray]:
    crops = [_crop(line, font)[:: -1 if turned else 1, :: -1 if turned else 1] for line in lines]
    none = np.zeros((HEIGHT, 0, 3), np.uint8)
    return np.concatenate([none, *crops], axis=1), np.array([crop.shape[1] for crop in crops], np.int32)


def _crop(line: str, font: str) -> RgbArray:
    pen_font = font_of(font, SIZE_PX)
    image = Image.new("RGB", (round(pen_font.getlength(line)) + 16, HEIGHT), (PAPER,) * 3)
    ImageDraw.Draw(image).text((8, BASELINE_PX), line, (INK,) * 3, pen_font, anchor="ls")
    return np.asarray(image)


@pytest.mark.parametrize("font", FONTS)
def test_prose_looks_upside_down_if_it_is(font: str) -> None:
    assert not upside_down.seem_upside_down(*strip_of(PROSE, font))
    assert upside_down.seem_upside_down(*strip_of(PROSE, font, turned=True))


@pytest.mark.parametrize("lines", [[line.upper() for line in PROSE], FIGURES], ids=["capitals", "figures"])
@pytest.mark.parametrize("turned", [False, True])
def test_capitals_and_figures_do_not_tell(lines: Sequence[str], *, turned: bool) -> None:
    assert not upside_down.seem_upside_down(*strip_of(lines, turned=turned))


@pytest.mark.parametrize("lines", [[], PROSE[:5], ["and", "so", "what", "may", "be", "by", "lap"], [" " * 20] * 8])
def test_nor_do_few_lines_or_letters(lines: Sequence[str]) -> None:
    assert not upside_down.seem_upside_down(*strip_of(lines, turned=True))
