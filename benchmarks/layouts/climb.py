"""Change after change, where those that gain are kept."""

from collections.abc import Callable, Iterator, Sequence

from benchmarks.layouts.change import Change


def climb(
    lines: Sequence[Sequence[Change]], base: float, measure: Callable[[Change], float | None], min_gain: float
) -> Iterator[tuple[Change, float]]:
    """Try the changes, line after line, and keep the best of a line if it gains.

    Args:
        lines: The changes.
        base: Throughput without any.
        measure: Gives the throughput with a change, or None to leave it out.
        min_gain: A smaller gain, as a share, is noise.

    Returns:
        Each change that was measured, with those kept before it, and its throughput.
    """
    kept, best = Change(), base
    for line in lines:
        candidates = []
        for option in line:
            change = kept | option
            throughput = measure(change)
            if throughput is not None:
                candidates.append((throughput, change))
                yield change, throughput
        throughput, change = max(candidates, key=lambda candidate: candidate[0], default=(0.0, kept))
        if throughput > best * (1 + min_gain):
            kept, best = change, throughput
