"""A server that has refused for long is told from one that refuses now and then."""

import math

import pytest

from ocr_launch.overload import LOOKS, MOST, REST_LOOKS, Overload

REFUSED, NOT = 0.4, math.inf


@pytest.fixture
def overload() -> Overload:
    return Overload()


def note(overload: Overload, *looks: float) -> bool:
    for refused_s_ago in looks:
        overload.note(refused_s_ago)
    return overload.is_lasting


def test_a_burst_is_not_overload(overload: Overload) -> None:
    for _ in range(10):
        assert not note(overload, *[REFUSED] * (MOST - 1), *[NOT] * LOOKS)


def test_who_refuses_for_long_is_overloaded_though_a_place_is_free_now_and_then(overload: Overload) -> None:
    assert not note(overload, *[REFUSED, REFUSED, REFUSED, REFUSED, NOT] * 5)
    assert note(overload, *[REFUSED, REFUSED, REFUSED, REFUSED, NOT])


def test_it_lasts_until_nobody_was_refused_for_a_while(overload: Overload) -> None:
    note(overload, *[REFUSED] * LOOKS)
    assert note(overload, *[*[NOT] * (REST_LOOKS - 1), REFUSED] * 20)
    assert not note(overload, *[NOT] * REST_LOOKS)


def test_whoever_comes_back_stays_for_a_while(overload: Overload) -> None:
    note(overload, *[REFUSED] * LOOKS, *[NOT] * REST_LOOKS)
    assert not note(overload, *[REFUSED] * (MOST - 1))
    assert note(overload, REFUSED)


def test_a_refusal_of_long_ago_does_not_count_again(overload: Overload) -> None:
    assert not note(overload, *[float(second) for second in range(1, 2 * LOOKS)])
