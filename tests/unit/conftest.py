"""What unit tests share."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

from ocr_core import server_files
from tests.unit import fake_triton

# The same examples in every run: a pull request is not judged by chance, nor by the load of the machine.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None, max_examples=50)
settings.load_profile("repeatable")


@pytest.fixture
def pb_utils(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The fake of Triton's Python API in the place of the real one, with no models and an empty log."""
    monkeypatch.setitem(sys.modules, "triton_python_backend_utils", fake_triton)
    monkeypatch.setattr(fake_triton, "models", {})
    monkeypatch.setattr(fake_triton, "called", [])
    monkeypatch.setattr(fake_triton, "log", [])
    monkeypatch.setattr(fake_triton, "counted", {})
    monkeypatch.setattr(fake_triton, "origins", [])
    return fake_triton


@pytest.fixture
def adapter(pb_utils: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ModuleType]:  # noqa: ARG001 - comes first
    """ocr_core/triton.py, imported anew over the fake."""
    monkeypatch.setattr(server_files, "FOLDER", tmp_path)
    monkeypatch.delitem(sys.modules, "ocr_core.triton", raising=False)
    yield importlib.import_module("ocr_core.triton")
    del sys.modules["ocr_core.triton"]
