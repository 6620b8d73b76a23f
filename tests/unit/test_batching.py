"""Which crops go into which call, and what a call looks like."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ocr_core import batching
from ocr_core.batching import Limits
from ocr_core.crops import IntArray
from ocr_core.pixels import RgbArray, as_rgb
from ocr_core.shapes import CALLS
from tests.unit.asking import recognizer

RECOGNIZER = recognizer(height=4, max_width=100)
WIDE = replace(RECOGNIZER, max_width=9600)
TWO_READERS = replace(batching.GROUPED, readers=2)
WIDTHS = st.lists(st.integers(16, 100), max_size=40).map(lambda widths: np.array(widths, np.int32))


def strip_of(widths: IntArray) -> RgbArray:
    """A strip in which no two crops are alike."""
    return np.random.default_rng(0).integers(0, 256, (RECOGNIZER.height, int(widths.sum()), 3), np.uint8)


@pytest.mark.parametrize(
    ("widths", "calls"),
    [
        ([], []),
        ([16], [[0]]),
        ([32, 33, 64, 1], [[1, 2, 0, 3]]),
        ([100, 20, 90, 30], [[0, 2, 1, 3]]),
        ([320, 20, 290, 30], [[0], [2, 1, 3]]),
        ([320, 288, 288, 288], [[0, 1], [2, 3]]),
        ([640, 30, 20, 320], [[0], [3, 1, 2]]),
    ],
)
def test_crops_of_like_width_share_calls_and_the_widest_go_first(widths: list[int], calls: list[list[int]]) -> None:
    assert [call.tolist() for call in batching.plan(np.array(widths, np.int32), TWO_READERS)] == calls


@pytest.mark.parametrize("limits", [batching.SMALL, TWO_READERS, batching.ALONE])
@given(widths=st.lists(st.integers(16, 4000), max_size=200).map(lambda widths: np.array(widths, np.int32)))
def test_every_crop_is_in_exactly_one_call_and_none_with_wider_ones_comes_later(
    limits: Limits, widths: IntArray
) -> None:
    calls = batching.plan(widths, limits)
    assert sorted(index for call in calls for index in call.tolist()) == list(range(len(widths)))
    padded = [[limits.padded_px(width) for width in widths[call].tolist()] for call in calls]
    for call, widths_px in zip(calls, padded, strict=True):
        assert 1 <= len(call) <= limits.max_crops
        assert call.dtype == np.int32
        assert len(call) == 1 or len(call) * max(widths_px) <= limits.max_px
    in_order = [width for widths_px in padded for width in widths_px]
    assert in_order == sorted(in_order, reverse=True)


@pytest.mark.parametrize(
    ("readers", "sizes"), [(1, [20, 20, 20, 4]), (2, [20, 20, 12, 12]), (3, [20, 20, 20, 2, 2]), (8, [8] * 8)]
)
def test_calls_of_crops_that_are_alike_are_few_and_done_at_the_same_time(readers: int, sizes: list[int]) -> None:
    planned = batching.plan(np.full(64, 160, np.int32), replace(batching.GROUPED, readers=readers))
    assert [len(call) for call in planned] == sizes


@given(st.lists(st.integers(16, 2000), max_size=200).map(lambda widths: np.array(widths, np.int32)), st.integers(1, 16))
def test_no_reader_has_more_than_its_share_of_a_page_and_one_crop(widths: IntArray, readers: int) -> None:
    limits = replace(batching.GROUPED, readers=readers)
    read_px = [0] * readers
    for call in batching.plan(widths, limits):
        soonest = read_px.index(min(read_px))
        read_px[soonest] += sum(map(limits.padded_px, widths[call].tolist()))
    slack_px = max(limits.padded_px(int(widths.max(initial=0))), limits.least_px)  # a short page is not shared
    assert max(read_px) <= sum(read_px) / readers + slack_px


def test_a_recognizer_whose_graphs_read_in_no_groups_gets_small_calls() -> None:
    other = replace(RECOGNIZER, in_groups=False)
    assert batching.limits("grouped", 3, RECOGNIZER) == replace(batching.GROUPED, readers=3)
    assert batching.limits("grouped", 3, other) == replace(batching.SMALL, readers=3)
    assert batching.limits("fixed", 8, other) == batching.limits("fixed", 8, RECOGNIZER) == batching.FIXED


@pytest.mark.parametrize("limits", [batching.SMALL, TWO_READERS])
@given(widths=WIDTHS, padding=st.sampled_from(["grey", "edge"]))
def test_a_batch_holds_its_crops_on_the_left_and_padding_on_the_right(
    limits: Limits, widths: IntArray, padding: Literal["grey", "edge"]
) -> None:
    strip = strip_of(widths)
    crops: list[NDArray[np.uint8]] = np.split(strip, np.cumsum(widths)[:-1], axis=1) if len(widths) else []
    calls, batches = batching.pack(strip, widths, replace(RECOGNIZER, padding=padding), limits)
    for call, batch in zip(calls, batches, strict=True):
        count, height, width, channels = batch.shape
        assert (count, height, channels, batch.dtype.name) == (len(call), RECOGNIZER.height, 3, "uint8")
        assert width - widths[call].max() < limits.bucket_px
        assert width in {32, 64, 96, RECOGNIZER.max_width}
        for index, crop in zip(call, batch, strict=True):
            assert np.array_equal(crop[:, : widths[index]], crops[index])
            # Graphs that read in groups see a crop up to the next multiple of 32 pixels, and cut off the rest.
            seen = limits.padded_px(int(widths[index])) if limits is TWO_READERS else width
            filled = batching.PADDING if padding == "grey" else crops[index][:, -1:]
            assert (crop[:, widths[index] : seen] == filled).all()
            assert (crop[:, seen:] == batching.PADDING).all()


@given(widths=WIDTHS.filter(len), padding=st.sampled_from(["grey", "edge"]))
def test_grey_crops_become_the_same_batches(widths: IntArray, padding: Literal["grey", "edge"]) -> None:
    grey = strip_of(widths)[:, :, :1]
    calls, batches = batching.pack(grey, widths, replace(RECOGNIZER, padding=padding), TWO_READERS)
    _, expected = batching.pack(as_rgb(grey), widths, replace(RECOGNIZER, padding=padding), TWO_READERS)
    assert len(batches) == len(calls)
    assert all(np.array_equal(batch, other) for batch, other in zip(batches, expected, strict=True))


def test_without_crops_there_is_no_call() -> None:
    widths = np.zeros(0, np.int32)
    assert batching.pack(strip_of(widths), widths, RECOGNIZER, TWO_READERS) == ([], [])


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
