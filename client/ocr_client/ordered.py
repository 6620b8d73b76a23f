"""Work on several items at once, with the results in the items' order, taking no more items than needed."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Generator, Iterable
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import TypeAlias, TypeVar

T = TypeVar("T")
R = TypeVar("R")
Tasks: TypeAlias = SimpleQueue[tuple[Future[R], T] | None]

# How many items per worker may be taken before the first of them is done, so that a slow one does not stop the others.
AHEAD = 2


def map_ordered(function: Callable[[T], R], items: Iterable[T], workers: int) -> Generator[R, None, None]:
    """Apply a function to items in threads.

    The threads are daemons, unlike those of `concurrent.futures`, so that Ctrl-C ends the program without waiting for
    the slowest answer.

    Args:
        function: Gets an item.
        items: Taken one by one, in the caller's thread; at most `AHEAD * workers` are under way.
        workers: How many threads there are.

    Yields:
        What the function returns; what it raises is raised here.
    """
    tasks: Tasks[R, T] = SimpleQueue()
    futures: deque[Future[R]] = deque()
    for _ in range(workers):
        Thread(target=_work, args=(function, tasks), daemon=True).start()
    try:
        for item in items:
            futures.append(Future())
            tasks.put((futures[-1], item))
            while futures and (futures[0].done() or len(futures) == AHEAD * workers):
                yield futures.popleft().result()
        while futures:
            yield futures.popleft().result()
    finally:
        for future in futures:
            future.cancel()
        for _ in range(workers):
            tasks.put(None)


def _work(function: Callable[[T], R], tasks: Tasks[R, T]) -> None:
    while task := tasks.get():
        future, item = task
        if not future.set_running_or_notify_cancel():
            continue
        try:
            future.set_result(function(item))
        except BaseException as error:  # noqa: BLE001  it is raised where the result is asked for
            future.set_exception(error)


async def map_ordered_async(
    function: Callable[[T], Awaitable[R]], items: AsyncIterable[T], workers: int
) -> AsyncGenerator[R, None]:
    """The same in tasks of one event loop.

    Args:
        function: Gets an item.
        items: Taken one by one; at most `AHEAD * workers` are under way.
        workers: How many calls are under way at the same time.

    Yields:
        What the function returns; what it raises is raised here.
    """
    slots = asyncio.Semaphore(workers)
    tasks: deque[asyncio.Task[R]] = deque()
    try:
        async for item in items:
            tasks.append(asyncio.create_task(_in_slot(function, item, slots)))
            while tasks and (tasks[0].done() or len(tasks) == AHEAD * workers):
                yield await tasks.popleft()
        while tasks:
            yield await tasks.popleft()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _in_slot(function: Callable[[T], Awaitable[R]], item: T, slots: asyncio.Semaphore) -> R:
    async with slots:
        return await function(item)
