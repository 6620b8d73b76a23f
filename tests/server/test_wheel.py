"""The client's wheel alone: on every Python that it names, it installs into an empty environment and reads an image.

It takes those Pythons and a package registry: `pytest -m wheel`.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.project import ROOT, SAMPLES
from tests.triton import Triton

pytestmark = pytest.mark.wheel

VERSIONS = ("3.10", "3.11", "3.12", "3.13")
NOT_OF_THE_CLIENT = (
    *("benchmarks", "downloads", "export", "ocr_core", "ocr_gate", "ocr_launch", "samples", "server", "tests"),
    *("cv2", "google", "grpc", "onnx"),
)


def run(*command: str | Path, cwd: Path, url: str = "") -> str:
    environment = {**os.environ, "OCR_URL": url}
    done = subprocess.run(  # noqa: S603 - our own
        [*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT / "client", cwd=folder
    )
    (built,) = folder.iterdir()
    return built


def test_the_wheel_has_its_licence_and_its_types(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "ocr_client/py.typed" in names
    assert "ocr_client/demo/page.html" in names
    assert [name for name in names if name.endswith("/licenses/LICENSE")]
    assert {name.split("/")[0].split("-")[0] for name in names} == {"ocr_client", "ocr_triton_client"}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_wheel_alone_reads_an_image(triton: Triton, wheel: Path, version: str, tmp_path: Path) -> None:
    python = shutil.which(f"python{version}")
    assert python, f"there is no python{version} on PATH"
    run(python, "-m", "venv", "alone", cwd=tmp_path)
    programs = tmp_path / "alone" / "bin"
    run(programs / "python", "-m", "pip", "install", "--quiet", wheel, cwd=tmp_path)
    found = f"import importlib.util as u; print([name for name in {NOT_OF_THE_CLIENT} if u.find_spec(name)])"
    assert run(programs / "python", "-c", found, cwd=tmp_path) == "[]\n"
    read = run(programs / "ocr", "read", SAMPLES / "label.png", "--format", "text", cwd=tmp_path, url=triton.url)
    assert read == (SAMPLES / "label.txt").read_text(encoding="utf-8")
