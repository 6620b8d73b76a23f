"""Which pages are let in, which are given up, and what is forgotten."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from ocr_core import admission, pages_file
from ocr_core.admission import Crowd, Pages
from ocr_core.errors import BadImage, BadRequest, Cancelled, DeadlineExceeded, Overloaded
from ocr_core.options import Options
from ocr_core.request import Request
from tests.unit.admitting import ANYONE, FOR_60_S, enter, is_full

GONE = Request(Options(), is_cancelled=lambda: True)


class Clock:
    """Tells a time that a test sets."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> int:
        """Nanoseconds."""
        return int(self.now_s * 1e9)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pages(tmp_path: Path, clock: Clock) -> Pages:
    return Pages(tmp_path / "pages", clock)


def test_a_page_more_than_allowed_is_refused_until_one_has_left(pages: Pages) -> None:
    first, second = enter(pages), enter(pages)
    with pytest.raises(Overloaded, match="this server reads 2 pages at once and has as many; try again later"):
        enter(pages)
    with pages.leaving(ANYONE, first):
        assert is_full(pages)
    assert not is_full(pages)
    assert first != second


def test_pages_that_enter_in_the_same_nanosecond_are_told_apart(pages: Pages) -> None:
    first, second = enter(pages), enter(pages)
    for deadline_ns in (first, second):
        with pages.leaving(ANYONE, deadline_ns):
            pass
    assert [enter(pages), enter(pages)]


def test_a_page_that_fails_in_any_step_counts_no_longer(pages: Pages) -> None:
    enter(pages)
    with suppress(BadImage), pages.entering(ANYONE, **FOR_60_S):
        raise BadImage("damaged")
    assert not is_full(pages)
    for step in (pages.passing, pages.leaving):
        deadline_ns = enter(pages)
        assert is_full(pages)
        with suppress(KeyError), step(ANYONE, deadline_ns):
            raise KeyError
        assert not is_full(pages)


def test_a_page_that_passes_still_counts(pages: Pages) -> None:
    enter(pages)
    with pages.passing(ANYONE, enter(pages)):
        pass
    assert is_full(pages)


@pytest.mark.parametrize(("request_s", "wanted_s"), [(None, 60), (5, 5), (90, 90), (1e9, admission.MAX_TIMEOUT_S)])
def test_a_page_is_wanted_for_as_long_as_its_request_says(
    pages: Pages, clock: Clock, request_s: float | None, wanted_s: float
) -> None:
    deadline_ns = enter(pages, Request(Options(), request_s))
    clock.now_s += wanted_s
    with pages.passing(ANYONE, deadline_ns) as check:
        check()
        clock.now_s += 0.001
        with pytest.raises(DeadlineExceeded, match="the time for this request is over"):
            check()
    with pytest.raises(DeadlineExceeded), pages.leaving(ANYONE, deadline_ns):
        pytest.fail("the step has begun")


def test_the_deadline_strikes_out_a_page_that_was_lost(pages: Pages, clock: Clock) -> None:
    enter(pages, Request(Options(), 3))
    enter(pages)
    clock.now_s += 2.9
    assert is_full(pages)
    clock.now_s += 0.2
    assert not is_full(pages)


def read(pages: Pages, clock: Clock, took_s: float, beside: int = 0, count: int = 1) -> None:
    """So many pages are read, one after the other, each in so much time and beside so many others."""
    others = [enter(pages, max_pages=8) for _ in range(beside)]
    for _ in range(count):
        deadline_ns = enter(pages, max_pages=8)
        clock.now_s += took_s
        with pages.leaving(ANYONE, deadline_ns):
            pass
    for deadline_ns in others:
        give_up(pages, deadline_ns)


def give_up(pages: Pages, deadline_ns: int) -> None:
    """A page leaves without being read."""
    with suppress(BadImage), pages.passing(ANYONE, deadline_ns):
        raise BadImage


def refuse(pages: Pages) -> None:
    """A page is refused for want of a place."""
    with pytest.raises(Overloaded):
        enter(pages, max_pages=0)


