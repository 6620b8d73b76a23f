"""The client's wheel and sdist are the same bytes wherever and whenever they are built, and say what they are."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
from trove_classifiers import classifiers

from tests.project import ROOT

CLIENT = ROOT / "client"


def built(source: Path, folder: Path, **environment: str) -> dict[str, bytes]:
    """What the project's build backend makes of a folder: names and contents."""
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=source, env={**os.environ, **environment}, check=True, capture_output=True)  # noqa: S603 - our own
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return built(CLIENT, tmp_path_factory.mktemp("dist"), SOURCE_DATE_EPOCH="1700000000")


@pytest.fixture(scope="module")
def wheel(distributions: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    (name,) = (name for name in distributions if name.endswith(".whl"))
    (file := tmp_path_factory.mktemp("wheel") / name).write_bytes(distributions[name])
    return zipfile.ZipFile(file)


@pytest.fixture(scope="module")
def metadata(wheel: zipfile.ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith("/METADATA"))
    return message_from_bytes(wheel.read(name))


def test_another_folder_another_day_and_other_rights_make_the_same_bytes(
    distributions: dict[str, bytes], tmp_path: Path
) -> None:
    copy = tmp_path / "elsewhere"
    shutil.copytree(CLIENT, copy, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns("__pycache__"))
    for file in copy.rglob("*"):
        os.utime(file, (1_500_000_000, 1_500_000_000))
        file.chmod(0o700 if file.is_dir() else 0o600)
    assert built(copy, tmp_path / "dist", SOURCE_DATE_EPOCH="1700000000") == distributions


def test_the_day_that_is_given_is_the_files_day(wheel: zipfile.ZipFile) -> None:
    assert {entry.date_time for entry in wheel.infolist()} == {(2023, 11, 14, 22, 13, 20)}


def test_the_sdist_builds_the_same_wheel(
    distributions: dict[str, bytes], wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    (name,) = (name for name in distributions if name.endswith(".tar.gz"))
    (tmp_path / name).write_bytes(distributions[name])
    with tarfile.open(tmp_path / name) as archive:
        archive.extractall(tmp_path, filter="data")
    again = built(tmp_path / name.removesuffix(".tar.gz"), tmp_path / "dist", SOURCE_DATE_EPOCH="1700000000")
    assert again[Path(str(wheel.filename)).name] == Path(str(wheel.filename)).read_bytes()


def test_the_wheel_has_types_and_licence(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert "ocr_client/py.typed" in names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


def test_the_metadata_is_complete(metadata: Message) -> None:
    for field in ("Summary", "Author", "Keywords", "License-Expression", "License-File", "Requires-Python"):
        assert metadata[field], field
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload()
    assert all("https://" in url for url in metadata.get_all("Project-URL", []))
    assert metadata.get_all("Project-URL")


def test_the_classifiers_are_those_of_the_registry(metadata: Message) -> None:
    named = metadata.get_all("Classifier", [])
    assert named == sorted(named)
    assert set(named) <= set(classifiers)
    assert not [name for name in named if name.startswith("License ::")]  # the expression has taken their place
