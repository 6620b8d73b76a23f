"""The layout that the limit takes over from the configurations."""

from pathlib import Path

import pytest

from benchmarks.upper_bound.model_layout import ModelLayout, newest_version, read_layout


def write(folder: Path, config: str) -> None:
    (folder / "model" / "config.pbtxt").write_text(config)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of one model in the versions 9 and 10, with a graph small.onnx."""
    for version in ("9", "10"):
        (tmp_path / "model" / version).mkdir(parents=True)
        (tmp_path / "model" / version / "small.onnx").touch()
    threads = 'parameters { key: "intra_op_thread_count" value { string_value: "3" } }'
    write(
        tmp_path, f'default_model_filename: "small.onnx" max_batch_size: 16 instance_group [{{ count: 2 }}] {threads}'
    )
    return tmp_path


def test_a_layout_is_what_the_configuration_says_of_the_newest_version(repository: Path) -> None:
    file = repository / "model" / "10" / "small.onnx"
    assert read_layout(repository, "model") == ModelLayout(file, instances=2, threads=3, max_batch=16)


def test_what_the_configuration_leaves_out_is_as_triton_has_it(repository: Path) -> None:
    file = repository / "model" / "10" / "model.onnx"
    file.touch()
    write(repository, "max_batch_size: 4")
    assert read_layout(repository, "model") == ModelLayout(file, instances=1, threads=0, max_batch=4)


def test_what_is_not_exported_is_told(repository: Path) -> None:
    (repository / "model" / "10" / "small.onnx").unlink()
    with pytest.raises(FileNotFoundError, match=r"10/small\.onnx is missing; write it with `python -m export`"):
        read_layout(repository, "model")
    with pytest.raises(FileNotFoundError, match="has no version"):
        newest_version(repository)
