"""How long each step took: moments that travel with the page, and what lies between them."""

import time

import numpy as np
import pytest

from ocr_core import metrics, timings
from ocr_core.errors import BadRequest
from ocr_core.options import Options
from ocr_core.request import Request

ASKED = Options(timings=True)
MS = 1_000_000


def test_a_step_adds_when_it_began_and_when_it_was_done() -> None:
    request = Request(ASKED)
    first = timings.moments(request)["moments_ns"]
    second = timings.moments(request, first)["moments_ns"]
    assert first[0] == second[2] == request.began_ns
    assert first.tolist() == second[:2].tolist()
    assert first[0] <= first[1] <= second[3] <= time.monotonic_ns()
    assert second.dtype == np.int64


def test_the_times_of_the_steps_follow_each_other_and_add_up() -> None:
    read_ns = time.monotonic_ns()
    moments_ns = read_ns - np.array([300, 295, 95, 60]) * MS
    outputs = timings.outputs(moments_ns, read_ns, ASKED)
    assert outputs["step_names"].tolist() == list(timings.STEPS)
    assert outputs["step_milliseconds"][:4].tolist() == [5, 200, 35, 60]
    assert 0 <= outputs["step_milliseconds"][4] <= (time.monotonic_ns() - read_ns) / MS
    assert outputs["step_milliseconds"].dtype == np.float32


@pytest.mark.parametrize("moments_ns", [timings.NO_MOMENTS, np.ones(4, np.int64)])
def test_who_does_not_ask_gets_nothing(moments_ns: timings.Moments) -> None:
    outputs = timings.outputs(moments_ns, time.monotonic_ns(), Options())
    assert {name: (len(array), array.dtype) for name, array in outputs.items()} == {
        "step_names": (0, np.dtype(object)),
        "step_milliseconds": (0, np.dtype(np.float32)),
    }


def test_prometheus_gets_them_whether_they_are_asked_for_or_not() -> None:
    read_ns = time.monotonic_ns()
    moments_ns = read_ns - np.array([300, 295, 95, 60]) * MS
    with metrics.noting() as notes:
        timings.outputs(moments_ns, read_ns, Options())
    *steps, (page, page_s) = notes
    assert [series.value for series, _ in steps] == list(timings.STEPS)
    assert [step_s for _, step_s in steps[:4]] == [0.005, 0.2, 0.035, 0.06]
    assert page is metrics.DURATION
    assert page_s == pytest.approx(sum(step_s for _, step_s in steps))


def test_moments_of_other_steps_are_refused() -> None:
    with pytest.raises(BadRequest, match="moments_ns has 1 entries; with timings it must have 4"):
        timings.outputs(np.ones(1, np.int64), 2, ASKED)
