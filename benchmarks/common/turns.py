"""The order of measurements that take turns, so that their ratios hold on a noisy machine."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def deal(items: Sequence[T], rounds: int) -> list[Sequence[T]]:
    """Deal items out like cards, so that the chunks are alike; no chunk is empty.

    >>> deal("abcde", 2)
    ['ace', 'bd']
    """
    return [items[start::rounds] for start in range(min(rounds, len(items)))]


def rotated(items: Sequence[T], turns: int) -> list[T]:
    """The items with the first ones moved to the end.

    >>> rotated("abc", 1)
    ['b', 'c', 'a']
    """
    start = turns % len(items)
    return [*items[start:], *items[:start]]
