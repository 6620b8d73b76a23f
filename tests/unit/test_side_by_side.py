"""Work done several pieces at a time."""

import threading
from time import sleep

import pytest

from ocr_core.side_by_side import Threads


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("items", [0, 1, 2, 30])
def test_results_come_in_the_order_of_the_items_whoever_is_done_first(count: int, items: int) -> None:
    def work(item: int) -> int:
        sleep(0.001 * (item % 3))
        return -item

    threads = Threads(count)
    assert [threads.map(work, range(items)) for _ in range(2)] == [[-item for item in range(items)]] * 2
    threads.shutdown()


@pytest.mark.parametrize("count", [1, 2, 5])
def test_so_many_are_at_work_at_once_and_never_more(count: int) -> None:
    at_work, most, met = [], [], threading.Barrier(count, timeout=5)

    def work(item: int) -> None:
        at_work.append(item)
        met.wait()
        most.append(len(at_work))
        met.wait()
        at_work.remove(item)

    Threads(count).map(work, range(3 * count))
    assert most == [count] * 3 * count


def test_the_thread_that_asks_works_too() -> None:
    assert Threads(1).map(lambda _: threading.current_thread(), range(3)) == [threading.current_thread()] * 3


@pytest.mark.parametrize("failing", [0, 1])
def test_once_a_piece_fails_nobody_begins_another(failing: int) -> None:
    begun, together = [], threading.Barrier(2, timeout=5)

    def work(item: int) -> None:
        begun.append(item)
        together.wait()
        if item == failing:
            raise KeyError(item)
        sleep(0.2)

    with pytest.raises(KeyError, match=str(failing)):
        Threads(2).map(work, range(9))
    assert sorted(begun) == [0, 1]


def test_threads_go_on_after_a_failure() -> None:
    threads = Threads(2)
    with pytest.raises(ZeroDivisionError):
        threads.map(lambda item: 1 // item, [1, 0, 2])
    assert threads.map(lambda item: 4 // item, [1, 2, 4]) == [4, 2, 1]
