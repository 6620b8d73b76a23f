"""The ONNX Runtime backend for a server that lacks the native one: a Python-based Triton backend.

It takes a model's config.pbtxt as the native backend does and honours the same names: `default_model_filename`,
`optimization.graph.level`, and the parameters `intra_op_thread_count`, `inter_op_thread_count`, `execution_mode`,
`enable_mem_arena`, `enable_mem_pattern`, `cudnn_conv_algo_search`, `gpu_mem_limit` and `arena_extend_strategy`.
Two more parameters bound memory, which the native backend does not know: requests of more than `max_input_pixels` are
refused, and after a run on an image of more than `kept_input_pixels` the arena gives back what it does not need.
Every request of a dynamic batch goes into one run. CUDA is used where the server assigns the instance to a GPU
and `onnxruntime-gpu` is installed; before it TensorRT, where `optimization.execution_accelerators` asks for that.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import sessions
import triton_python_backend_utils as pb_utils
from numpy.typing import NDArray

from ocr_core.heartbeat import Heartbeat

Array = NDArray[Any]
Config = dict[str, Any]


class TritonPythonModel:
    """One instance of an ONNX model."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the graph and check it against the configuration."""
        config = json.loads(args["model_config"])
        file = config.get("default_model_filename") or "model.onnx"
        path = Path(args["model_repository"]) / args["model_version"] / file
        if not path.exists():
            raise pb_utils.TritonModelException(
                f"{config['name']}/{args['model_version']}/{file} is missing; write it with `python -m export`"
            )
        on_gpu = args["model_instance_kind"] == "GPU"
        try:
            self.session = sessions.open_session(path, config, args["model_instance_device_id"] if on_gpu else None)
        except sessions.ProviderMissing as error:
            raise pb_utils.TritonModelException(f"{config['name']}: {error}") from error
        _check("input", config, self.session.get_inputs())
        _check("output", config, self.session.get_outputs())
        self.input_names = [tensor["name"] for tensor in config["input"]]
        self.output_names = [tensor["name"] for tensor in config["output"]]
        self.max_pixels = float(sessions.parameter(config, "max_input_pixels", "inf"))
        self.heartbeat = Heartbeat.of_this_process()
        self.kept_pixels = float(sessions.parameter(config, "kept_input_pixels", "inf"))
        pb_utils.Logger.log_info(f"{config['name']}: {', '.join(self.session.get_providers())}")

    def execute(self, requests: list[Any]) -> list[Any]:
        """Run all requests of a dynamic batch at once; they are alike in all dimensions but the first."""
        with self.heartbeat.working():
            return self._answer(requests)

    def _answer(self, requests: list[Any]) -> list[Any]:
        inputs = [[_input(request, name) for name in self.input_names] for request in requests]
        refusals = [self._refusal(values) for values in inputs]
        taken = [index for index, refusal in enumerate(refusals) if refusal is None]
        answers = dict(zip(taken, self._run([requests[i] for i in taken], [inputs[i] for i in taken]), strict=True))
        return [answers[index] if refusal is None else _refused(refusal) for index, refusal in enumerate(refusals)]

    def _run(self, requests: list[Any], inputs: list[list[Array]]) -> list[Any]:
        if not requests:
            return []
        feed = dict(zip(self.input_names, map(_join, zip(*inputs, strict=True)), strict=True))
        is_large = max(_pixels(images[:1]) for images in feed.values()) > self.kept_pixels
        try:
            outputs = self.session.run(self.output_names, feed, sessions.shrinking() if is_large else None)
        except Exception as error:  # noqa: BLE001 - whatever the runtime raises, the caller gets no internals
            shapes = ", ".join(f"{name} {list(value.shape)}" for name, value in feed.items())
            pb_utils.Logger.log_error(f"run failed on {shapes}: {error}")
            return [_refused(f"the model cannot run on {shapes}") for _ in requests]
        ends = np.cumsum([len(first) for first, *_ in inputs])[:-1]
        rows = zip(*(np.split(output, ends) for output in outputs), strict=True)
        return [self._respond(request, values) for request, values in zip(requests, rows, strict=True)]

    def _refusal(self, values: Sequence[Array]) -> str | None:
        """What is wrong with a request's inputs, if anything is."""
        for name, value in zip(self.input_names, values, strict=True):
            if value.size == 0:
                return f"{name} is {list(value.shape)}; no side may be 0"
            if _pixels(value) > self.max_pixels:
                return f"{name} has {_pixels(value)} pixels; at most {self.max_pixels:.0f} are taken at once"
        return None

    def _respond(self, request: Any, values: Sequence[Array]) -> Any:
        wanted = request.requested_output_names()
        tensors = zip(self.output_names, values, strict=True)
        return pb_utils.InferenceResponse([pb_utils.Tensor(name, value) for name, value in tensors if name in wanted])


def _refused(why: str) -> Any:
    error = pb_utils.TritonError(f"bad_request: {why}", pb_utils.TritonError.INVALID_ARG)
    return pb_utils.InferenceResponse(error=error)


def _pixels(images: Array) -> int:
    """Of images (N, height, width, 3)."""
    return images.size // images.shape[-1] if images.size else 0


def _input(request: Any, name: str) -> Array:
    return np.asarray(pb_utils.get_input_tensor_by_name(request, name).as_numpy())


def _join(arrays: Sequence[Array]) -> Array:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _check(kind: str, config: Config, tensors: list[Any]) -> None:
    """Names, types and dimensions of the graph are those of the configuration, as the native backend compares them.

    A dimension that the graph leaves free may be fixed of an input, but not of an output.

    Raises:
        pb_utils.TritonModelException: They are not.
    """
    actual = {tensor.name: (_triton_type(tensor.type), _dimensions(tensor.shape)) for tensor in tensors}
    batch = [-1] if config["max_batch_size"] > 0 else []
    for tensor in config[kind]:
        declared = tensor["data_type"], batch + [int(size) for size in tensor["dims"]]
        found = actual.get(tensor["name"])
        if found is None or found[0] != declared[0] or not _fit(declared[1], found[1], exactly=kind == "output"):
            raise pb_utils.TritonModelException(
                f"{config['name']}: config.pbtxt declares the {kind} {tensor['name']} as {declared}; "
                f"the graph has {actual}"
            )


def _triton_type(onnx_type: str) -> str:
    names = {"tensor(float)": "TYPE_FP32", "tensor(float16)": "TYPE_FP16", "tensor(double)": "TYPE_FP64"}
    return names.get(onnx_type, "TYPE_" + onnx_type.removeprefix("tensor(").removesuffix(")").upper())


def _dimensions(shape: list[int | str]) -> list[int]:
    return [size if isinstance(size, int) else -1 for size in shape]


def _fit(declared: list[int], found: list[int], exactly: bool) -> bool:
    free = None if exactly else -1
    return len(declared) == len(found) and all(f in (d, free) for d, f in zip(declared, found, strict=True))
