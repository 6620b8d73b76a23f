"""Which crops go into which call, and what a call looks like."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, product
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ocr_core import batching
from ocr_core.crops import IntArray
from ocr_core.pixels import RgbArray, as_rgb
from ocr_core.shapes import CALLS
from tests.unit.asking import recognizer

RECOGNIZER = recognizer(height=4, max_width=100)
WIDE = replace(RECOGNIZER, max_width=9600)
WIDTHS = st.lists(st.integers(16, 100), max_size=40).map(lambda widths: np.array(widths, np.int32))


def strip_of(widths: IntArray) -> RgbArray:
    """A strip in which no two crops are alike."""
    return np.random.default_rng(0).integers(0, 256, (RECOGNIZER.height, int(widths.sum()), 3), np.uint8)


@pytest.mark.parametrize(
    ("widths", "calls"),
    [
        ([], []),
        ([16], [[0]]),
        ([32, 33, 64, 1], [[1, 2], [0, 3]]),
        ([100, 20, 90, 30], [[0], [2], [1, 3]]),
        ([320, 20, 290, 30], [[0], [2], [1, 3]]),
        ([320, 20, 256, 30], [[0], [2], [1, 3]]),
        ([64, 64], [[0, 1]]),
        ([320, 288, 288, 288], [[0], [1], [2, 3]]),
        ([40] * 8, [[0, 1, 2, 3], [4, 5, 6, 7]]),
        ([40] * 9, [[0, 1, 2, 3], [4, 5, 6, 7, 8]]),
        ([40] * 17, [[0, 1, 2, 3, 4, 5, 6, 7], [8, 9, 10, 11, 12, 13, 14, 15, 16]]),
    ],
)
def test_crops_of_like_width_share_calls_and_the_widest_go_first(widths: list[int], calls: list[list[int]]) -> None:
    assert [call.tolist() for call in batching.plan(np.array(widths, np.int32))] == calls


@given(widths=WIDTHS)
def test_every_crop_is_in_exactly_one_call_and_none_with_wider_ones_comes_later(widths: IntArray) -> None:
    calls = batching.plan(widths)
    assert sorted(index for call in calls for index in call.tolist()) == list(range(len(widths)))
    assert all(1 <= len(call) <= batching.SMALL.max_crops and call.dtype == np.int32 for call in calls)
    padded = [-(-int(widths[call].max()) // batching.SMALL.bucket_px) for call in calls]
    assert padded == sorted(padded, reverse=True)


def cost_px(calls: Sequence[Sequence[int]]) -> float:
    """Of calls of crops so wide: their pixels with padding, more for a large part of the page's, and their start."""
    sizes, total = [len(call) * max(call) for call in calls], sum(map(sum, calls))
    return sum(batching.CALL_PX + size * (1 + batching.WAITING * size / total) for size in sizes)


@given(widths=st.lists(st.integers(16, 400), max_size=7).map(lambda widths: np.array(widths, np.int32)))
def test_no_other_division_that_may_be_costs_less(widths: IntArray) -> None:
    padded = sorted((-(-widths // batching.SMALL.bucket_px) * batching.SMALL.bucket_px).tolist(), reverse=True)
    planned = [
        sorted((-(-widths[call] // batching.SMALL.bucket_px) * batching.SMALL.bucket_px).tolist())
        for call in batching.plan(widths)
    ]
    costs = [0.0] * (not planned)
    for cuts in product([False, True], repeat=len(padded[1:])):
        ends = [place + 1 for place, cut in enumerate(cuts) if cut]
        calls = [padded[start:end] for start, end in pairwise([0, *ends, len(padded)]) if end > start]
        if all(len(call) == 1 or len(call) * call[0] <= batching.SMALL.max_px for call in calls):
            costs.append(cost_px(calls))
    assert cost_px(planned) == pytest.approx(min(costs))


@given(widths=WIDTHS, padding=st.sampled_from(["grey", "edge"]))
def test_a_batch_holds_its_crops_on_the_left_and_padding_on_the_right(
    widths: IntArray, padding: Literal["grey", "edge"]
) -> None:
    strip = strip_of(widths)
    crops: list[NDArray[np.uint8]] = np.split(strip, np.cumsum(widths)[:-1], axis=1) if len(widths) else []
    calls, batches = batching.pack(strip, widths, replace(RECOGNIZER, padding=padding))
    for call, batch in zip(calls, batches, strict=True):
        count, height, width, channels = batch.shape
        assert (count, height, channels, batch.dtype.name) == (len(call), RECOGNIZER.height, 3, "uint8")
        assert width - widths[call].max() < batching.SMALL.bucket_px
        assert width in {32, 64, 96, RECOGNIZER.max_width}
        for index, crop in zip(call, batch, strict=True):
            assert np.array_equal(crop[:, : widths[index]], crops[index])
            filled = batching.PADDING if padding == "grey" else crops[index][:, -1:]
            assert (crop[:, widths[index] :] == filled).all()


@given(widths=WIDTHS.filter(len), padding=st.sampled_from(["grey", "edge"]))
def test_grey_crops_become_the_same_batches(widths: IntArray, padding: Literal["grey", "edge"]) -> None:
    grey = strip_of(widths)[:, :, :1]
    calls, batches = batching.pack(grey, widths, replace(RECOGNIZER, padding=padding))
    _, expected = batching.pack(as_rgb(grey), widths, replace(RECOGNIZER, padding=padding))
    assert len(batches) == len(calls)
    assert all(np.array_equal(batch, other) for batch, other in zip(batches, expected, strict=True))


def test_without_crops_there_is_no_call() -> None:
    widths = np.zeros(0, np.int32)
    assert batching.pack(strip_of(widths), widths, RECOGNIZER) == ([], [])


@pytest.mark.parametrize(
    ("count", "width", "sizes"),
    [
        (32, 160, [8] * 4),
        (320, 96, [16] * 20),
        (320, 160, [10] * 32),
        (32, 320, [4, 4, 4, 5, 5, 5, 5]),
        (320, 320, [5] * 64),
        (32, 800, [2] * 16),
        (32, 1280, [1] * 32),
        (32, 9600, [1] * 32),
    ],
)
def test_few_crops_are_divided_evenly_and_many_into_calls_as_large_as_a_core_reads_fast(
    count: int, width: int, sizes: list[int]
) -> None:
    assert [len(call) for call in batching.plan(np.full(count, width, np.int32))] == sizes


def test_a_gpu_gets_as_many_crops_at_once_as_a_shape_holds() -> None:
    widths = np.full(40, 600, np.int32)
    assert [len(call) for call in batching.plan(widths, batching.FIXED)] == [16, 16, 8]
    assert {batch.shape[2] for batch in batching.pack(strip_of(widths), widths, WIDE, batching.FIXED)[1]} == {608}


@given(st.lists(st.integers(WIDE.min_width, WIDE.max_width), max_size=300))
def test_every_call_to_a_gpu_fits_a_shape_and_no_crop_is_lost(widths_px: list[int]) -> None:
    widths = np.array(widths_px, np.int32)
    calls, batches = batching.pack(strip_of(widths), widths, WIDE, batching.FIXED)
    assert sorted(line for call in calls for line in call.tolist()) == list(range(len(widths)))
    for batch in batches:
        assert any(len(batch) <= crops and batch.shape[2] <= width for crops, width in CALLS)
