"""A page on its side or its head is looked at again, turned; its lines lie where they lie on the page as it came."""

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

    def __init__(self, *maps: NDArray[np.float32]) -> None:
        """Takes what it sees on the first page, on the second …; of the last one, on all that follow."""
        self.maps = maps
        self.shown: list[tuple[int, ...]] = []

    def __call__(self, batches: Sequence[Mapping[str, RgbArray]]) -> list[list[NDArray[np.float32]]]:
        """The maps of each batch."""
        self.shown += [batch["image"].shape for batch in batches]
        return [[self.maps[min(number, len(self.maps) - 1)][None]] for number, _ in enumerate(batches)]


def turned(maps: NDArray[np.float32], quarters: int) -> NDArray[np.float32]:
    return np.ascontiguousarray(np.rot90(maps, quarters, axes=(1, 2)))


def find(maps: NDArray[np.float32], detector: Detector, options: Options) -> detection.Found:
    page = np.zeros((*maps.shape[1:], 3), np.uint8)
    return detection.find_on(page, maps, DETECTOR, options, detector)


# Of its six lines five, without their ends.
PART = UPRIGHT.copy()
PART[:, 160:], PART[:, :, 120:] = 0, 0


@pytest.mark.parametrize(("option", "quarters"), [("auto", -1), ("90", -1), ("180", 2), ("270", 1)])
def test_a_page_that_does_not_stand_upright_is_looked_at_again(option: str, quarters: int) -> None:
    detector, options = Detector(UPRIGHT), Options(orientation=option)
    found = find(turned(PART, quarters), detector, options)
    assert detector.shown == [(1, 256, 320, 3)] * (2 if option == "auto" else 1)
    assert found.angle == (90 if option == "auto" else int(option))
    as_seen = find(turned(UPRIGHT, quarters), Detector(UPRIGHT), replace(options, orientation="off"))
    corners = sorted((*quad.min(axis=0), *quad.max(axis=0)) for quad in found.quads)
    expected = sorted((*quad.min(axis=0), *quad.max(axis=0)) for quad in as_seen.quads)
    np.testing.assert_allclose(corners, expected, atol=1.01)  # a corner is the middle of a pixel


@pytest.mark.parametrize("option", ["auto", "off", "0"])
def test_an_upright_page_is_looked_at_once(option: str) -> None:
    detector = Detector(UPRIGHT)
    found = find(UPRIGHT, detector, Options(orientation=option))
    assert (len(found.quads), detector.shown) == (6, [])


@pytest.mark.parametrize(("seen", "angle"), [((UPRIGHT, PART), 90), ((PART, UPRIGHT), 270)])
def test_it_stands_as_more_of_it_is_seen(seen: tuple[NDArray[np.float32], ...], angle: int) -> None:
    found = find(turned(PART, -1), Detector(*seen), Options())
    assert (len(found.quads), found.angle) == (6, angle)


def test_a_single_line_that_stands_upright_is_looked_at_again() -> None:
    one = UPRIGHT.copy()
    one[:, 40:] = 0
    detector = Detector(UPRIGHT)
    assert len(find(turned(one, -1), detector, Options()).quads) == 6
    assert len(detector.shown) == 2


def test_large_letters_below_each_other_are_no_level_line_if_they_are_seen_otherwise_when_the_page_is_turned() -> None:
    """At first a level line and an upright one half as long are seen."""
    letters = np.zeros((1, 320, 256), np.float32)
    letters[0, 20:31, 20:221] = 0.9
    letters[0, 60:171, 100:111] = 0.9
    found = find(letters, Detector(UPRIGHT), Options())
    assert (len(found.quads), found.angle) == (6, 90)


def test_a_page_that_is_neither_level_nor_on_its_side_stays_level_if_no_more_is_seen_when_it_is_turned() -> None:
    level = UPRIGHT.copy()
    level[:, 40:] = 0
    level[0, 60:171, 100:111] = 0.9
    detector = Detector(turned(level, 1), turned(level, -1))
    found = find(level, detector, Options())
    assert (len(found.quads), found.angle, len(detector.shown)) == (2, 0, 2)


def test_a_sign_or_two_that_stand_upright_beside_level_text_are_no_page_on_its_side() -> None:
    signs = UPRIGHT.copy()
    signs[0, 20:120, 290:301] = 0.9
    detector = Detector(UPRIGHT)
    assert (find(signs, detector, Options()).angle, detector.shown) == (0, [])


def test_nor_is_one_with_a_faint_letter() -> None:
    letter = np.zeros_like(UPRIGHT)
    letter[0, 20:36, 20:32] = 0.6
    detector = Detector(UPRIGHT)
    assert (len(find(letter, detector, Options()).quads), detector.shown) == (1, [])


def test_a_page_on_its_side_that_shows_less_when_it_is_turned_is_taken_as_it_was_seen_at_first() -> None:
    two = UPRIGHT.copy()
    two[:, 75:] = 0
    detector = Detector(two)
    found = find(turned(UPRIGHT, -1), detector, Options())
    assert (len(found.quads), len(detector.shown)) == (6, 2)


@pytest.mark.parametrize(("seen", "angle", "lines"), [(UPRIGHT, 180, 6), (PART, 0, 5), (np.zeros_like(PART), 0, 5)])
def test_a_page_is_taken_as_turned_by_half_if_more_is_seen_on_it_so(
    seen: NDArray[np.float32], angle: int, lines: int
) -> None:
    page, detector = np.zeros((256, 320, 3), np.uint8), Detector(seen)
    before = find(PART, detector, Options())
    found = detection.find_turned_by_half(page, before, DETECTOR, Options(), detector)
    assert (len(found.quads), found.angle, len(detector.shown)) == (lines, angle, 1)
    assert (found is before) == (angle == 0)


def test_a_page_on_its_side_is_turned_to_the_other_side_by_half() -> None:
    page, detector = np.zeros((320, 256, 3), np.uint8), Detector(UPRIGHT)
    before = find(turned(PART, -1), Detector(PART), Options())
    found = detection.find_turned_by_half(page, before, DETECTOR, Options(), detector)
    assert (before.angle, found.angle, len(found.quads)) == (90, 270, 6)
