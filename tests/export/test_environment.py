"""Environments of their own: made once, whole or not at all, with pip's own word where it fails."""

import os
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from downloads import DownloadError
from export.environment import Environment
from export.errors import ExportError

DEMO = Environment("demo", ("demo-framework==1.0",))


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a folder that is all that pip knows of package registries."""
    monkeypatch.setenv("OCR_TRITON_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    (tmp_path / "index").mkdir()
    return tmp_path / "index"


def write_wheel(index: Path) -> None:
    """A package of one module, which says its name."""
    with zipfile.ZipFile(index / "demo_framework-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("demo_framework.py", "NAME = 'demo framework'\n")
        about = "demo_framework-1.0.dist-info"
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: demo-framework\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")


def test_it_is_made_on_the_first_run_and_kept(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write_wheel(index)
    code = "import demo_framework, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(demo_framework.NAME)"
    DEMO.run("-c", code, tmp_path / "first")
    assert (tmp_path / "first").read_text() == "demo framework"
    first = capfd.readouterr()
    assert first.out == "", "stdout belongs to results"
    assert first.err.startswith("Making an environment with demo-framework==1.0, once ...\n")
    assert list((tmp_path / "cache" / "environments").iterdir()) == [DEMO.folder]

    monkeypatch.setattr(Environment, "_make", None)
    DEMO.run("-c", code, tmp_path / "second")
    assert (tmp_path / "second").read_text() == "demo framework"

    with pytest.raises(ExportError, match=r"^ModuleNotFoundError: No module named 'demo_framwork'$"):
        DEMO.run("-c", "import demo_framwork")


def test_a_package_that_pip_cannot_get_is_reported_in_one_sentence_and_nothing_is_kept(index: Path) -> None:
    with pytest.raises(DownloadError) as caught:
        DEMO.run("-c", "")
    assert str(caught.value) == (
        "pip cannot install demo-framework==1.0: ERROR: No matching distribution found for demo-framework==1.0 "
        "(is the package registry within reach?)"
    )
    assert list(DEMO.folder.parent.iterdir()) == []
    assert list(index.iterdir()) == []


def test_a_cache_that_is_no_folder_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("OCR_TRITON_CACHE", str(tmp_path / "file"))
    with pytest.raises(DownloadError, match=r"^cannot make an environment with demo: .*Not a directory"):
        DEMO.run("-c", "")


@pytest.mark.usefixtures("exported")
def test_the_exporter_itself_runs_without_the_frameworks() -> None:
    """Here, where it has just exported and verified a pair of PP-OCR: what a fresh environment has."""
    installed = {distribution.name.lower() for distribution in metadata.distributions()}
    assert not installed & {"torch", "tensorflow", "tensorflow-cpu", "tf2onnx"}


def test_other_requirements_are_another_environment() -> None:
    assert Environment("demo", ("demo-framework==1.1",)).folder != DEMO.folder
    assert Environment("demo", DEMO.requirements).folder == DEMO.folder
