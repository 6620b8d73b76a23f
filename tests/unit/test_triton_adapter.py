"""Requests in, responses out, over a strict fake of Triton's Python API."""

import json
import threading
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr_core.errors import (
    BadImage,
    BadOption,
    BadRequest,
    Cancelled,
    DeadlineExceeded,
    Overloaded,
)
from ocr_core.options import Options
from ocr_core.request import Request
from ocr_core.side_by_side import Threads
from tests.unit import fake_triton
from tests.unit.fake_triton import InferenceRequest, InferenceResponse, Tensor, TritonError

Array = NDArray[Any]


def request(
    values: list[int], parameters: dict[str, str | int | float | bool] | None = None, request_id: str = ""
) -> InferenceRequest:
    return InferenceRequest(
        request_id,
        inputs=[Tensor("values", np.array(values, np.int32))],
        requested_output_names=["doubled"],
        model_name="step",
        parameters=parameters,
    )


def double(request: Request, values: Array) -> dict[str, Array]:  # noqa: ARG001 - every step gets the request
    """A step that refuses to double 13 and cannot double 0."""
    if 13 in values:
        raise BadImage("no image: 13")
    if 0 in values:
        raise KeyError("secret/path.py")
    return {"doubled": values * 2}


def arrays(response: InferenceResponse) -> dict[str, list[int]]:
    return {tensor.name(): tensor.as_numpy().tolist() for tensor in response.output_tensors()}


def failure(response: InferenceResponse) -> tuple[TritonError.Code, str]:
    error = response.error()
    assert error is not None
    return error.code(), error.message()


def test_every_request_gets_its_own_answer_in_order(adapter: ModuleType) -> None:
    responses = adapter.answer([request([1]), request([2, 3]), request([])], double)
    assert [arrays(response) for response in responses] == [{"doubled": [2]}, {"doubled": [4, 6]}, {"doubled": []}]


def test_a_request_that_fails_harms_no_other(adapter: ModuleType) -> None:
    first, *failed, last = adapter.answer([request([1]), request([13]), request([0]), request([2])], double)
    assert all(response.has_error() for response in failed)
    assert (arrays(first), arrays(last)) == ({"doubled": [2]}, {"doubled": [4]})


def test_the_callers_mistake_is_answered_in_its_own_words_and_not_logged(adapter: ModuleType) -> None:
    (response,) = adapter.answer([request([13])], double)
    assert failure(response) == (TritonError.INVALID_ARG, "bad_image: no image: 13")
    assert fake_triton.log == []


@pytest.mark.parametrize(
    ("error", "code"), [(BadRequest, "bad_request"), (BadImage, "bad_image"), (BadOption, "bad_option")]
)
def test_a_code_in_front_distinguishes_kinds_of_mistakes(
    adapter: ModuleType, error: type[BadRequest], code: str
) -> None:
    def step(request: Request, values: Array) -> dict[str, Array]:  # noqa: ARG001 - every step gets the request
        raise error("of your own making")

    (response,) = adapter.answer([request([1])], step)
    assert failure(response) == (TritonError.INVALID_ARG, f"{code}: of your own making")


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (Overloaded("too many pages"), TritonError.UNAVAILABLE, "overloaded: too many pages"),
        (DeadlineExceeded("too late"), TritonError.UNAVAILABLE, "deadline_exceeded: too late"),
        (Cancelled("nobody is there"), TritonError.CANCELLED, "nobody is there"),
    ],
)
def test_what_cannot_be_done_now_is_told_with_its_code_and_not_logged(
    adapter: ModuleType, error: Exception, code: TritonError.Code, message: str
) -> None:
    def step(request: Request, values: Array) -> dict[str, Array]:  # noqa: ARG001 - every step gets the request
        raise error

    (response,) = adapter.answer([request([1])], step)
    assert failure(response) == (code, message)
    assert fake_triton.log == []


@pytest.mark.parametrize(("timeout_us", "timeout_s"), [(0, None), (1_500_000, 1.5)])
def test_a_step_knows_how_long_the_caller_waits_and_whether_it_has_gone(
    adapter: ModuleType, timeout_us: int, timeout_s: float | None
) -> None:
    asked = InferenceRequest(inputs=[], requested_output_names=[], model_name="step", timeout=timeout_us)
    seen: list[tuple[float | None, bool]] = []

    def step(request: Request) -> dict[str, Array]:
        seen.append((request.timeout_s, request.is_cancelled()))
        asked.has_been_cancelled = True
        seen.append((request.timeout_s, request.is_cancelled()))
        return {}

    adapter.answer([asked], step)
    assert seen == [(timeout_s, False), (timeout_s, True)]


def test_no_call_begins_once_the_check_fails(adapter: ModuleType) -> None:
    begun: list[int] = []

    def read(inputs: dict[str, Array]) -> dict[str, Array]:
        begun.append(len(begun))
        return inputs

    def check() -> None:
        if len(begun) == 2:
            raise DeadlineExceeded("too late")

    fake_triton.models["reader"] = read
    with pytest.raises(DeadlineExceeded):
        adapter.call(Threads(1), "reader", 3, [{"x": np.zeros(1)}] * 9, ["x"], check)
    assert begun == [0, 1]


def test_a_bad_option_is_refused_before_the_step_begins(adapter: ModuleType) -> None:
    (response,) = adapter.answer([request([0], {"unclip_ratio": 9})], double)
    assert failure(response) == (TritonError.INVALID_ARG, "bad_option: unclip_ratio is 9; it must be between 0 and 5")


