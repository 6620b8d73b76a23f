"""A server that others keep from the cores is told from one that is idle, stuck, or busy with itself."""

import os

import pytest

from ocr_launch.starvation import CoreTime

BEFORE = CoreTime(at_s=100, ran_s=50, waited_s=7)


@pytest.mark.parametrize(
    ("ran_s", "waited_s", "is_starved"),
    [
        pytest.param(0.1, 30, True, id="others-have-both-cores"),
        pytest.param(0, 0.2, False, id="idle-or-waiting-for-something-that-never-comes"),
        pytest.param(20, 0, False, id="one-thread-computes-for-ever"),
        pytest.param(38, 200, False, id="its-own-threads-wait-for-one-another"),
        pytest.param(19, 60, False, id="another-program-has-half"),
        pytest.param(0.3, 4, True, id="one-thread-wants-to-run-and-may-not"),
    ],
)
def test_starved_is_what_runs_far_less_than_it_could(ran_s: float, waited_s: float, is_starved: bool) -> None:
    after = CoreTime(BEFORE.at_s + 20, BEFORE.ran_s + ran_s, BEFORE.waited_s + waited_s)
    assert after.is_starved_since(BEFORE, cores=2) is is_starved


def test_the_kernel_counts_the_time_that_threads_run() -> None:
    before = CoreTime.of([os.getpid()])
    sum(range(2_000_000))
    after = CoreTime.of([os.getpid()])
    assert 0 < after.ran_s - before.ran_s <= (after.at_s - before.at_s) * (os.cpu_count() or 1)


def test_a_process_that_has_ended_has_had_nothing() -> None:
    assert CoreTime.of([2**22 + 1]).ran_s == 0
