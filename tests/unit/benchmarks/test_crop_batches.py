"""Ways to batch crops, compared."""

import numpy as np

from benchmarks.layouts.crop_batches import table
from ocr_core.batching import SMALL, Limits
from tests.unit.benchmarks.markdown import rows


def test_the_table_has_medians_relative_to_the_default() -> None:
    other = Limits(bucket_px=64, max_crops=8, max_px=1280)
    page = [np.zeros((1, 48, 32, 3), np.uint8)]
    rounds = [{SMALL: 2.0, other: 1.0}, {SMALL: 1.0, other: 3.0}, {SMALL: 1.0, other: 1.5}]
    assert rows(table(rounds, {SMALL: [page * 4, page * 2], other: [page, page]})) == [
        ["**32**", "**16**", "**1600**", "**3.0**", "**1.000**"],
        ["64", "8", "1280", "1.0", "1.500"],
    ]
