"""Measurements → one table: seconds per image and F1 on each set, and how each baseline compares with this service."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log

from benchmarks.accuracy.token_f1 import Counts
from benchmarks.baselines.baseline import service_name, upper_bound_name
from benchmarks.baselines.comparison import Measurement
from benchmarks.common import tables

# Who the others are compared with.
OURS = {1: service_name("HTTP", 1), 4: service_name("HTTP", 4)}
LEGEND = (
    f"×: time for an image over that of *{OURS[1]}*. The last columns have the geometric mean over the sets: time over "
    f"that of *{OURS[1]}*, and over that of *{OURS[4]}*."
)


@dataclass(frozen=True, slots=True)
class Total:
    """What one baseline did with one set.

    Attributes:
        seconds_per_image: Wall-clock time of the set over its images.
        f1: Micro-averaged token F1, 0 to 1; None where no text was given.
    """

    seconds_per_image: float
    f1: float | None


Totals = dict[str, dict[str, Total]]
"""Baseline → set → total, both in the order in which they were measured."""


def totals(measurements: Iterable[Measurement]) -> Totals:
    """Add the rounds up."""
    groups: dict[str, dict[str, list[Measurement]]] = {}
    for measured in measurements:
        groups.setdefault(measured.baseline, {}).setdefault(measured.set, []).append(measured)
    return {name: {set_name: _total(rows) for set_name, rows in sets.items()} for name, sets in groups.items()}


def times_as_long(results: Totals, baseline: str, reference: str) -> dict[str, float]:
    """How much longer a baseline takes for an image than another, set by set; below 1 it is faster."""
    return {
        name: total.seconds_per_image / results[reference][name].seconds_per_image
        for name, total in results[baseline].items()
    }


def geometric_mean(ratios: Iterable[float]) -> float:
    """The mean that ratios have.

    >>> round(geometric_mean([2, 8]), 9)
    4.0
    """
    values = list(ratios)
    return exp(sum(map(log, values)) / len(values))


def share_of_upper_bound(results: Totals, concurrency: int) -> dict[str, float]:
    """This service's throughput over that of the models alone, set by set; 1 would be a server that costs nothing."""
    return times_as_long(results, upper_bound_name(concurrency), OURS[concurrency])


def markdown(results: Totals) -> str:
    """The table.

    A cell has seconds per image, F1, and how many times as long as this service over HTTP that is, one image at
    a time; the last columns have the geometric means of such ratios, for one image and for four at a time.
    """
    sets = list(next(iter(results.values())))
    heads = [f"{name}: s/image · F1 · ×" for name in sets]
    head = ["", *heads, *(f"× ours, {concurrency} at once" for concurrency in OURS)]
    table = tables.markdown(head, (_row(results, name, sets) for name in results))
    shares = share_of_upper_bound(results, 4)
    text = ", ".join(f"{name} {share:.3f}" for name, share in shares.items())
    mean = geometric_mean(shares.values())
    share = f"Throughput over that of the models alone, 4 at once: {text}; geometric mean {mean:.3f}."
    return f"{table}\n{LEGEND}\n\n{share}\n"


def _row(results: Totals, baseline: str, sets: Sequence[str]) -> list[str]:
    ratios = times_as_long(results, baseline, OURS[1])
    means = [geometric_mean(times_as_long(results, baseline, ours).values()) for ours in OURS.values()]
    cells = [_cell(results[baseline][name], ratios[name]) for name in sets]
    return [baseline, *cells, *(f"{mean:.2f}" for mean in means)]


def _cell(total: Total, ratio: float) -> str:
    f1 = "–" if total.f1 is None else f"{total.f1:.3f}"
    return f"{total.seconds_per_image:.3f} · {f1} · {ratio:.2f}"


def _total(rows: Sequence[Measurement]) -> Total:
    counts = sum((Counts(row.matched or 0, row.read or 0, row.labelled or 0) for row in rows), Counts())
    judged = all(row.matched is not None for row in rows)
    seconds = sum(row.seconds for row in rows) / sum(row.images for row in rows)
    return Total(seconds, counts.f1 if judged else None)
