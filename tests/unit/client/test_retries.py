"""Pauses between attempts."""

from hypothesis import given
from hypothesis import strategies as st

from ocr_client.retries import FIRST_S, LONGEST_S, pauses_s


@given(st.integers(0, 30))
def test_every_pause_is_at_most_twice_the_last_one_planned_and_bounded(retries: int) -> None:
    pauses = list(pauses_s(retries))
    assert len(pauses) == retries
    for retry, pause_s in enumerate(pauses):
        planned_s = min(FIRST_S * 2**retry, LONGEST_S)
        assert planned_s / 2 <= pause_s <= planned_s


def test_clients_that_failed_together_do_not_come_back_together() -> None:
    assert len({next(pauses_s(1)) for _ in range(20)}) > 1
