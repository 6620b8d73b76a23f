"""How long each step took with a page, for those who ask.

A step in Python adds two moments to those that come with the page: when it began, and when it was done. What lies
between two such steps is a network's time. So the times follow each other without a gap, and add up to the page's time
in the pipeline. Prometheus gets them of every page, the caller if it asks.
"""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_core import metrics
from ocr_core.errors import BadRequest
from ocr_core.options import Options
from ocr_core.request import Request

Moments = NDArray[np.int64]

# What lies between the moments. Waiting for a step and the way from process to process count to the two networks.
STEPS = metrics.STEP_DURATION.values
NO_MOMENTS = np.empty(0, np.int64)


def moments(request: Request, earlier_ns: Moments = NO_MOMENTS) -> dict[str, Moments]:
    """What a step that is done with a page hands on: (n + 2,) int64.

    Args:
        request: When the step began.
        earlier_ns: (n,) int64, `time.monotonic_ns` of the steps before, which the machine's processes share.
    """
    return {"moments_ns": np.array([*earlier_ns, request.began_ns, time.monotonic_ns()], np.int64)}


def outputs(moments_ns: Moments, read_ns: int, options: Options) -> dict[str, NDArray[Any]]:
    """What the last step answers: names, (N,) objects, and milliseconds, (N,) float32; N is 0 unless asked for.

    They are noted for Prometheus, asked for or not.

    Args:
        moments_ns: (4,) int64, of `image_preprocessing` and `text_cropping`.
        read_ns: When the page's lines had been read.
        options: `timings` applies.

    Raises:
        BadRequest: These are no moments of two steps.
    """
    times_ns = np.diff([*moments_ns, read_ns, time.monotonic_ns()])
    if len(times_ns) == len(STEPS):
        _note(times_ns)
    elif options.timings:
        raise BadRequest(f"moments_ns has {len(moments_ns)} entries; with timings it must have {len(STEPS) - 1}")
    told = len(STEPS) if options.timings else 0
    return {
        "step_names": np.array(STEPS[:told], np.object_),
        "step_milliseconds": (times_ns[:told] / 1e6).astype(np.float32),
    }


def _note(times_ns: Moments) -> None:
    for series, time_ns in zip(metrics.STEP_DURATION.series, times_ns.tolist(), strict=True):
        metrics.note(series, time_ns / 1e9)
    metrics.note(metrics.DURATION, int(times_ns.sum()) / 1e9)
