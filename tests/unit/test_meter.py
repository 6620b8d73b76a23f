"""What steps note reaches Triton's metrics, over a strict fake of Triton's Python API."""

import json
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from ocr_core import metrics
from ocr_core.errors import BadImage, BadOption, BadRequest, Cancelled, DeadlineExceeded, Overloaded
from ocr_core.metrics import FAILURES, LINES_READ, Metric
from tests.unit import fake_triton
from tests.unit.fake_triton import InferenceRequest, Tensor, TritonError

ARGS = {"model_config": json.dumps({"name": "a_step"}), "model_version": "3"}


def request() -> InferenceRequest:
    tensors = [Tensor("values", np.ones(1, np.int32))]
    return InferenceRequest(inputs=tensors, requested_output_names=["doubled"], model_name="a_step")


def counted(name: str, **labels: str) -> list[float]:
    shown = ",".join(f'{label}="{value}"' for label, value in sorted({**LABELS_OF_ALL, **labels}.items()))
    return fake_triton.counted[f"{name}{{{shown}}}"]


LABELS_OF_ALL = {"model": "a_step", "version": "3"}


def step_that(act: Callable[[], object]) -> Callable[..., dict[str, Any]]:
    def step(request: object, values: object) -> dict[str, Any]:  # noqa: ARG001 - every step gets them
        act()
        return {"doubled": np.ones(1, np.int32)}

    return step


def fail(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def test_what_was_declared_is_shown_from_0(adapter: ModuleType) -> None:
    adapter.Meter(ARGS, metrics.FIRST_STEP)
    assert counted("ocr_requests_failed_total", reason="bad_image") == []
    assert counted("ocr_work_duration_seconds", work="decoding") == []
    assert len(fake_triton.counted) == len(metrics.FIRST_STEP)


def test_what_a_step_notes_is_counted(adapter: ModuleType) -> None:
    meter = adapter.Meter(ARGS, metrics.LAST_STEP)
    adapter.answer([request(), request()], step_that(lambda: metrics.note(LINES_READ, 3)), meter)
    assert counted("ocr_page_lines") == [3, 3]


def test_what_was_not_declared_is_counted_as_well(adapter: ModuleType) -> None:
    meter = adapter.Meter(ARGS, ())
    adapter.answer([request()], step_that(metrics.timed(metrics.CROPPING)(lambda: None)), meter)
    (taken_s,) = counted("ocr_work_duration_seconds", work="cropping")
    assert 0 <= taken_s < 60


def test_processes_of_a_model_share_what_they_count(adapter: ModuleType) -> None:
    first, second = (adapter.Meter(ARGS, metrics.LAST_STEP) for _ in range(2))
    first.report([(LINES_READ, 1)])
    second.report([(LINES_READ, 2)])
    assert counted("ocr_page_lines") == [1, 2]


def test_python_never_deletes_what_triton_shares(adapter: ModuleType) -> None:
    """There is a reference to it that nobody holds."""
    adapter.Meter(ARGS, metrics.LAST_STEP)
    family = adapter._family(metrics.PAGE_LINES)
    like_it = [object()]  # referred to by a list, as the family by the cache
    held = like_it[0]
    assert sys.getrefcount(family) == sys.getrefcount(held) + 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BadImage("no"), "bad_image"),
        (BadOption("no"), "bad_option"),
        (BadRequest("no"), "bad_request"),
        (Cancelled("gone"), "cancelled"),
        (KeyError("defect"), "internal"),
    ],
)
def test_a_request_that_fails_is_counted_by_its_reason(adapter: ModuleType, error: Exception, reason: str) -> None:
    meter = adapter.Meter(ARGS, metrics.FIRST_STEP)
    adapter.answer([request()], step_that(fail(error)), meter)
    assert {value: len(counted(FAILURES.name, reason=value)) for value in FAILURES.values} == {
        **dict.fromkeys(FAILURES.values, 0),
        reason: 1,
    }


def test_the_failure_of_another_model_is_counted_as_such(adapter: ModuleType) -> None:
    meter = adapter.Meter(ARGS, metrics.LAST_STEP)
    failed = adapter.CallFailed("text_recognition", TritonError("down", TritonError.UNAVAILABLE))
    adapter.answer([request()], step_that(fail(failed)), meter)
    assert counted(FAILURES.name, reason="model_failed") == [1]


@pytest.mark.parametrize("error", [Overloaded("full"), DeadlineExceeded("late")])
def test_what_the_supervisor_counts_is_not_counted_again(adapter: ModuleType, error: Exception) -> None:
    meter = adapter.Meter(ARGS, metrics.FIRST_STEP)
    adapter.answer([request()], step_that(fail(error)), meter)
    assert not any(fake_triton.counted.values())


def test_a_page_is_answered_though_it_cannot_be_counted(adapter: ModuleType) -> None:
    meter = adapter.Meter(ARGS, ())
    unknown = Metric("no name at all", "").series[0]
    (response,) = adapter.answer([request()], step_that(lambda: metrics.note(unknown)), meter)
    assert not response.has_error()


def test_nothing_is_kept_outside_of_a_request() -> None:
    metrics.note(LINES_READ, 3)
    with metrics.noting() as notes:
        pass
    assert notes == []


def test_the_time_of_work_that_fails_is_not_noted() -> None:
    with metrics.noting() as notes, pytest.raises(ZeroDivisionError), metrics.timed(metrics.DECODING):
        raise ZeroDivisionError
    assert notes == []


@pytest.mark.parametrize("metric", metrics.METRICS, ids=lambda metric: metric.name)
def test_names_and_buckets_are_as_prometheus_wants_them(metric: Metric) -> None:
    suffixes = ("_seconds", "_ratio", "_lines") if metric.buckets else ("_total",)
    assert metric.name.startswith("ocr_")
    assert metric.name.endswith(suffixes)
    assert list(metric.buckets) == sorted(set(metric.buckets))
    assert metric.meaning.endswith(".")
