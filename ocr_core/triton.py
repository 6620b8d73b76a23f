"""The only file that knows Triton: requests in, responses out, errors to whom they belong."""

import ctypes
import json
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from functools import cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils
from numpy.typing import NDArray

from ocr_core import metrics
from ocr_core.admission import Check
from ocr_core.errors import BadRequest, Cancelled, Unavailable
from ocr_core.heartbeat import Heartbeat
from ocr_core.metrics import Metric, Note, Series
from ocr_core.options import Options
from ocr_core.request import Request
from ocr_core.side_by_side import Threads

Arrays = Mapping[str, NDArray[Any]]
# The request, and arrays by the names of the step's input tensors → arrays by output names.
Step = Callable[..., Arrays]
# What the calls of other models take from the request that is answered: the id for their logs, and the trace.
_origin: ContextVar[Mapping[str, Any]] = ContextVar("origin", default=MappingProxyType({}))


class CallFailed(RuntimeError):
    """Another model refused or failed a call; `code` is for the caller."""

    def __init__(self, model: str, error: Any) -> None:
        super().__init__(f"{model}: {error.message()}")
        # What this step has sent is not the caller's fault.
        is_refused = error.code() == pb_utils.TritonError.INVALID_ARG
        self.code = pb_utils.TritonError.INTERNAL if is_refused else error.code()
        overloaded = error.code() == pb_utils.TritonError.UNAVAILABLE
        self.message_for_caller = (
            f"{model} is overloaded; try again later"
            if overloaded
            else f"{model} failed; the server's log has the details"
        )


class Meter:
    """Hands what a step notes to Triton, for its page of metrics.

    Processes share what Triton counts under one name with equal labels: those of a model, and those that follow them
    when it is loaded anew. But Triton does not know that they share it. Where one process deletes it, as Python does at
    the end, Triton dies of what another counts next (server issue 8663, of release 26.01; 24.10 does not get so far as
    to delete it). So nothing is ever deleted, and counts go on until tritonserver ends.

    Args:
        args: Those of `initialize`.
        series: What is shown from 0 on: Prometheus sees no increase in a count that begins with 1.
    """

    def __init__(self, args: Mapping[str, str], series: Sequence[Series]) -> None:
        self._labels = {"model": json.loads(args["model_config"])["name"], "version": args["model_version"]}
        self._metrics = {one: self._create(one) for one in series}

    def report(self, notes: Sequence[Note]) -> None:
        """Count and observe."""
        with suppress(pb_utils.TritonModelException):  # of no use to the caller, whose request goes on
            for series, amount in notes:
                if series not in self._metrics:
                    self._metrics[series] = self._create(series)
                counted = self._metrics[series]
                counted.observe(amount) if series.metric.buckets else counted.increment(amount)

    def _create(self, series: Series) -> Any:
        buckets = {"buckets": list(series.metric.buckets)} if series.metric.buckets else {}
        return _family(series.metric).Metric(labels={**self._labels, **series.labels}, **buckets)


def answer(requests: Sequence[Any], step: Step, meter: Meter | None = None) -> list[Any]:
    """Answer each request by itself, so that one that fails harms no other.

    Args:
        requests: As Triton gives them to `execute`.
        step: Called as `step(request, **inputs)`, one keyword for each input tensor.
        meter: Takes what the step notes of each request.

    Returns:
        One response a request, in their order. A `BadRequest` becomes INVALID_ARGUMENT (HTTP 400) with its code and
        its message: `bad_image: the image is empty …`; an `Unavailable` becomes UNAVAILABLE (HTTP 503) in the same way.
        A failure of another model keeps its code. It and everything else is logged whole, with the request's id, and
        answered in general words.
    """
    return [_answer(request, step, meter) for request in requests]


def call(
    threads: Threads,
    model: str,
    version: int,
    batches: Sequence[Arrays],
    outputs: Sequence[str],
    check: Check = lambda: None,
) -> list[list[NDArray[Any]]]:
    """Send batches to another model of the repository, several at a time, and wait for all.

    Args:
        threads: As many are under way at once.
        model: Its name.
        version: Of the model: that of the step, see `version`.
        batches: Arrays by the names of the model's inputs, one mapping a call.
        outputs: Names of the outputs wanted.
        check: Called before each call; what it raises ends the calls that have not begun.

    Returns:
        The outputs in the order of `outputs`, for each batch.

    Raises:
        CallFailed: A call failed.
    """
    with _heartbeat().waiting():
        return threads.map(partial(_call, (model, version), outputs, check, _origin.get()), batches)