def test_an_unknown_error_is_logged_whole_and_answered_in_general_words(adapter: ModuleType) -> None:
    (response,) = adapter.answer([request([0], request_id="order 66")], double)
    assert failure(response) == (TritonError.INTERNAL, "internal error; the server's log has the details")
    (logged,) = fake_triton.log
    assert "request 'order 66'" in logged
    assert "Traceback" in logged
    assert "KeyError: 'secret/path.py'" in logged


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (None, Options()),
        ({"quad_threshold": 0.25}, Options(quad_threshold=0.25)),
        ({"Unclip-Ratio": "2"}, Options(unclip_ratio=2)),
    ],
)
def test_a_steps_options_are_the_requests_parameters(
    adapter: ModuleType, parameters: dict[str, str | int | float | bool] | None, expected: Options
) -> None:
    seen: list[Options] = []

    def step(request: Request, **_: Array) -> dict[str, Array]:
        seen.append(request.options)
        return {}

    adapter.answer([request([1], parameters)], step)
    assert seen == [expected]


def test_outputs_keep_their_type_and_shape_when_they_are_views_or_empty(adapter: ModuleType) -> None:
    outputs = {
        "column": np.arange(6, dtype=np.float32).reshape(2, 3)[:, 1],
        "none": np.zeros((0, 4, 2), np.float32),
        "texts": np.array(["ä", ""], np.object_),
    }
    (response,) = adapter.answer([request([1])], lambda request, values: outputs)  # noqa: ARG005 - a step's signature
    tensors = {tensor.name(): tensor.as_numpy() for tensor in response.output_tensors()}
    assert {name: (array.dtype, array.shape) for name, array in tensors.items()} == {
        "column": (np.float32, (2,)),
        "none": (np.float32, (0, 4, 2)),
        "texts": (np.object_, (2,)),
    }
    assert tensors["column"].tolist() == [1, 4]


def test_outputs_of_another_model_come_in_the_order_of_the_batches_and_of_the_names(adapter: ModuleType) -> None:
    fake_triton.models["double"] = lambda inputs: {"sum": inputs["x"].sum(keepdims=True), "doubled": inputs["x"] * 2}
    batches = [{"x": np.array(values, np.int32)} for values in ([1, 2], [3], [4])]
    outputs = adapter.call(Threads(2), "double", 3, batches, ("doubled", "sum"))
    assert adapter.call(Threads(2), "double", 3, [], ("doubled", "sum")) == []
    assert [[array.tolist() for array in of_batch] for of_batch in outputs] == [[[2, 4], [3]], [[6], [3]], [[8], [4]]]
    assert fake_triton.called == [("double", 3)] * 3


def test_as_many_calls_are_under_way_as_there_are_threads(adapter: ModuleType) -> None:
    together = threading.Barrier(2, timeout=5)

    def wait(inputs: dict[str, Array]) -> dict[str, Array]:
        together.wait()
        return inputs

    fake_triton.models["wait"] = wait
    assert len(adapter.call(Threads(2), "wait", 3, [{"x": np.zeros(1)}] * 4, ["x"])) == 4


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (TritonError("queue full", TritonError.UNAVAILABLE), "reader is overloaded; try again later"),
        (TritonError("bad weights", TritonError.INTERNAL), "reader failed; the server's log has the details"),
        (TritonError("bad shape", TritonError.INVALID_ARG), "reader failed; the server's log has the details"),
        (TritonError("gone", TritonError.NOT_FOUND), "reader failed; the server's log has the details"),
    ],
)
def test_another_models_failure_keeps_its_code_and_is_logged_in_its_own_words_with_the_requests_id(
    adapter: ModuleType, error: TritonError, message: str
) -> None:
    fake_triton.models["reader"] = lambda _: error

    def step(request: Request, values: Array) -> dict[str, Array]:  # noqa: ARG001 - every step gets the request
        adapter.call(Threads(1), "reader", 3, [{"x": values}], ["y"])
        return {}

    (response,) = adapter.answer([request([1], request_id="order 66")], step)
    # What a step has sent is not the fault of who has asked it.
    code = TritonError.INTERNAL if error.code() is TritonError.INVALID_ARG else error.code()
    assert failure(response) == (code, message)
    assert fake_triton.log == [f"request 'order 66': reader: {error.message()}"]


def test_a_model_is_called_in_the_version_of_the_step_that_calls_it(adapter: ModuleType) -> None:
    assert adapter.version({"model_version": "12"}) == 12


def test_a_parameter_of_the_configuration_is_read_as_text(adapter: ModuleType) -> None:
    config = {"parameters": {"calls_under_way": {"string_value": "4"}}}
    assert adapter.parameter({"model_config": json.dumps(config)}, "calls_under_way") == "4"


def test_calls_of_other_models_bear_the_id_and_the_trace_of_the_request(adapter: ModuleType) -> None:
    fake_triton.models["other"] = lambda inputs: {"doubled": inputs["values"]}
    values = {"values": np.ones(1, np.int32)}

    def step(request: Request, values: Array) -> dict[str, Array]:  # noqa: ARG001 - every step gets them
        ((doubled,), _) = adapter.call(Threads(2), "other", 3, [{"values": values}] * 2, ["doubled"])
        return {"doubled": doubled}

    requests = [request([1], request_id=name) for name in ("scan-7", "scan-8")]
    adapter.answer(requests, step)
    assert fake_triton.origins == [(each.request_id(), each.trace()) for each in requests for _ in range(2)]
    adapter.call(Threads(1), "other", 3, [values], ["doubled"])
