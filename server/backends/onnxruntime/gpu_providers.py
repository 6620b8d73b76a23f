"""What ONNX Runtime is to run a model on where the server gives it a GPU, out of the model's configuration."""

from typing import Any

import onnxruntime as ort

Config = dict[str, Any]
Provider = tuple[str, dict[str, str]]

CONV_SEARCHES = {"0": "EXHAUSTIVE", "1": "HEURISTIC", "2": "DEFAULT"}
# Names of the accelerator "tensorrt" that ONNX Runtime calls otherwise; the others begin with trt_ in both.
TENSORRT_NAMES = {"max_workspace_size_bytes": "trt_max_workspace_size"}
TENSORRT_PRECISIONS = {"FP16": "trt_fp16_enable", "BF16": "trt_bf16_enable"}
ARENA_STRATEGIES = {"0": "kNextPowerOfTwo", "1": "kSameAsRequested"}


class ProviderMissing(RuntimeError):
    """ONNX Runtime was built for a GPU and cannot use it; the message says what is likely to be missing."""


def choose(config: Config, device_id: str) -> list[Provider]:
    """Those that this ONNX Runtime has, in the order in which they may choose their nodes.

    Args:
        config: The model's configuration, as Triton hands it to a backend.
        device_id: The GPU's number.
    """
    accelerators = config.get("optimization", {}).get("execution_accelerators", {})
    wanted = [
        _tensorrt(accelerator.get("parameters", {}), device_id)
        for accelerator in accelerators.get("gpu_execution_accelerator", [])
        if accelerator["name"] == "tensorrt"
    ]
    available = ort.get_available_providers()
    if "CUDAExecutionProvider" in available:
        ort.preload_dlls()  # CUDA's libraries, where pip has put them
    return [provider for provider in (*wanted, _cuda(config, device_id)) if provider[0] in available]


def check(session: ort.InferenceSession, wanted: list[Provider]) -> None:
    """The session got what it was to run on: ONNX Runtime would rather go on without, tens of times slower.

    Raises:
        ProviderMissing: It did not.
    """
    for name, _ in wanted:
        if name not in session.get_providers():
            libraries = "TensorRT's libraries" if name.startswith("Tensorrt") else "the libraries of CUDA and cuDNN"
            raise ProviderMissing(
                f"ONNX Runtime {ort.__version__} cannot use its {name}; most likely {libraries}, of the version that "
                "it was built for, are not found, or the driver is too old"
            )


def parameter(config: Config, name: str, default: str = "0") -> str:
    """One of a configuration's top-level parameters."""
    return str(config.get("parameters", {}).get(name, {}).get("string_value", default))


def _tensorrt(parameters: dict[str, str], device_id: str) -> Provider:
    options = {TENSORRT_NAMES.get(name, name): value for name, value in parameters.items()}
    precision = TENSORRT_PRECISIONS.get(options.pop("precision_mode", ""))
    return "TensorrtExecutionProvider", {"device_id": device_id, **options, **({precision: "1"} if precision else {})}


def _cuda(config: Config, device_id: str) -> Provider:
    options = {"device_id": device_id}
    options["cudnn_conv_algo_search"] = CONV_SEARCHES[parameter(config, "cudnn_conv_algo_search")]
    options["arena_extend_strategy"] = ARENA_STRATEGIES[parameter(config, "arena_extend_strategy")]
    if limit := parameter(config, "gpu_mem_limit", ""):
        options["gpu_mem_limit"] = limit
    return "CUDAExecutionProvider", options
