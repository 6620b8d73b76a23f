"""Ways to batch crops, compared."""

import numpy as np

from benchmarks.layouts.crop_batches import others, table
from ocr_core.batching import GROUPED
from tests.unit.benchmarks.markdown import rows


def test_the_table_has_medians_relative_to_the_default() -> None:
    other = others(GROUPED)[0]
    page = [np.zeros((1, 48, 32, 3), np.uint8)]
    rounds = [{GROUPED: 2.0, other: 1.0}, {GROUPED: 1.0, other: 3.0}, {GROUPED: 1.0, other: 1.5}]
    assert rows(table(rounds, {GROUPED: [page * 4, page * 2], other: [page, page]})) == [
        ["**64**", "**3200**", "**320**", "**3.0**", "**1.000**"],
        ["32", "3200", "320", "1.0", "1.500"],
    ]
