"""The server's files on this machine: unpacked once into the cache, put together for each run."""

import shutil
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path

from downloads import cache_directory, fetch_wheel, read_sources
from ocr_launch.errors import StartError

TRITON_VERSION = "2.51.0"
OWN_BACKENDS = Path(__file__).parent / "backends"


def find_or_fetch() -> Path:
    """Folder with the server's files (`bin/`, `backends/`, `python_backend_stubs/`), fetched on the first call.

    Raises:
        DownloadError: It cannot be fetched.
        StartError: It cannot be unpacked.
    """
    home = cache_directory() / f"tritonserver-{TRITON_VERSION}"
    if not home.exists():
        wheel = fetch_wheel(read_sources(Path(__file__).parent / "sources.toml")["tritonserver"])
        try:
            with tempfile.TemporaryDirectory(dir=home.parent, prefix=f"{home.name}-", suffix=".part") as part:
                whole = Path(part, "whole")
                _unpack(wheel, whole)
                whole.rename(home)
        except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            if not home.exists():  # else another process was faster
                raise StartError(f"cannot unpack the server from {wheel.name}: {error}") from error
    return home / "pytriton" / "tritonserver"


def libraries(server_files: Path) -> Path:
    """Folder of the shared libraries that come with the server."""
    return server_files.parent.parent / "nvidia_pytriton.libs"


def assemble_backends(server_files: Path, target: Path) -> None:
    """Make the folder for `--backend-directory`: the Python backend with this Python's stub, and our own."""
    python_backend = target / "python"
    shutil.copytree(server_files / "backends" / "python", python_backend)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    stub = server_files / "python_backend_stubs" / version / "triton_python_backend_stub"
    shutil.copy(stub, python_backend)
    (python_backend / stub.name).chmod(0o755)
    for backend in OWN_BACKENDS.iterdir():
        (target / backend.name).symlink_to(backend)


def _unpack(wheel: Path, target: Path) -> None:
    # The binary looks for its libraries by the wheel's own layout.
    wanted = ("pytriton/tritonserver/", "nvidia_pytriton.libs/")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target, [name for name in archive.namelist() if name.startswith(wanted)])
    (target / "pytriton" / "tritonserver" / "bin" / "tritonserver").chmod(0o755)
