"""The model repository's configurations, read as Triton reads them, and when tensors fit."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import text_format  # type: ignore[import-untyped]
from numpy.typing import NDArray
from tritonclient.grpc import model_config_pb2
from tritonclient.utils import triton_to_np_dtype

from tests.project import MODEL_REPOSITORY


def read_config(file: Path) -> Any:
    """A ModelConfig message; an unknown field is an error."""
    return text_format.Parse(file.read_text(encoding="utf-8"), model_config_pb2.ModelConfig())


# Folder → its config.pbtxt.
CONFIGS = {file.parent.name: read_config(file) for file in sorted(MODEL_REPOSITORY.glob("*/config.pbtxt"))}
ENSEMBLE = CONFIGS["ocr_ensemble"]
# With those before it, whose steps it is one of.
ENSEMBLES = [config for config in CONFIGS.values() if config.platform == "ensemble"]
STEPS = list(ENSEMBLE.ensemble_scheduling.step)
ONNX_MODELS = [name for name, config in CONFIGS.items() if config.backend == "onnxruntime"]
PYTHON_MODELS = [name for name, config in CONFIGS.items() if config.backend == "python"]


def by_name(tensors: Sequence[Any]) -> dict[str, Any]:
    """Inputs or outputs of a configuration by their names."""
    return {tensor.name: tensor for tensor in tensors}


def type_name(tensor: Any) -> str:
    """Such as TYPE_UINT8."""
    return str(model_config_pb2.DataType.Name(tensor.data_type))


def full_dims(config: Any, tensor: Any) -> list[int]:
    """A tensor's dimensions as they are in a request: with the batch dimension where the model has one."""
    return [-1] * (config.max_batch_size > 0) + list(tensor.dims)


def conforms(array: NDArray[Any], config: Any, tensor: Any) -> bool:
    """Whether an array has the declared type, rank and fixed dimensions."""
    declared = np.dtype(triton_to_np_dtype(type_name(tensor).removeprefix("TYPE_").replace("STRING", "BYTES")))
    dims = full_dims(config, tensor)
    return (
        array.dtype == declared
        and array.ndim == len(dims)
        and all(wanted in (-1, size) for wanted, size in zip(dims, array.shape, strict=True))
    )
