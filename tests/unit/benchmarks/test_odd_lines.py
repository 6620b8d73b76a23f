"""Pages with odd lines: they are drawn as they are named, and compared with what was read."""

import numpy as np
import pytest

from benchmarks.accuracy.odd_lines import CASES, MARGIN_PX, ODD, PAGE_WH, error_rates

FONT = "DejaVuSans"
PAPER_FROM = 200


@pytest.mark.parametrize("case", CASES)
def test_all_ink_is_on_the_page(case: str) -> None:
    page = CASES[case](FONT)
    ink = page.image < PAPER_FROM
    assert ink.any()
    assert not np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]]).any()


@pytest.mark.parametrize(("case", "is_tall"), [("upwards", True), ("downwards", True), ("on its head", False)])
def test_a_line_against_the_page_lies_at_its_lower_right(case: str, is_tall: bool) -> None:
    page = CASES[case](FONT)
    rows, columns = np.nonzero(page.image[:, PAGE_WH[0] * 3 // 5 :] < PAPER_FROM)
    assert page.lines == (ODD,)
    assert bool(np.ptp(rows) > np.ptp(columns)) is is_tall
    assert PAGE_WH[1] - MARGIN_PX * 2 < rows.max() < PAGE_WH[1] - MARGIN_PX


@pytest.mark.parametrize("name", ["on an arc", "below the middle of one"])
def test_the_smaller_the_radius_the_higher_the_arc(name: str) -> None:
    heights = []
    for radius in (900, 600, 300):
        rows, _ = np.nonzero(CASES[f"{name}, radius {radius} px"](FONT).image[: PAGE_WH[1] // 2] < PAPER_FROM)
        heights.append(np.ptp(rows))
    assert heights == sorted(heights)
    assert heights[-1] > 2 * heights[0]


def test_a_line_that_was_not_read_is_wholly_wrong() -> None:
    assert error_rates(["Harbour"], []) == [1]
    assert error_rates(["Harbour", "xyz"], ["Harbor"]) == [pytest.approx(1 / 7), 1]
