"""What comes from elsewhere than the step before is refused in a sentence."""

import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr_core import borders, crops, detection
from ocr_core.borders import MAX_LINES, MAX_STRIP_PX, check_maps, check_strip
from ocr_core.errors import BadImage, BadRequest
from ocr_core.options import Options
from tests.unit.asking import DB, EAST, recognizer

Array = NDArray[Any]
Tensors = tuple[Array, Array, Array, Array, Array, Array]
RECOGNIZER = recognizer()


def page(width: int, height: int) -> Array:
    """Without memory for its pixels, as nobody looks at them."""
    return np.broadcast_to(np.uint8(255), (height, width, 3))


def maps(*shape: int) -> Array:
    return np.zeros((1, *shape), np.float32)


SIZE = np.array([640, 320], np.int32)


@pytest.mark.parametrize(("detector", "shape"), [(DB, (1, 640, 320)), (EAST, (6, 160, 80))])
def test_the_maps_of_a_page_are_taken(detector: Any, shape: tuple[int, ...]) -> None:
    check_maps(page(320, 640), maps(*shape), SIZE, detector)


@pytest.mark.parametrize(
    ("image", "of_page", "image_size", "told"),
    [
        (page(320, 0), maps(1, 640, 320), SIZE, "page is 320 x 0 pixels; it must have at least one"),
        (page(40_000, 32), maps(1, 640, 320), SIZE, "page is 40000 x 32 pixels; .* sides of at most 32000"),
        (page(9_000, 9_000), maps(1, 640, 320), SIZE, "page is 9000 x 9000 pixels; .* at most 22118400"),
        (page(320, 640), maps(1, 320, 640), SIZE, r"maps are \[1, 1, 320, 640\]; .* must be \[1, 1, 640, 320\]"),
        (page(320, 640)[:, :, :2], maps(1, 640, 320), SIZE, "page has 2 channels; it must have 3 of RGB or 1 of grey"),
        (page(320, 640), maps(1, 0, 0), SIZE, r"maps are \[1, 1, 0, 0\]"),
        (page(320, 640), maps(1, 640, 320) + np.float32("nan"), SIZE, "infinite or no numbers"),
        (page(320, 640), maps(1, 640, 320), np.array([0, 5], np.int32), r"image_size is \[0, 5\]"),
        (page(320, 640), maps(1, 640, 320), np.array([7, -5], np.int32), r"image_size is \[7, -5\]"),
        (page(320, 640), maps(1, 640, 320), np.array([2**30, 5], np.int32), r"sides must be between 1 and 65535"),
    ],
)
def test_what_is_no_page_with_its_maps_is_refused(image: Array, of_page: Array, image_size: Array, told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        check_maps(image, of_page, image_size, DB)


def strip_of(
    widths: list[int],
    *,
    height: int = 48,
    more: int = 0,
    quads: int = 0,
    scores: int = 0,
    blocks: int = 0,
    bends: int = 0,
    channels: int = 3,
) -> Tensors:
    count = len(widths)
    total = max(0, sum(widths) + more)
    return (
        np.broadcast_to(np.uint8(0), (height, total, channels)),
        np.array(widths, np.int32),
        np.zeros((count + quads, 4, 2), np.float32),
        np.zeros(count + scores, np.float32),
        np.zeros(count + blocks, np.int32),
        np.zeros((count + bends, 2), np.float32),
    )


@pytest.mark.parametrize("widths", [[], [16], [320, 1, 17]])
def test_a_strip_of_its_crops_is_taken(widths: list[int]) -> None:
    check_strip(*strip_of(widths), RECOGNIZER)
    check_strip(*strip_of(widths, channels=1), RECOGNIZER)


@pytest.mark.parametrize(
    ("tensors", "told"),
    [
        (strip_of([20, 30], quads=1), "are of 2, 3 and 2 lines; they must be of equally many"),
        (strip_of([20, 30], scores=-1), "are of 2, 2 and 1 lines"),
        (strip_of([20, 30], blocks=1), "detected_blocks has 3 entries; it must have one for each line, 2"),
        (strip_of([20, 30], bends=-1), "detected_bends has 1 entries; it must have one for each line, 2"),
        (strip_of([50, -20]), "widths are between -20 and 50 pixels; they must be between 1 and 320"),
        (strip_of([0]), "widths are between 0 and 0"),
        (strip_of([321]), "widths are between 321 and 321"),
        (strip_of([20, 30], more=1), r"strip is [48, 51, 3]; with these widths it must be [48, 50, 3]"),
        (strip_of([20, 30], height=47), "strip is [47, 50, 3]"),
        (strip_of([], more=1), "strip is [48, 1, 3]"),
        (strip_of([20, 30], channels=2), "strip has 2 channels; it must have 3 of RGB or 1 of grey"),
        (strip_of([20] * 20_000), f"20000 lines of text were found; at most {MAX_LINES} are read"),
        (strip_of([320] * MAX_LINES), f"1600000 pixels long together; at most {MAX_STRIP_PX}"),
    ],
    ids=str.split("quads scores blocks bends negative none wide long low stray-column channels too-many too-much"),
)
def test_what_is_no_strip_of_crops_is_refused(tensors: Tensors, told: str) -> None:
    with pytest.raises(BadRequest, match=re.escape(told)):
        check_strip(*tensors, RECOGNIZER)


def test_widths_whose_sum_does_not_fit_into_their_type_are_refused() -> None:
    wide = recognizer(max_width=2**31 - 1)
    strip, widths, quads, scores, blocks, bends = strip_of([1, 1])
    widths[:] = 2**31 - 1
    with pytest.raises(BadImage, match="4294967294 pixels long together"):
        check_strip(strip, widths, quads, scores, blocks, bends, wide)


def test_a_page_with_more_lines_than_can_be_is_refused_before_they_are_put_in_order() -> None:
    dots = np.zeros((1, 960, 1280), np.float32)
    for row in range(5):
        for column in range(5):
            dots[:, row::10, column::10] = 1
    with pytest.raises(BadImage, match=r"^12288 lines of text were found; at most 5000 are read, send the image in"):
        detection.decode(dots, (960, 1280), DB, Options())


def test_a_page_whose_crops_take_too_much_room_is_refused_before_they_are_cut() -> None:
    line = np.array([[0, 0], [5000, 0], [5000, 1], [0, 1]], np.float32)
    quads = np.repeat(line[None], borders.MAX_STRIP_PX // 9600 + 1, axis=0)
    with pytest.raises(BadImage, match="pixels long together"):
        crops.cut(np.zeros((2, 5000, 3), np.uint8), quads, recognizer(max_width=9600))
