"""How long each step took with a page, for those who ask.

A step in Python adds two moments to those that come with the page: when it began, and when it was done. What lies
between two such steps is a network's time. So the times follow each other without a gap, and add up to the page's time
in the pipeline.
"""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr_core.errors import BadRequest
from ocr_core.options import Options
from ocr_core.request import Request

Moments = NDArray[np.int64]

# What lies between the moments. Waiting for a step and the way from process to process count to the two networks.
STEPS = ("image_preprocessing", "text_detection", "text_cropping", "text_recognition", "ctc_decoding")
NO_MOMENTS = np.empty(0, np.int64)


def moments(request: Request, earlier_ns: Moments = NO_MOMENTS) -> dict[str, Moments]:
    """What a step that is done with a page hands on: (n + 2,) int64, or (0,) unless the request asks for it.

    Args:
        request: When the step began, and whether it is asked for.
        earlier_ns: (n,) int64, `time.monotonic_ns` of the steps before, which the machine's processes share.
    """
    times_ns = [*earlier_ns, request.began_ns, time.monotonic_ns()] if request.options.timings else []
    return {"moments_ns": np.array(times_ns, np.int64)}


def outputs(moments_ns: Moments, read_ns: int, options: Options) -> dict[str, NDArray[Any]]:
    """What the last step answers: names, (N,) objects, and milliseconds, (N,) float32; N is 0 unless asked for.

    Args:
        moments_ns: (4,) int64, of `image_preprocessing` and `text_cropping`.
        read_ns: When the page's lines had been read.
        options: `timings` applies.

    Raises:
        BadRequest: These are no moments of two steps.
    """
    names, times_ns = (STEPS, [*moments_ns, read_ns, time.monotonic_ns()]) if options.timings else ((), [0])
    if len(times_ns) != len(names) + 1:
        raise BadRequest(f"moments_ns has {len(moments_ns)} entries; with timings it must have {len(STEPS) - 1}")
    return {
        "step_names": np.array(names, np.object_),
        "step_milliseconds": (np.diff(times_ns) / 1e6).astype(np.float32),
    }
