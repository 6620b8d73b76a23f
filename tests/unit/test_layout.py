"""The layout that the limit takes over from the configurations."""

from pathlib import Path

import pytest

from benchmarks.layout import Layout, newest_version, read_layout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of one model: version 9 and 10, and a profile "one" of its own."""
    model = tmp_path / "model"
    (model / "configs").mkdir(parents=True)
    for version in ("9", "10"):
        (model / version).mkdir()
        (model / version / "small.onnx").touch()
    (model / "10" / "model.onnx").touch()
    threads = 'parameters { key: "intra_op_thread_count" value { string_value: "3" } }'
    (model / "config.pbtxt").write_text(
        f'default_model_filename: "small.onnx" max_batch_size: 16 instance_group [{{ count: 2 }}] {threads}'
    )
    (model / "configs" / "one.pbtxt").write_text("max_batch_size: 4")
    return tmp_path


def test_a_profile_without_a_configuration_of_its_own_takes_the_general_one(repository: Path) -> None:
    file = repository / "model" / "10" / "small.onnx"
    assert read_layout(repository, "model", "cpu") == Layout(file, instances=2, threads=3, max_batch=16)


def test_a_profile_has_a_configuration_and_triton_its_defaults(repository: Path) -> None:
    file = repository / "model" / "10" / "model.onnx"
    assert read_layout(repository, "model", "one") == Layout(file, instances=1, threads=0, max_batch=4)


def test_what_is_not_exported_is_told(repository: Path) -> None:
    (repository / "model" / "10" / "small.onnx").unlink()
    with pytest.raises(FileNotFoundError, match=r"10/small\.onnx is missing; write it with `python -m export`"):
        read_layout(repository, "model", "cpu")
    with pytest.raises(FileNotFoundError, match="has no version"):
        newest_version(repository / "model" / "configs")
