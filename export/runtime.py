"""ONNX Runtime, whose many kinds of errors come out as the exporter's one."""

from pathlib import Path
from typing import Any

import onnxruntime as ort
from numpy.typing import NDArray
from onnx import ModelProto

from export.contract import Outputs
from export.errors import ExportError

FATAL = 4  # log nothing less: what goes wrong is raised


def open_session(graph: ModelProto | Path) -> ort.InferenceSession:
    """A graph, ready to run.

    Raises:
        ExportError: The runtime does not take it.
    """
    options = ort.SessionOptions()
    options.log_severity_level = FATAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # other sessions want the cores too
    model = graph.SerializeToString() if isinstance(graph, ModelProto) else str(graph)
    try:
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        name = "the graph" if isinstance(graph, ModelProto) else graph
        raise ExportError(f"ONNX Runtime cannot load {name}: {_reason(error)}") from error


def run(session: ort.InferenceSession, value: NDArray[Any]) -> Outputs:
    """All outputs of a graph with one input.

    Raises:
        ExportError: The runtime stumbles over the graph.
    """
    names = [output.name for output in session.get_outputs()]
    try:
        return dict(zip(names, session.run(names, {session.get_inputs()[0].name: value}), strict=True))
    except Exception as error:
        raise ExportError(f"ONNX Runtime cannot run the graph on {list(value.shape)}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """The first line, without the kind and number that the runtime puts in front."""
    return str(error).splitlines()[0].rpartition(" : ")[2]
