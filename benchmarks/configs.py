"""What the served configurations say of a model: which graph, and how it is laid out over the cores."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import text_format  # type: ignore[import-untyped]
from tritonclient.grpc import model_config_pb2


@dataclass(frozen=True, slots=True)
class ModelLayout:
    """What a server makes of one ONNX model.

    Attributes:
        file: The graph.
        instances: How many of it run side by side.
        threads: Of each instance; 0 is one a core.
        max_batch: Rows that a call may have at most.
    """

    file: Path
    instances: int
    threads: int
    max_batch: int


def read_layout(repository: Path, model: str) -> ModelLayout:
    """Read the layout of one of a repository's ONNX models.

    Raises:
        FileNotFoundError: The model has not been exported.
    """
    config = read_config(repository / model)
    file = newest_version(repository / model) / (config.default_model_filename or "model.onnx")
    if not file.exists():
        raise FileNotFoundError(f"{file} is missing; write it with `python -m export`")
    return ModelLayout(
        file=file,
        instances=sum(group.count or 1 for group in config.instance_group) or 1,
        threads=int(config.parameters["intra_op_thread_count"].string_value or 0),
        max_batch=config.max_batch_size,
    )


def read_config(folder: Path) -> Any:
    """A model's ModelConfig message."""
    return text_format.Parse((folder / "config.pbtxt").read_text(encoding="utf-8"), model_config_pb2.ModelConfig())


def newest_version(folder: Path) -> Path:
    """The version directory that a server loads.

    Raises:
        FileNotFoundError: There is none.
    """
    versions = [path for path in folder.iterdir() if path.name.isdecimal()]
    if not versions:
        raise FileNotFoundError(f"{folder} has no version; write one with `python -m export`")
    return max(versions, key=lambda path: int(path.name))
