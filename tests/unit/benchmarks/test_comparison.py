"""Who reads what in which order, and what the table makes of it, on numbers worked out by hand."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.accuracy.labels import LabelledImage
from benchmarks.baselines.baseline import Reading
from benchmarks.baselines.comparison import Measurement, compare
from benchmarks.baselines.summary import geometric_mean, markdown, times_as_long, totals
from benchmarks.baselines.summary import share_of_upper_bound as shares
from benchmarks.latency.regression_check import share_of_upper_bound
from ocr_client import Line, Page
from tests.unit.benchmarks.markdown import head, rows

QUAD = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


class Fake:
    """Reads "stop" everywhere, or nothing at all, in the seconds that it is told."""

    def __init__(self, name: str, seconds: Sequence[float], log: list[str], *, text: bool = True) -> None:
        self.name, self.concurrency = name, 1
        self._seconds, self._log, self._text = iter(seconds), log, text

    def read(self, paths: Sequence[Path]) -> Reading:
        """Take the next of its times."""
        self._log.append(f"{self.name}: {''.join(path.name for path in paths)}")
        line = Line(text="stop", confidence=1, quad=QUAD, score=1)
        pages = [Page(width=1, height=1, lines=(line,))] * len(paths)
        return Reading(next(self._seconds), pages if self._text else None)


def test_everyone_reads_every_image_once_in_turn_after_a_warm_up() -> None:
    log: list[str] = []
    ours, alone = Fake("ours", [9, 1, 2], log), Fake("alone", [9, 3, 4], log, text=False)
    images = [LabelledImage(Path(name), ("stop", "go"), ()) for name in "abc"]
    measured = list(compare("signs", images, [ours, alone], rounds=2))
    assert log == ["ours: a", "alone: a", "ours: ac", "alone: ac", "alone: b", "ours: b"]
    assert measured == [
        Measurement("signs", "ours", 1, 1, 2, 1, matched=2, read=2, labelled=4),
        Measurement("signs", "alone", 1, 1, 2, 3),
        Measurement("signs", "alone", 1, 2, 1, 4),
        Measurement("signs", "ours", 1, 2, 1, 2, matched=1, read=1, labelled=2),
    ]


def test_more_rounds_than_images_leave_no_empty_chunk() -> None:
    ours = Fake("ours", [9, 1], [])
    assert len(list(compare("signs", [LabelledImage(Path("a"), (), ())], [ours], rounds=5))) == 1


def measurement(baseline: str, name: str, seconds: float, images: int = 1, matched: int | None = None) -> Measurement:
    return Measurement(name, baseline, 1, 1, images, seconds, matched, matched and 8, matched and 8)


RESULTS = totals(
    [
        measurement("ours, HTTP, 1 at once", "forms", 3, images=2, matched=4),
        measurement("ours, HTTP, 1 at once", "forms", 1, images=2, matched=8),
        measurement("ours, HTTP, 1 at once", "signs", 0.5, matched=8),
        measurement("ours, HTTP, 4 at once", "forms", 0.5, matched=8),
        measurement("ours, HTTP, 4 at once", "signs", 0.25, matched=8),
        measurement("models alone, 4 at once", "forms", 0.45),
        measurement("models alone, 4 at once", "signs", 0.2),
        measurement("other", "forms", 2, matched=2),
        measurement("other", "signs", 4, matched=2),
    ]
)


def test_rounds_add_up() -> None:
    total = RESULTS["ours, HTTP, 1 at once"]["forms"]
    assert (total.seconds_per_image, total.f1) == (1, 0.75)
    assert RESULTS["models alone, 4 at once"]["forms"].f1 is None


def test_ratios_are_taken_set_by_set() -> None:
    ratios = times_as_long(RESULTS, "other", "ours, HTTP, 1 at once")
    assert ratios == {"forms": 2, "signs": 8}
    assert geometric_mean(ratios.values()) == pytest.approx(4)
    assert shares(RESULTS, 4) == pytest.approx({"forms": 0.9, "signs": 0.8})


def test_the_table_has_a_row_for_everyone() -> None:
    table = markdown(RESULTS)
    assert head(table) == [
        "",
        "forms: s/image · F1 · ×",
        "signs: s/image · F1 · ×",
        "× ours, 1 at once",
        "× ours, 4 at once",
    ]
    assert rows(table) == [
        ["ours, HTTP, 1 at once", "1.000 · 0.750 · 1.00", "0.500 · 1.000 · 1.00", "1.00", "2.00"],
        ["ours, HTTP, 4 at once", "0.500 · 1.000 · 0.50", "0.250 · 1.000 · 0.50", "0.50", "1.00"],
        ["models alone, 4 at once", "0.450 · – · 0.45", "0.200 · – · 0.40", "0.42", "0.85"],
        ["other", "2.000 · 0.250 · 2.00", "4.000 · 0.250 · 8.00", "4.00", "8.00"],
    ]
    assert table.endswith("4 at once: forms 0.900, signs 0.800; geometric mean 0.849.\n")


def test_the_regression_check_takes_the_median_round() -> None:
    ours, models = Fake("ours", [50, 10, 5, 4], []), Fake("models", [9, 3, 1], [])
    assert share_of_upper_bound(ours, models, [Path("a")], rounds=3) == pytest.approx(0.6)
