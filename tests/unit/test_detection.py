"""A page on its side is looked at again, turned; its lines lie where they lie on the page as it came."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr_core import detection
from ocr_core.options import Options
from ocr_core.pixels import RgbArray
from tests.unit.asking import DB

DETECTOR = replace(DB, unclip_ratio=0)
# Six lines one below the other on an upright page of 320 × 256 pixels.
UPRIGHT = np.zeros((1, 256, 320), np.float32)
for top in range(20, 200, 30):
    UPRIGHT[0, top : top + 11, 20 : 181 + top] = 0.9


class Detector:
    """Sees on each page that it is shown what was given to it.

    Attributes:
        shown: Shapes of the pages.
    """

    def __init__(self, maps: NDArray[np.float32]) -> None:
        self.maps = maps
        self.shown: list[tuple[int, ...]] = []

    def __call__(self, batches: Sequence[Mapping[str, RgbArray]]) -> list[list[NDArray[np.float32]]]:
        """The maps of each batch."""
        self.shown += [batch["image"].shape for batch in batches]
        return [[self.maps[None]] for _ in batches]


def turned(maps: NDArray[np.float32], quarters: int) -> NDArray[np.float32]:
    return np.ascontiguousarray(np.rot90(maps, quarters, axes=(1, 2)))


def find(maps: NDArray[np.float32], detector: Detector, options: Options) -> detection.Found:
    page = np.zeros((*maps.shape[1:], 3), np.uint8)
    return detection.find_on(page, maps, DETECTOR, options, detector)


@pytest.mark.parametrize(("option", "quarters"), [("auto", -1), ("90", -1), ("270", 1)])
def test_a_page_on_its_side_is_looked_at_again(option: str, quarters: int) -> None:
    """At first only five of its six lines are seen, without their ends."""
    half = UPRIGHT.copy()
    half[:, 160:], half[:, :, 120:] = 0, 0
    detector, options = Detector(UPRIGHT), Options(orientation=option)
    found = find(turned(half, quarters), detector, options)
    assert detector.shown == [(1, 256, 320, 3)]
    as_seen = find(turned(UPRIGHT, quarters), Detector(UPRIGHT), replace(options, orientation="off"))
    corners = sorted((*quad.min(axis=0), *quad.max(axis=0)) for quad in found.quads)
    expected = sorted((*quad.min(axis=0), *quad.max(axis=0)) for quad in as_seen.quads)
    np.testing.assert_allclose(corners, expected, atol=1.01)  # a corner is the middle of a pixel


@pytest.mark.parametrize("option", ["auto", "off", "0", "180"])
def test_an_upright_page_is_looked_at_once(option: str) -> None:
    detector = Detector(UPRIGHT)
    found = find(UPRIGHT, detector, Options(orientation=option))
    assert (len(found.quads), detector.shown) == (6, [])


def test_a_sign_or_two_that_stand_upright_are_no_page_on_its_side() -> None:
    two = UPRIGHT.copy()
    two[:, 75:] = 0
    detector = Detector(UPRIGHT)
    found = find(turned(two, -1), detector, Options())
    assert (len(found.quads), detector.shown) == (2, [])


def test_a_page_on_its_side_that_shows_less_when_it_is_turned_is_taken_as_it_was_seen_at_first() -> None:
    """It then stands on its head, where small text is missed."""
    two = UPRIGHT.copy()
    two[:, 75:] = 0
    detector = Detector(two)
    found = find(turned(UPRIGHT, -1), detector, Options())
    assert (len(found.quads), len(detector.shown)) == (6, 1)
