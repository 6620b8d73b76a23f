"""All contestants read the same images in turn, so that their ratios hold on a noisy machine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from benchmarks.accuracy.__main__ import LabelledImage, judge
from benchmarks.accuracy.token_f1 import Counts
from benchmarks.baselines.baseline import Contestant

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one contestant did with one chunk of a set. Field for field a row of measurements.csv.

    Attributes:
        set: The set's name.
        contestant: The contestant's.
        concurrency: Images under way at once.
        round: From 1.
        images: How many the chunk has.
        seconds: Wall-clock time of the chunk.
        matched: Tokens both read and labelled; empty, as the two below, where no text was given.
        read: Tokens read.
        labelled: Tokens truly there.
    """

    set: str
    contestant: str
    concurrency: int
    round: int
    images: int
    seconds: float
    matched: int | None = None
    read: int | None = None
    labelled: int | None = None


def race(
    name: str, images: Sequence[LabelledImage], contestants: Sequence[Contestant], rounds: int
) -> Iterator[Measurement]:
    """Have a set read, a chunk a round; who begins a round changes.

    Args:
        name: The set's.
        images: The set.
        contestants: Each reads its first image once before, untimed.
        rounds: How many chunks the set is dealt into; every image is read once by each.
    """
    for contestant in contestants:
        contestant.read([image.path for image in images[:1]])
    for number, chunk in enumerate(deal(images, rounds)):
        for contestant in rotated(contestants, number):
            yield _measure(name, number + 1, chunk, contestant)


def deal(images: Sequence[T], rounds: int) -> list[Sequence[T]]:
    """Deal images out like cards, so that the chunks are alike; never an empty one.

    >>> deal("abcde", 2)
    ['ace', 'bd']
    """
    return [images[start::rounds] for start in range(min(rounds, len(images)))]


def rotated(items: Sequence[T], turns: int) -> list[T]:
    """The items with the first ones moved to the end.

    >>> rotated("abc", 1)
    ['b', 'c', 'a']
    """
    start = turns % len(items)
    return [*items[start:], *items[:start]]


def _measure(name: str, number: int, chunk: Sequence[LabelledImage], contestant: Contestant) -> Measurement:
    reading = contestant.read([image.path for image in chunk])
    measured = Measurement(name, contestant.name, contestant.concurrency, number, len(chunk), reading.seconds)
    if reading.pages is None:
        return measured
    counts = sum(map(judge, chunk, reading.pages), Counts())
    return replace(measured, matched=counts.matched, read=counts.read, labelled=counts.labelled)
