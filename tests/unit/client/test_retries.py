"""Pauses between attempts."""

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from ocr_client.retries import FIRST_S, LONGEST_S, pauses_s


@given(st.integers(0, 3000))
def test_every_pause_is_at_most_twice_the_last_one_planned_and_bounded(retry: int) -> None:
    (pause_s,) = islice(pauses_s(), retry, retry + 1)
    planned_s = FIRST_S * 2**retry if retry < 10 else LONGEST_S
    planned_s = min(planned_s, LONGEST_S)
    assert planned_s / 2 <= pause_s <= planned_s


def test_clients_that_failed_together_do_not_come_back_together() -> None:
    assert len({next(pauses_s()) for _ in range(20)}) > 1
