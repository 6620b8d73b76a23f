"""Ways to lay the models out over the cores, and the configurations that say so."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from google.protobuf import text_format  # type: ignore[import-untyped]

from benchmarks.upper_bound import model_layout as configs
from server.layout import Layout

# Microseconds for which a call may wait for others to share its run; None: it never does.
DELAYS_US = (None, 0, 500)
# As in ctc_decoding's configuration: one page can keep so many recognizers busy.
MIN_CALLS_UNDER_WAY = 4
# More threads than this for each core only wait for one another.
MAX_THREADS_PER_CORE = 2


@dataclass(frozen=True, slots=True)
class Point:
    """One way to lay the models out.

    Attributes:
        recognizers: Instances of the recognizer.
        recognizer_threads: Of each.
        delay_us: How long its calls wait for others to share a run, microseconds; None where they never share one.
        detectors: Instances of the detector.
        detector_threads: Of each.
    """

    recognizers: int
    recognizer_threads: int
    delay_us: int | None
    detectors: int
    detector_threads: int

    def __str__(self) -> str:
        delay = "no batching" if self.delay_us is None else f"batching {self.delay_us} us"
        return (
            f"recognizer {self.recognizers}x{self.recognizer_threads}, {delay}, "
            f"detector {self.detectors}x{self.detector_threads}"
        )


def default(layout: Layout) -> Point:
    """What the launcher makes of this machine."""
    return Point(layout.recognizers, 1, None, layout.detectors, layout.detector_threads)


def around(point: Point, cores: int) -> list[Point]:
    """The points to compare: the default first, then other recognizers with its detector, then other detectors.

    >>> [str(other) for other in around(Point(1, 1, None, 1, 1), cores=1)][:3:2]
    ['recognizer 1x1, no batching, detector 1x1', 'recognizer 1x1, batching 500 us, detector 1x1']
    """
    recognizers = sorted({math.ceil(point.recognizers / 2), point.recognizers, math.ceil(point.recognizers * 1.5)})
    others = [
        replace(point, recognizers=count, recognizer_threads=threads, delay_us=delay_us)
        for count, threads, delay_us in itertools.product(recognizers, (1, 2), DELAYS_US)
        if count * threads <= max(cores, point.recognizers) * MAX_THREADS_PER_CORE
    ]
    others += [
        replace(point, detectors=count, detector_threads=threads)
        for count, threads in itertools.product(
            sorted({1, point.detectors, 2 * point.detectors}),
            sorted({1, math.ceil(point.detector_threads / 2), point.detector_threads}),
        )
        if count * threads <= cores * MAX_THREADS_PER_CORE
    ]
    return list(dict.fromkeys([point, *others]))


def configure(point: Point) -> Callable[[str, str], str]:
    """Name of a model and text of its config.pbtxt → the text that lays it out as the point says."""

    def adapt(model: str, text: str) -> str:
        config = configs.parse(text)
        if model == "text_detection":
            _lay_out(config, point.detectors, point.detector_threads)
        elif model == "text_recognition":
            _lay_out(config, point.recognizers, point.recognizer_threads)
            _set_batching(config, point.delay_us)
        elif model == "ctc_decoding":
            under_way = max(MIN_CALLS_UNDER_WAY, point.recognizers)
            config.parameters["calls_under_way"].string_value = str(under_way)
        return str(text_format.MessageToString(config))

    return adapt


def _lay_out(config: Any, instances: int, threads: int) -> None:
    del config.instance_group[1:]
    config.instance_group[0].count = instances
    config.parameters["intra_op_thread_count"].string_value = str(threads)


def _set_batching(config: Any, delay_us: int | None) -> None:
    config.ClearField("dynamic_batching")
    if delay_us is not None:
        config.dynamic_batching.SetInParent()
        config.dynamic_batching.max_queue_delay_microseconds = delay_us
