"""Some work many times over, several at a time, in threads."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Threads:
    """Threads that share work; the one that asks for it is among them.

    `ThreadPoolExecutor.map` hands over and awaits each piece of work by itself, which costs a tenth of a millisecond of
    CPU time. Here each thread takes the next piece as long as there is one.

    Args:
        count: So many.
    """

    def __init__(self, count: int) -> None:
        self._others, self._count = ThreadPoolExecutor(max(count - 1, 1)), count

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """The function's results for all items, in their order.

        Raises:
            BaseException: What the function raised; items that nobody had begun with by then are left.
        """
        results: dict[int, R] = {}
        waiting = iter(enumerate(items))
        others = [
            self._others.submit(_work, function, waiting, results) for _ in range(min(self._count, len(items)) - 1)
        ]
        try:
            _work(function, waiting, results)
        finally:
            for other in others:
                other.result()
        return [results[place] for place in range(len(items))]

    def shutdown(self) -> None:
        """End the threads, as soon as they have nothing to do."""
        self._others.shutdown()


def _work(function: Callable[[T], R], waiting: Iterable[tuple[int, T]], results: dict[int, R]) -> None:
    try:
        for place, item in waiting:
            results[place] = function(item)
    except BaseException:
        for _ in waiting:  # that nobody begins with the others
            pass
        raise