def places(pages: Pages, timeout_s: float, max_pages: int = 8) -> int:
    """How many pages with so much time an empty pipeline takes; it is empty again afterwards."""
    entered: list[int] = []
    with suppress(Overloaded):
        while len(entered) < 99:
            entered.append(enter(pages, Request(Options(), timeout_s), max_pages))
    for deadline_ns in entered:
        give_up(pages, deadline_ns)
    return len(entered)


@pytest.mark.parametrize(
    ("timeout_s", "expected"), [(0.5, 1), (3.9, 1), (4.1, 2), (11.9, 2), (12.1, 3), (20.1, 5), (90, 8)]
)
def test_while_pages_are_refused_as_many_are_let_in_as_have_time_enough(
    pages: Pages, clock: Clock, timeout_s: float, expected: int
) -> None:
    read(pages, clock, took_s=1)
    refuse(pages)
    assert places(pages, timeout_s) == expected


def test_on_many_cores_more_pages_are_let_in_with_little_time(pages: Pages, clock: Clock) -> None:
    """A page alone cannot use them all: they would be idle."""
    read(pages, clock, took_s=1)
    refuse(pages)
    assert [places(pages, timeout_s, max_pages=64) for timeout_s in (20.1, 40.1)] == [10, 16]


def test_time_does_not_matter_where_no_page_is_refused(pages: Pages, clock: Clock) -> None:
    read(pages, clock, took_s=4)
    refuse(pages)
    clock.now_s += pages_file.REFUSED_S + 0.1
    assert places(pages, timeout_s=1) == 8


def test_a_page_that_shares_the_machine_needs_only_its_part_of_the_time(pages: Pages, clock: Clock) -> None:
    read(pages, clock, took_s=4, beside=3)
    refuse(pages)
    assert places(pages, timeout_s=12.1) == 3


@pytest.mark.parametrize(("first_s", "then_s", "count", "nearly_s"), [(1, 2, 8, 2), (2, 1, 8, 2), (2, 1, 80, 1)])
def test_what_pages_need_follows_the_larger_ones_faster(
    pages: Pages, clock: Clock, first_s: float, then_s: float, count: int, nearly_s: float
) -> None:
    read(pages, clock, first_s)
    read(pages, clock, then_s, count=count)
    refuse(pages)
    assert places(pages, timeout_s=pages_file.PATIENCE * 6.5 * nearly_s) in (6, 7)


def test_pages_that_are_given_up_as_too_late_are_learnt_from(pages: Pages, clock: Clock) -> None:
    """Otherwise a machine too slow for all of them would never let in fewer."""
    read(pages, clock, took_s=0.1)
    for _ in range(30):
        enter(pages, Request(Options(), 5), max_pages=8)
        clock.now_s += 5.1
    refuse(pages)
    assert places(pages, timeout_s=21) == 2


def test_fewer_are_let_in_after_pages_that_came_too_late(pages: Pages, clock: Clock) -> None:
    """As many clients as there are places: none is refused, and together they may be too many all the same."""
    read(pages, clock, took_s=1)
    for _ in range(8):
        enter(pages, Request(Options(), 5), max_pages=8)
    clock.now_s += 5.1
    assert places(pages, timeout_s=8.1) == 2
    clock.now_s += pages_file.REFUSED_S + 0.1
    assert places(pages, timeout_s=8.1) == 8


def test_a_refusal_says_how_long_pages_take(pages: Pages, clock: Clock) -> None:
    read(pages, clock, took_s=4)
    refuse(pages)
    enter(pages)
    with pytest.raises(
        Overloaded, match=r"a page takes 8\.0 s now, beside 1 other, .* waits for 7\.0 s only; try again"
    ):
        enter(pages, Request(Options(), 7), max_pages=3)


def test_if_no_page_has_moved_for_long_all_are_lost(pages: Pages, clock: Clock) -> None:
    moving = enter(pages)
    enter(pages)
    for _ in range(3):
        clock.now_s += admission.LOST_S - 0.1
        with pages.passing(ANYONE, moving):
            assert is_full(pages)
    clock.now_s += admission.LOST_S + 0.1
    assert [enter(pages), enter(pages)]
    assert is_full(pages)


