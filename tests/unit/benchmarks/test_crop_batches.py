"""Ways to batch crops, compared."""

import numpy as np

from benchmarks.layouts.crop_batches import DEFAULT, table
from tests.unit.benchmarks.markdown import rows


def test_the_table_has_medians_relative_to_the_default() -> None:
    other = (64, 16)
    page = [np.zeros((1, 48, 32, 3), np.uint8)]
    rounds = [{DEFAULT: 2.0, other: 1.0}, {DEFAULT: 1.0, other: 3.0}, {DEFAULT: 1.0, other: 1.5}]
    assert rows(table(rounds, {DEFAULT: [page * 4, page * 2], other: [page, page]})) == [
        ["**32**", "**8**", "**3.0**", "**1.00**"],
        ["64", "16", "1.0", "1.50"],
    ]
