"""Triton's Python API as ocr_core uses it: it refuses what the real one refuses (python_backend, src/pb_stub.cc).

The module itself stands in for `triton_python_backend_utils`; the fixture `pb_utils` puts it there. Tests say in
`models` what other models answer, and read in `log` what was logged, in `counted` what was counted.
"""

import enum
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Model name → its inputs by name to its outputs by name, or to the error that it answers with.
models: dict[str, Callable[[dict[str, Array]], "Mapping[str, Array] | TritonError"]] = {}
# Which models were called, and in which version, oldest first.
called: list[tuple[str, int]] = []
# What was logged as an error, oldest first.
log: list[str] = []
# The id and the trace of each call of another model, oldest first.
origins: list[tuple[str, "InferenceTrace"]] = []
# What was counted or observed: the name of the family and the labels, as on the page, to each amount.
counted: dict[str, list[float]] = {}

INTEGERS = ("uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64")
DTYPES = ("bool", *INTEGERS, "float16", "float32", "float64", "object")


class TritonModelException(Exception):
    """What the real module raises where it refuses a call."""


class TritonError:
    """An error with a code."""

    class Code(enum.Enum):
        """Only these are accepted; a number is not."""

        UNKNOWN = 0
        INTERNAL = 1
        NOT_FOUND = 2
        INVALID_ARG = 3
        UNAVAILABLE = 4
        UNSUPPORTED = 5
        ALREADY_EXISTS = 6
        CANCELLED = 7

    UNKNOWN, INTERNAL, NOT_FOUND, INVALID_ARG, UNAVAILABLE, UNSUPPORTED, ALREADY_EXISTS, CANCELLED = Code

    def __init__(self, message: str, code: Code = Code.INTERNAL) -> None:
        _require(message, str)
        _require(code, TritonError.Code)
        self._message, self._code = message, code

    def message(self) -> str:
        """For the caller."""
        return self._message

    def code(self) -> Code:
        """Whose fault it is."""
        return self._code


class MemoryType(enum.Enum):
    """Where outputs of other models should lie."""

    TRITONSERVER_MEMORY_GPU = 0
    TRITONSERVER_MEMORY_CPU = 1


TRITONSERVER_MEMORY_GPU, TRITONSERVER_MEMORY_CPU = MemoryType


class MetricKind(enum.Enum):
    """What a metric does."""

    COUNTER = 0
    GAUGE = 1
    HISTOGRAM = 2


class PreferredMemory:
    """A memory type and a device."""

    def __init__(self, preferred_memory_type: MemoryType, preferred_device_id: int = 0) -> None:
        _require(preferred_memory_type, MemoryType)
        _require(preferred_device_id, int)
        self.memory_type = preferred_memory_type


class Tensor:
    """A named array; a copy, as of what has passed between processes."""

    def __init__(self, name: str, numpy_array: Array, /) -> None:
        _require(name, str)
        _require(numpy_array, np.ndarray)
        if not name:
            raise TritonModelException("Tensor name cannot be an empty string.")
        if numpy_array.dtype not in DTYPES:
            raise TritonModelException(f"NumPy dtype is not supported: {numpy_array.dtype}")
        self._name, self._array = name, numpy_array.copy(order="C")

    def name(self) -> str:
        """As in config.pbtxt."""
        return self._name

    def as_numpy(self) -> Array:
        """The values."""
        return self._array


class InferenceResponse:
    """Tensors or an error."""

    def __init__(self, output_tensors: Sequence[Tensor] = (), error: TritonError | None = None) -> None:
        _require_all(output_tensors, Tensor)
        _require(error, TritonError | None)
        self._tensors, self._error = list(output_tensors), error

    def output_tensors(self) -> list[Tensor]:
        """Empty beside an error."""
        return self._tensors

    def has_error(self) -> bool:
        """Whether there is an error instead of tensors."""
        return self._error is not None

    def error(self) -> TritonError | None:
        """None where there is none."""
        return self._error


class InferenceTrace:
    """What a request's calls of other models are to be seen in; it means nothing here."""


