"""TensorRT's engines, built ahead: which there are to be, what is built already, and what is said where none can be."""

import dataclasses
import json
import sys
from pathlib import Path

import pytest

from ocr_launch import engines, machine, model_config
from ocr_launch.engines import Engine
from ocr_launch.errors import StartError
from ocr_launch.repository import Repository

DEVICE = "NVIDIA H200, 580.1, Triton 2.71.0"


@pytest.fixture
def engine(repository: Repository, tmp_path: Path) -> Engine:
    """The recognizer's, in a folder of its own."""
    (planned,) = engines.plan(repository, DEVICE)
    return dataclasses.replace(planned, folder=tmp_path)


def server(*names: str, folder: Path, status: int | None = None) -> list[str]:
    """A small program in the place of tritonserver: it writes files, says that it is ready, and waits or ends."""
    lines = [f"open({str(folder / name)!r}, 'a').write('x')" for name in (*names, "ready")]
    lines.append("import time; time.sleep(60)" if status is None else f"raise SystemExit({status})")
    return [sys.executable, "-c", "; ".join(lines)]


def build(engine: Engine, *names: str, status: int | None = None) -> list[str]:
    told: list[str] = []
    ready = engine.folder / "ready"
    command = server(*names, folder=engine.folder, status=status)
    engines.build(engine, command, lambda: ready.exists() and status is None, told.append)
    return told


def test_the_recognizer_has_an_engine_for_the_bounds_of_its_configuration(repository: Repository) -> None:
    (engine,) = engines.plan(repository, DEVICE)
    assert engine.model == "text_recognition"
    assert engine.folder == Path("/var/cache/ocr-triton")
    assert engine.shapes == ("1x48x32x3", "8x48x320x3", "16x48x9600x3")


def test_another_graph_setting_or_gpu_is_another_engine(repository: Repository) -> None:
    def key(device: str = DEVICE) -> str:
        return engines.plan(repository, device)[0].key

    first = key()
    assert key() == first
    keys = {first, key("NVIDIA L4")}
    file = repository.root / "text_recognition" / "configs" / "tensorrt.pbtxt"
    file.write_text(file.read_text(encoding="utf-8").replace("16x48x9600x3", "16x48x4800x3"), encoding="utf-8")
    keys.add(key())
    (repository.root / "text_recognition" / "1" / "model.gpu.onnx").write_bytes(b"another")
    keys.add(key())
    assert len(keys) == 4


def test_an_engine_is_built_once_and_its_files_are_told(engine: Engine) -> None:
    assert not engine.is_built()
    (told,) = build(engine, "graph_1_sm90.engine", "graph_1_sm90.profile")
    assert told.endswith(" s: graph_1_sm90.engine, graph_1_sm90.profile")
    assert engine.is_built()
    assert not dataclasses.replace(engine, key="of another graph").is_built()
    (engine.folder / "graph_1_sm90.engine").unlink()
    assert not engine.is_built()


def test_an_engine_that_is_there_and_was_not_noted_is_noted(engine: Engine) -> None:
    """The server itself has built it."""
    (engine.folder / "graph_1_sm90.engine").touch()
    build(engine)
    assert engine.is_built()


def test_notes_of_other_models_stay(engine: Engine) -> None:
    notes = engine.folder / "engines.json"
    notes.write_text(json.dumps({"text_recognition_ru": {"key": "k", "files": []}}))
    build(engine, "a.engine")
    assert set(json.loads(notes.read_text())) == {"text_recognition", "text_recognition_ru"}


@pytest.mark.parametrize("text", ["", "[]", "no JSON"])
def test_broken_notes_are_no_notes(engine: Engine, text: str) -> None:
    (engine.folder / "engines.json").write_text(text)
    assert not engine.is_built()


def test_a_server_that_ends_is_told_and_nothing_noted(engine: Engine) -> None:
    with pytest.raises(StartError, match="the server ended with status 3 while it loaded text_recognition"):
        build(engine, "a.engine", status=3)
    assert not engine.is_built()


def test_a_load_without_an_engine_is_an_error(engine: Engine) -> None:
    """ONNX Runtime goes on with CUDA where TensorRT fails."""
    with pytest.raises(StartError, match="text_recognition was loaded and no engine is in"):
        build(engine)


def test_without_a_gpu_one_sentence_says_so(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(machine, "GPU_DEVICES", ())
    with pytest.raises(SystemExit, match=r"^ocr-engines: an engine is built on the GPU that it is for, and there is"):
        engines.main(["build", "--model-repository", str(repository.root)])
    monkeypatch.setattr(machine, "GPU_DEVICES", (tmp_path,))
    with pytest.raises(SystemExit, match=r"^ocr-engines: there is no tritonserver with TensorRT here"):
        engines.main(["build", "--model-repository", str(repository.root)])


def test_the_list_tells_what_is_missing(repository: Repository, capsys: pytest.CaptureFixture[str]) -> None:
    engines.main(["list", "--model-repository", str(repository.root)])
    shapes = "1x48x32x3, 8x48x320x3, 16x48x9600x3 (least, usual, greatest)"
    assert capsys.readouterr().out == f"text_recognition: {shapes}, in /var/cache/ocr-triton: missing\n"


def test_a_configuration_without_a_folder_is_an_error(repository: Repository) -> None:
    config = repository.config("text_recognition", "tensorrt")
    del config.optimization.execution_accelerators.gpu_execution_accelerator[0].parameters["trt_engine_cache_path"]
    file = repository.root / "text_recognition" / "configs" / "tensorrt.pbtxt"
    file.write_text(model_config.to_text(config), encoding="utf-8")
    with pytest.raises(StartError, match="the configuration of text_recognition names no trt_engine_cache_path"):
        engines.plan(repository, DEVICE)
