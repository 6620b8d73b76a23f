"""All baselines read the same images in turn, so that their ratios hold on a noisy machine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from benchmarks.accuracy.labels import LabelledImage
from benchmarks.accuracy.score import judge
from benchmarks.accuracy.token_f1 import Counts
from benchmarks.baselines.baseline import Baseline
from benchmarks.common.turns import deal, rotated


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one baseline did with one chunk of a set. Field for field a row of measurements.csv.

    Attributes:
        set: The set's name.
        baseline: The baseline's.
        concurrency: Images under way at once.
        round: From 1.
        images: How many the chunk has.
        seconds: Wall-clock time of the chunk.
        matched: Tokens both read and labelled; empty, as the two below, where no text was given.
        read: Tokens read.
        labelled: Tokens truly there.
    """

    set: str
    baseline: str
    concurrency: int
    round: int
    images: int
    seconds: float
    matched: int | None = None
    read: int | None = None
    labelled: int | None = None


def compare(
    name: str, images: Sequence[LabelledImage], baselines: Sequence[Baseline], rounds: int
) -> Iterator[Measurement]:
    """Have a set read, a chunk a round; who begins a round changes.

    Args:
        name: The set's.
        images: The set.
        baselines: Each reads the first image once before, untimed: its warm-up.
        rounds: How many chunks the set is dealt into; every image is read once by each.
    """
    for baseline in baselines:
        baseline.read([image.path for image in images[:1]])
    for number, chunk in enumerate(deal(images, rounds)):
        for baseline in rotated(baselines, number):
            yield _measure(name, number + 1, chunk, baseline)


def _measure(name: str, number: int, chunk: Sequence[LabelledImage], baseline: Baseline) -> Measurement:
    reading = baseline.read([image.path for image in chunk])
    measured = Measurement(name, baseline.name, baseline.concurrency, number, len(chunk), reading.seconds)
    if reading.pages is None:
        return measured
    counts = sum(map(judge, chunk, reading.pages), Counts())
    return replace(measured, matched=counts.matched, read=counts.read, labelled=counts.labelled)