class InferenceRequest:
    """A request to this model, or one that this model sends to another."""

    def __init__(
        self,
        request_id: str = "",
        correlation_id: int | str = 0,
        *,
        inputs: Sequence[Tensor],
        requested_output_names: Sequence[str],
        model_name: str,
        model_version: int = -1,
        preferred_memory: PreferredMemory | None = None,
        parameters: Mapping[str, str | int | float | bool] | None = None,
        timeout: int = 0,
        trace: InferenceTrace | None = None,
    ) -> None:
        _require(request_id, str)
        _require(correlation_id, int | str)
        _require_all(inputs, Tensor)
        _require_all(requested_output_names, str)
        _require(model_name, str)
        _require(model_version, int)
        _require(preferred_memory, PreferredMemory | None)
        _require(timeout, int)
        _require(trace, InferenceTrace | None)
        self._trace = trace or InferenceTrace()
        self._timeout_us, self.has_been_cancelled = timeout, False
        self._id, self._model, self._version = request_id, model_name, model_version
        self._inputs = list(inputs)
        self._wanted, self._memory = set(requested_output_names), preferred_memory
        # Without parameters the text is empty; it is no empty object.
        self._parameters = json.dumps(dict(parameters)) if parameters else ""

    def request_id(self) -> str:
        """As the client gave it, or empty."""
        return self._id

    def inputs(self) -> list[Tensor]:
        """In the order of the request."""
        return self._inputs

    def requested_output_names(self) -> list[str]:
        """What the answer is to hold."""
        return sorted(self._wanted)

    def parameters(self) -> str:
        """JSON, or empty."""
        return self._parameters

    def timeout(self) -> int:
        """Microseconds, as the client gave them; 0 where it gave none."""
        return self._timeout_us

    def trace(self) -> InferenceTrace:
        """Where Triton traces it; an empty one where it does not."""
        return self._trace

    def is_cancelled(self) -> bool:
        """Whether the client has gone; tests set it."""
        return self.has_been_cancelled

    def exec(self, decoupled: bool = False) -> InferenceResponse:
        """Ask the model of that name in `models`; as_numpy works on outputs in the CPU's memory only."""
        _require(decoupled, bool)
        if self._memory is None or self._memory.memory_type is not TRITONSERVER_MEMORY_CPU:
            raise TritonModelException("outputs may lie on the GPU")
        origins.append((self._id, self._trace))
        called.append((self._model, self._version))
        if self._model not in models:
            return InferenceResponse(error=TritonError(f"unknown model {self._model}", TritonError.NOT_FOUND))
        answer = models[self._model]({tensor.name(): tensor.as_numpy() for tensor in self._inputs})
        if isinstance(answer, TritonError):
            return InferenceResponse(error=answer)
        return InferenceResponse([Tensor(name, array) for name, array in answer.items() if name in self._wanted])


class Metric:
    """One counter or histogram; it shares its amounts with others of its name and labels."""

    def __init__(self, kind: MetricKind, amounts: list[float]) -> None:
        self._kind, self._amounts = kind, amounts

    def increment(self, value: float) -> None:
        """Add to a counter."""
        self._take(value, MetricFamily.COUNTER)
        if value < 0:
            raise TritonModelException("Failed to increment metric value: counters can only go up")

    def observe(self, value: float) -> None:
        """Note a value in a histogram."""
        self._take(value, MetricFamily.HISTOGRAM)

    def _take(self, value: float, kind: MetricKind) -> None:
        _require(value, int | float)
        if self._kind is not kind:
            raise TritonModelException(f"TRITONSERVER_METRIC_KIND_{self._kind.name} does not support this")
        self._amounts.append(float(value))


class MetricFamily:
    """Metrics of one name."""

    COUNTER, GAUGE, HISTOGRAM = MetricKind

    def __init__(self, name: str, description: str, kind: MetricKind) -> None:
        _require(name, str)
        _require(description, str)
        _require(kind, MetricKind)
        if not re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*", name):
            raise TritonModelException(f"Error when creating MetricFamily: {name}")
        self._name, self._kind = name, kind

    def Metric(self, labels: Mapping[str, str] | None = None, buckets: list[float] | None = None) -> Metric:  # noqa: N802 - Triton's
        """One of them; with the labels of another, it is the same."""
        _require(labels, dict | None)
        _require(buckets, list | None)
        if (buckets is None) == (self._kind is MetricFamily.HISTOGRAM):
            raise TritonModelException("Failed to create metric. Histograms have buckets, and nothing else has.")
        _require_all([*(labels or {}).values()], str)
        shown = ",".join(f'{name}="{value}"' for name, value in sorted((labels or {}).items()))
        return Metric(self._kind, counted.setdefault(f"{self._name}{{{shown}}}", []))


class Logger:
    """Triton's log."""

    @staticmethod
    def log_error(message: str) -> None:
        """Note it in `log`."""
        _require(message, str)
        log.append(message)


def get_output_tensor_by_name(inference_response: InferenceResponse, name: str) -> Tensor | None:
    """None where the response has none of that name."""
    return next((t for t in inference_response.output_tensors() if t.name() == name), None)


def get_input_tensor_by_name(inference_request: InferenceRequest, name: str) -> Tensor | None:
    """None where the request has none of that name."""
    return next((tensor for tensor in inference_request.inputs() if tensor.name() == name), None)


def _require(value: object, kind: Any) -> None:
    if not isinstance(value, kind):
        raise TypeError(f"incompatible argument: {value!r} is not {kind}")


def _require_all(values: Sequence[object], kind: type) -> None:
    for value in values:
        _require(value, kind)
