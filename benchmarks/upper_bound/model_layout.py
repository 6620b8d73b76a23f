"""What the served configurations say of a model: which graph, and how it is laid out over the cores."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import json_format, text_format  # type: ignore[import-untyped]
from tritonclient.grpc import model_config_pb2

from server.backends.onnxruntime import gpu_providers
from server.layout import CPU


@dataclass(frozen=True, slots=True)
class ModelLayout:
    """What a server makes of one ONNX model.

    Attributes:
        file: The graph.
        instances: How many of it run side by side.
        threads: Of each instance; 0 is one a core.
        max_batch: Rows that a call may have at most.
        providers: What ONNX Runtime is to run it on before the CPU.
    """

    file: Path
    instances: int
    threads: int
    max_batch: int
    providers: tuple[gpu_providers.Provider, ...] = ()


def read_layout(repository: Path, model: str, profile: str = CPU) -> ModelLayout:
    """Read the layout of one of a repository's ONNX models.

    Args:
        repository: The model repository.
        model: The model's name.
        profile: Which of its configurations counts.

    Raises:
        FileNotFoundError: The model has not been exported.
    """
    config = read_config(repository / model, profile)
    file = newest_version(repository / model) / (config.default_model_filename or "model.onnx")
    if not file.exists():
        raise FileNotFoundError(f"{file} is missing; write it with `python -m export`")
    return ModelLayout(
        file=file,
        instances=sum(group.count or 1 for group in config.instance_group) or 1,
        threads=int(config.parameters["intra_op_thread_count"].string_value or 0),
        max_batch=config.max_batch_size,
        providers=tuple(_providers(config)),
    )


def read_config(folder: Path, profile: str = CPU) -> Any:
    """A model's ModelConfig message."""
    return parse(config_file(folder, profile).read_text(encoding="utf-8"))


def parse(text: str) -> Any:
    """The ModelConfig message that a config.pbtxt says."""
    return text_format.Parse(text, model_config_pb2.ModelConfig())


def config_file(folder: Path, profile: str) -> Path:
    """The configuration that a server takes with a profile, as Triton does with `--model-config-name`."""
    own = folder / "configs" / f"{profile}.pbtxt"
    return own if profile != CPU and own.exists() else folder / "config.pbtxt"


def newest_version(folder: Path) -> Path:
    """The version directory that a server loads.

    Raises:
        FileNotFoundError: There is none.
    """
    versions = [path for path in folder.iterdir() if path.name.isdecimal()]
    if not versions:
        raise FileNotFoundError(f"{folder} has no version; write one with `python -m export`")
    return max(versions, key=lambda path: int(path.name))


def _providers(config: Any) -> list[gpu_providers.Provider]:
    if not any(group.kind == model_config_pb2.ModelInstanceGroup.KIND_GPU for group in config.instance_group):
        return []
    return gpu_providers.choose(json_format.MessageToDict(config, preserving_proto_field_name=True), device_id="0")
