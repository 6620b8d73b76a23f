"""The stand-in for the native ONNX backend, loaded over the fake of Triton's Python API."""

import importlib.util
import sys
from types import ModuleType

import pytest

from tests.project import ROOT
from tests.unit import fake_triton

FILE = ROOT / "server" / "backends" / "onnxruntime" / "model.py"


def load(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The backend as a module of its own."""
    monkeypatch.setitem(sys.modules, "triton_python_backend_utils", fake_triton)
    monkeypatch.syspath_prepend(FILE.parent)  # as Triton does
    spec = importlib.util.spec_from_file_location("onnxruntime_backend", FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
