"""A model repository with the project's configurations, and empty files in the place of graphs."""

import shutil
from pathlib import Path

import pytest

from ocr_launch.layout import CPU_GRAPH, FLOAT_GRAPH
from ocr_launch.repository import Repository
from tests.project import MODEL_REPOSITORY
from tests.unit.asking import DB, recognizer

GPU_GRAPH, CUDA_GRAPH = "model.gpu.onnx", "model.cuda.onnx"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    root = tmp_path / "repository"
    for file in MODEL_REPOSITORY.glob("**/*.pbtxt"):
        target = root / file.relative_to(MODEL_REPOSITORY)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    found = Repository(root)
    for model in found.models:
        (root / model / "1").mkdir()
    for model in found.onnx_models:
        for name in (CPU_GRAPH, FLOAT_GRAPH, GPU_GRAPH, CUDA_GRAPH):
            (root / model / "1" / name).touch()
    DB.save(root / "text_cropping" / "1")
    recognizer(max_width=9600).save(root / "ctc_decoding" / "1")
    return found
