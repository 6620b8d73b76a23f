"""What the steps count and measure, for Prometheus.

Functions note what they know: `note`, `timed`. What was noted while a request was answered, `Meter` hands to Triton,
which shows it on its page of metrics; outside of `noting` nothing is kept. How many pages were refused for want of a
place or of time is not counted here: ocr_launch/metrics.py shows that, and it outlives the steps. Nor are the calls of
models, and how long they waited: Triton counts them.

Names and units follow https://prometheus.io/docs/practices/naming/.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from ocr_core import errors


@dataclass(frozen=True)
class Metric:
    """A family of counters or, with buckets, of histograms.

    Attributes:
        name: As Prometheus has it.
        meaning: One sentence.
        label: The name of the label that tells its series apart; empty if there is one series only.
        values: What this label may say.
        buckets: Upper bounds, ascending; empty for a counter.
    """

    name: str
    meaning: str
    label: str = ""
    values: tuple[str, ...] = ("",)
    buckets: tuple[float, ...] = ()

    @property
    def series(self) -> "tuple[Series, ...]":
        """All of them."""
        return tuple(Series(self, value) for value in self.values)


@dataclass(frozen=True)
class Series:
    """One counter or histogram of a family.

    Attributes:
        metric: The family.
        value: What its label says.
    """

    metric: Metric
    value: str = ""

    @property
    def labels(self) -> dict[str, str]:
        """The label with its value; nothing if there is none."""
        return {self.metric.label: self.value} if self.metric.label else {}


# A page takes a tenth of a second to some seconds, its parts less; the longest bounds are for overload.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
# 0 is a bucket of its own: pages without text.
LINES = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
CONFIDENCES = (0.25, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 1.0)

# Reasons that have no code for the caller: who has gone, another model's failure, a defect of this code.
CANCELLED, MODEL_FAILED, INTERNAL = "cancelled", "model_failed", "internal"
REFUSALS = tuple(kind.code for kind in (errors.BadRequest, errors.BadImage, errors.BadOption))

FAILURES = Metric(
    "ocr_requests_failed_total",
    "Requests that a step did not answer, by the reason.",
    "reason",
    (*REFUSALS, CANCELLED, MODEL_FAILED, INTERNAL),
)
PAGE_DURATION = Metric(
    "ocr_page_duration_seconds",
    "From the beginning of the first step to the text, for pages that were read.",
    buckets=SECONDS,
)
STEP_DURATION = Metric(
    "ocr_step_duration_seconds",
    "The parts of ocr_page_duration_seconds; waiting counts to the networks.",
    "step",
    ("image_preprocessing", "text_detection", "text_cropping", "text_recognition", "ctc_decoding"),
    SECONDS,
)
WORK_DURATION = Metric(
    "ocr_work_duration_seconds",
    "What a step worked on, without waiting.",
    "work",
    ("decoding", "reading_order", "cropping"),
    SECONDS,
)
PAGE_LINES = Metric("ocr_page_lines", "Lines that were read on a page.", buckets=LINES)
PAGE_CONFIDENCE = Metric(
    "ocr_page_confidence_ratio",
    "Mean confidence of the lines that were found on a page, if there were any.",
    buckets=CONFIDENCES,
)
METRICS = (FAILURES, PAGE_DURATION, STEP_DURATION, WORK_DURATION, PAGE_LINES, PAGE_CONFIDENCE)

(DURATION,), (LINES_READ,), (CONFIDENCE,) = PAGE_DURATION.series, PAGE_LINES.series, PAGE_CONFIDENCE.series
DECODING, READING_ORDER, CROPPING = WORK_DURATION.series
# What the processes of each step count from the start.
FIRST_STEP = (*FAILURES.series, DECODING)
MIDDLE_STEP = (*FAILURES.series, READING_ORDER, CROPPING)
LAST_STEP = (*FAILURES.series, DURATION, *STEP_DURATION.series, LINES_READ, CONFIDENCE)

Note = tuple[Series, float]
_notes: ContextVar["list[Note] | None"] = ContextVar("notes", default=None)


@contextmanager
def noting() -> Iterator[list[Note]]:
    """Keep what is noted in the block, and by this thread.

    >>> with noting() as notes:
    ...     note(LINES_READ, 3)
    >>> [(series.metric.name, amount) for series, amount in notes]
    [('ocr_page_lines', 3)]
    """
    notes: list[Note] = []
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)


def note(series: Series, amount: float = 1.0) -> None:
    """Count, or note a value for a histogram."""
    if (notes := _notes.get()) is not None:
        notes.append((series, amount))


def note_failure(reason: str) -> None:
    """Count a request that is not answered; `reason` is one of those of `FAILURES`, or of refusals to come."""
    note(Series(FAILURES, reason))


@contextmanager
def timed(series: Series) -> Iterator[None]:
    """Note how long the block takes, or a function that this decorates; not if it fails."""
    began_ns = time.monotonic_ns()
    yield
    note(series, (time.monotonic_ns() - began_ns) / 1e9)
