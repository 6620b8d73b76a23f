"""ONNX Runtime's sessions out of a model's configuration, with the names of the native backend.

The backend beside this file opens its sessions here, and so do the benchmarks, so that they measure the same.
"""

from pathlib import Path
from typing import Any

import onnxruntime as ort

Config = dict[str, Any]
"""A ModelConfig as Triton hands it to a backend: the JSON of the message."""
Provider = tuple[str, dict[str, str]]

GRAPH_LEVELS = {
    "-1": ort.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "1": ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "2": ort.GraphOptimizationLevel.ORT_DISABLE_ALL,
}
CONV_SEARCHES = {"0": "EXHAUSTIVE", "1": "HEURISTIC", "2": "DEFAULT"}
# Names of the accelerator "tensorrt" that ONNX Runtime calls otherwise; the others begin with trt_ in both.
TENSORRT_NAMES = {"max_workspace_size_bytes": "trt_max_workspace_size"}
TENSORRT_PRECISIONS = {"FP16": "trt_fp16_enable", "BF16": "trt_bf16_enable"}
ARENA_STRATEGIES = {"0": "kNextPowerOfTwo", "1": "kSameAsRequested"}


class ProviderMissing(RuntimeError):
    """ONNX Runtime was built for a GPU and cannot use it; the message says what is likely to be missing."""


def open_session(file: Path, config: Config, device_id: str | None = None) -> ort.InferenceSession:
    """Load a graph as its configuration asks for.

    Args:
        file: The graph.
        config: The model's configuration.
        device_id: The GPU's number; None is the CPU.

    Raises:
        ProviderMissing: ONNX Runtime cannot use the GPU.
    """
    providers = [] if device_id is None else gpu_providers(config, device_id)
    session = ort.InferenceSession(
        str(file), session_options(config), providers=[*providers, ("CPUExecutionProvider", {})]
    )
    check_providers(session, providers)
    return session


def session_options(config: Config) -> ort.SessionOptions:
    """Threads, execution mode, memory and optimization of a session."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = int(parameter(config, "intra_op_thread_count"))
    options.inter_op_num_threads = int(parameter(config, "inter_op_thread_count"))
    if parameter(config, "execution_mode") == "1":
        options.execution_mode = ort.ExecutionMode.ORT_PARALLEL
    options.enable_cpu_mem_arena = parameter(config, "enable_mem_arena", "1") == "1"
    options.enable_mem_pattern = parameter(config, "enable_mem_pattern", "1") == "1"
    level = str(config.get("optimization", {}).get("graph", {}).get("level", ""))
    options.graph_optimization_level = GRAPH_LEVELS.get(level, ort.GraphOptimizationLevel.ORT_ENABLE_ALL)
    # Several sessions share the cores: a thread that spins while it waits takes them from the others' work.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    return options


def shrinking() -> ort.RunOptions:
    """For a run after which the CPU's arena gives back what it does not need; it costs the next run its memory anew."""
    options = ort.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


def gpu_providers(config: Config, device_id: str) -> list[Provider]:
    """The providers for GPUs that this ONNX Runtime has, in the order in which they may choose their nodes.

    Args:
        config: The model's configuration.
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


def check_providers(session: ort.InferenceSession, wanted: list[Provider]) -> None:
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