def exported(args: Mapping[str, str]) -> Path:
    """The folder of this version of a model, where the exporter puts what the step must know.

    Args:
        args: Those of `initialize`.
    """
    return Path(args["model_repository"], args["model_version"])


def version(args: Mapping[str, str]) -> int:
    """The version of a step, and of the models that it calls: one export has written both, and no other fits.

    Args:
        args: Those of `initialize`.
    """
    return int(args["model_version"])


def parameter(args: Mapping[str, str], name: str) -> str:
    """String value of a `parameters` entry of the model's config.pbtxt, from `initialize`'s args."""
    return str(json.loads(args["model_config"])["parameters"][name]["string_value"])


def parameters(args: Mapping[str, str], name: str) -> dict[str, str]:
    """String values of the `parameters` entries NAME and NAME.KIND, by KIND; that of NAME itself comes first.

    Args:
        args: Of `initialize`.
        name: The entries'; NAME itself is the kind `default`.
    """
    keys = sorted(json.loads(args["model_config"])["parameters"])
    kinds = [key.removeprefix(f"{name}.") for key in keys if key.startswith(f"{name}.")]
    return {"default": parameter(args, name)} | {kind: parameter(args, f"{name}.{kind}") for kind in kinds}


@cache
def _heartbeat() -> Heartbeat:
    return Heartbeat.of_this_process()


@cache
def _family(metric: Metric) -> Any:
    kind = pb_utils.MetricFamily.HISTOGRAM if metric.buckets else pb_utils.MetricFamily.COUNTER
    family = pb_utils.MetricFamily(name=metric.name, description=metric.meaning, kind=kind)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(family))  # Python will never delete it, see Meter
    return family


def _answer(request: Any, step: Step, meter: Meter | None) -> Any:
    _origin.set({"request_id": request.request_id(), "trace": request.trace()})
    with _heartbeat().working(), metrics.noting() as notes:
        response = _answer_or_refuse(request, step)
        if meter:
            meter.report(notes)
        return response


def _answer_or_refuse(request: Any, step: Step) -> Any:
    try:
        inputs = {tensor.name(): tensor.as_numpy() for tensor in request.inputs()}
        return pb_utils.InferenceResponse(_tensors(step(_described(request), **inputs)))
    except BadRequest as error:
        metrics.note_failure(error.code)
        return _failure(f"{error.code}: {error}", pb_utils.TritonError.INVALID_ARG)
    except Unavailable as error:
        return _failure(f"{error.code}: {error}", pb_utils.TritonError.UNAVAILABLE)
    except Cancelled as error:
        metrics.note_failure(metrics.CANCELLED)
        return _failure(str(error), pb_utils.TritonError.CANCELLED)
    except CallFailed as failed:
        metrics.note_failure(metrics.MODEL_FAILED)
        _log(request, str(failed))
        return _failure(failed.message_for_caller, failed.code)
    except Exception:  # noqa: BLE001 - the one place where unknown errors end
        metrics.note_failure(metrics.INTERNAL)
        _log(request, traceback.format_exc())
        return _failure("internal error; the server's log has the details", pb_utils.TritonError.INTERNAL)


def _described(request: Any) -> Request:
    options = Options.from_json(request.parameters)
    timeout_us = request.timeout()  # 0 where the request says none
    return Request(options, timeout_us / 1e6 if timeout_us else None, request.is_cancelled)


def _log(request: Any, what: str) -> None:
    """Log a failure with the id of the request, by which a caller's report finds it."""
    pb_utils.Logger.log_error(f"request {request.request_id()!r}: {what}")


def _call(
    model: tuple[str, int], outputs: Sequence[str], check: Check, origin: Mapping[str, Any], inputs: Arrays
) -> list[NDArray[Any]]:
    check()
    request = pb_utils.InferenceRequest(
        model_name=model[0],
        model_version=model[1],
        requested_output_names=list(outputs),
        inputs=_tensors(inputs),
        preferred_memory=pb_utils.PreferredMemory(pb_utils.TRITONSERVER_MEMORY_CPU),
        **origin,
    )
    response = request.exec()
    _heartbeat().moved()
    if response.has_error():
        raise CallFailed(model[0], response.error())
    return [pb_utils.get_output_tensor_by_name(response, name).as_numpy() for name in outputs]


def _tensors(arrays: Arrays) -> list[Any]:
    return [pb_utils.Tensor(name, np.ascontiguousarray(array)) for name, array in arrays.items()]


def _failure(message: str, code: int) -> Any:
    return pb_utils.InferenceResponse(error=pb_utils.TritonError(message, code))
