"""Many items at once, in order and without taking more than needed, in threads and in tasks."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any

import pytest

from ocr_client.ordered import AHEAD, map_ordered, map_ordered_async

Map = Callable[[Callable[[Any], Any], Iterable[Any], int], Iterator[Any]]


def map_in_tasks(function: Callable[[Any], Any], items: Iterable[Any], workers: int) -> Iterator[Any]:
    """`map_ordered_async` with the arguments and results of `map_ordered`."""
    loop = asyncio.new_event_loop()

    async def each() -> AsyncIterator[Any]:
        for item in items:
            yield item
            await asyncio.sleep(0.001)  # as items would that are waited for

    async def in_thread(item: Any) -> Any:
        return await asyncio.to_thread(function, item)

    results = map_ordered_async(in_thread, each(), workers)
    try:
        while True:
            yield loop.run_until_complete(anext(results))
    except StopAsyncIteration:
        return
    finally:
        loop.run_until_complete(results.aclose())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@pytest.fixture(params=[map_ordered, map_in_tasks])
def mapped(request: pytest.FixtureRequest) -> Map:
    function: Map = request.param
    return function


def test_results_come_in_the_items_order_though_later_ones_are_done_first(mapped: Map) -> None:
    def wait(item: int) -> int:
        time.sleep(0.002 * (20 - item))
        return item

    assert list(mapped(wait, range(20), 4)) == [*range(20)]


def test_no_items_give_no_results(mapped: Map) -> None:
    assert list(mapped(str, [], 4)) == []


def test_few_items_are_taken_ahead_and_few_are_worked_on_at_once(mapped: Map) -> None:
    taken, working, most_working = 0, 0, 0
    lock = threading.Lock()

    def items() -> Iterator[int]:
        nonlocal taken
        for item in range(100):
            taken += 1
            yield item

    def work(item: int) -> int:
        nonlocal working, most_working
        with lock:
            working += 1
            most_working = max(most_working, working)
        time.sleep(0.005)
        with lock:
            working -= 1
        return item

    for given, item in enumerate(mapped(work, items(), 3)):
        assert item == given
        assert taken - given <= AHEAD * 3 + 1
    assert most_working == 3


def test_slow_items_do_not_hold_results_back(mapped: Map) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(AHEAD * 4):
            time.sleep(0.01)
            taken.append(item)
            yield item

    assert next(mapped(str, items(), 4)) == "0"
    assert len(taken) < AHEAD * 4


def test_what_the_function_raises_is_raised_in_its_place(mapped: Map) -> None:
    results = mapped(lambda item: 6 // item, [3, 0, 2], 2)
    assert next(results) == 2
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_what_the_items_raise_is_raised(mapped: Map) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        list(mapped(str, items(), 2))


def test_leaving_early_takes_no_more_items(mapped: Map) -> None:
    begun: list[int] = []
    results: Any = mapped(begun.append, range(1000), 2)
    next(results)
    results.close()
    assert len(begun) <= AHEAD * 2 + 2


def test_closing_gives_up_what_has_not_begun() -> None:
    begun: list[int] = []
    released, ended = threading.Event(), threading.Semaphore(0)

    def work(item: int) -> None:
        begun.append(item)
        if item:
            released.wait()
            ended.release()

    results = map_ordered(work, range(1000), 2)
    next(results)
    while len(begun) < 3:  # both workers are busy, and an item or two are waiting
        time.sleep(0.001)
    results.close()
    released.set()
    for _ in range(2):
        ended.acquire()
    time.sleep(0.02)
    assert sorted(begun) == [0, 1, 2]