def test_a_step_refuses_a_page_that_was_not_let_in(pages: Pages, clock: Clock) -> None:
    """Whoever reaches Triton may call the steps."""
    deadline_ns = enter(pages)
    for unknown_ns in (deadline_ns + 1, 2**63 - 1):
        for step in (pages.passing, pages.leaving):
            with pytest.raises(BadRequest, match="send the image to ocr_ensemble"), step(ANYONE, unknown_ns):
                pytest.fail("the step has begun")
    with pages.leaving(ANYONE, deadline_ns):
        pass
    with pytest.raises(BadRequest), pages.leaving(ANYONE, deadline_ns):
        pytest.fail("a page has left twice")
    clock.now_s += 0.1
    assert not is_full(pages)


def test_a_page_that_was_not_let_in_moves_nothing_and_takes_no_place_away(pages: Pages, clock: Clock) -> None:
    enter(pages)
    enter(pages)
    for _ in range(3):
        assert is_full(pages)
        clock.now_s += admission.LOST_S / 4
        for unknown_ns, told in ((-1, DeadlineExceeded), (2**63 - 1, BadRequest)):
            with pytest.raises(told), pages.passing(ANYONE, unknown_ns):
                pytest.fail("the step has begun")
    clock.now_s += admission.LOST_S / 2
    assert places(pages, timeout_s=60, max_pages=2) == 2


def test_pages_that_count_no_longer_may_still_go_on(pages: Pages, clock: Clock) -> None:
    first, second = enter(pages), enter(pages)
    pages.lose()
    assert not is_full(pages)
    for deadline_ns in (first, second):
        with pages.passing(ANYONE, deadline_ns):
            pass
        with pages.leaving(ANYONE, deadline_ns):
            pass
    third = enter(pages)
    pages.lose()
    clock.now_s += 60.1
    with pytest.raises(DeadlineExceeded), pages.leaving(ANYONE, third):
        pytest.fail("the step has begun")


def test_a_page_after_a_long_pause_is_not_lost_at_once(pages: Pages, clock: Clock) -> None:
    for _ in range(2):
        clock.now_s += 3600
        enter(pages)
        enter(pages)
        assert is_full(pages)


def test_nothing_is_done_for_a_caller_that_has_gone(pages: Pages) -> None:
    with pytest.raises(Cancelled):
        enter(pages, GONE)
    deadline_ns = enter(pages)
    with pytest.raises(Cancelled), pages.passing(GONE, deadline_ns):
        pytest.fail("the step has begun")
    enter(pages)
    assert not is_full(pages)


def test_during_many_calls_a_step_asks_now_and_then_whether_its_caller_is_there(pages: Pages, clock: Clock) -> None:
    asked_s: list[float] = []

    def has_gone() -> bool:
        asked_s.append(clock.now_s)
        return len(asked_s) > 3

    request = Request(Options(), is_cancelled=has_gone)
    deadline_ns = enter(pages)
    asked_s.clear()

    def call_often() -> None:
        with pages.passing(request, deadline_ns) as check:
            for _ in range(1000):
                clock.now_s += 0.001
                check()

    with pytest.raises(Cancelled):
        call_often()
    assert np.diff(asked_s) == pytest.approx(admission.ASKED_S, abs=0.002)


def test_what_comes_is_counted_for_those_who_watch(pages: Pages, clock: Clock) -> None:
    assert pages.crowd() == Crowd()
    first, _ = enter(pages), enter(pages)
    assert pages.crowd() == Crowd(pages=2, places=2)
    assert is_full(pages)
    clock.now_s += 0.5
    assert (pages.crowd().refused, pages.crowd().refused_s_ago) == (1, 0.5)
    clock.now_s += 60
    with pytest.raises(DeadlineExceeded), pages.passing(ANYONE, first):
        pytest.fail("the step has begun")
    assert (pages.crowd().pages, pages.crowd().late) == (0, 2)


def test_pages_that_were_lost_with_their_process_count_no_longer_and_the_counts_stay(pages: Pages) -> None:
    enter(pages)
    enter(pages)
    assert is_full(pages)
    pages.lose()
    assert (pages.crowd().pages, pages.crowd().refused) == (0, 1)
    assert not is_full(pages)
