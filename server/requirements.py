"""What this machine and this Python must have before the server can start; each error says what to do."""

import importlib.metadata
import importlib.util
import os
import platform
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path

from ocr_launch import machine
from ocr_launch.errors import StartError

PYTHON_VERSIONS = ((3, 10), (3, 11), (3, 12))
# The wheel is built for manylinux_2_35.
MIN_GLIBC = (2, 35)
# Exit status: find_python.sh need not ask other Pythons.
WRONG_MACHINE = 3
# What ONNX Runtime must have for a profile.
PROVIDERS = {"gpu": "CUDAExecutionProvider", "tensorrt": "TensorrtExecutionProvider"}


def check_machine() -> None:
    """The binary runs on x86-64 Linux with a recent C library.

    Raises:
        StartError: This machine is another.
    """
    libc, version = platform.libc_ver()
    machine = f"{platform.system()} {platform.machine()}"
    instead = "use the container image, or a server elsewhere by its URL"
    if machine != "Linux x86_64":
        raise StartError(f"the embedded server runs on Linux x86_64 only, this is {machine}; {instead}")
    if libc != "glibc" or tuple(map(int, version.split(".")[:2])) < MIN_GLIBC:
        needed = ".".join(map(str, MIN_GLIBC))
        raise StartError(
            f"the embedded server needs glibc {needed}, this is {libc or 'another C library'} {version}; {instead}"
        )


def check_version() -> None:
    """The Python backend has stubs for some versions of Python only.

    Raises:
        StartError: This is none of them.
    """
    if sys.version_info[:2] not in PYTHON_VERSIONS:
        raise StartError(
            f"the embedded server needs Python 3.10, 3.11 or 3.12, this is {platform.python_version()}; "
            "name one of them: make clean; make PYTHON=python3.12 demo"
        )


def check_numpy() -> None:
    """The Python backend works with some versions of NumPy only.

    Raises:
        StartError: This is none of them.
    """
    numpy_version = importlib.metadata.version("numpy")
    if int(numpy_version.split(".")[0]) >= 2:
        raise StartError(
            f"numpy {numpy_version} makes every output of this Triton's Python backend empty, without an error; "
            "install the pinned version: pip install -c constraints.txt 'numpy<2'"
        )


def check_options(options: Sequence[str]) -> None:
    """The doors of the gate have no TLS, and Triton's own ports are its.

    Raises:
        StartError: A flag for tritonserver is about them.
    """
    for option in options:
        if option.startswith(("--grpc-use-ssl", "--http-port", "--grpc-port", "--metrics-port")):
            raise StartError(
                f"{option} is not for the embedded server: --http-port, --grpc-port and --metrics-port are options of "
                "its own, and it has no TLS; put a proxy in front"
            )


def check_venv() -> None:
    """This Python can make virtual environments.

    Raises:
        StartError: It cannot.
    """
    if not importlib.util.find_spec("ensurepip"):
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        raise StartError(f"it cannot make virtual environments; on Debian and Ubuntu: apt-get install {package}")


def libpython_directory() -> Path:
    """Folder of the shared library of this Python, which the Python backend's stub is linked to.

    Raises:
        StartError: There is none.
    """
    name = f"libpython{sys.version_info.major}.{sys.version_info.minor}.so.1.0"
    settings = sysconfig.get_config_vars("LIBDIR", "MULTIARCH")
    library, multiarch = (str(value or "") for value in settings)
    candidates = [
        Path(library),
        Path(library) / multiarch,
        Path(sys.base_prefix) / "lib",
        Path("/usr/lib") / multiarch,
        *(Path(folder) for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder),
    ]
    for folder in candidates:
        if (folder / name).exists():
            return folder
    raise StartError(
        f"{name} is missing, the shared library of this Python; on Debian and Ubuntu: "
        f"apt-get install {name.removesuffix('.so.1.0')}"
    )


def check_gpu(profile: str) -> None:
    """There is a GPU, and ONNX Runtime can use it as the profile wants it.

    Raises:
        StartError: It is not so.
    """
    if not machine.has_gpu():
        raise StartError(f"the profile {profile} needs a GPU and this machine has none; use --profile cpu")
    import onnxruntime  # not above: find_python.sh runs this file where no packages are

    if PROVIDERS[profile] not in onnxruntime.get_available_providers():
        raise StartError(
            f"the profile {profile} needs ONNX Runtime with its {PROVIDERS[profile]}, and this one has none; "
            "install onnxruntime-gpu in the place of onnxruntime, or use --profile cpu"
        )


def lacking() -> str:
    """What this Python lacks, all at once, for a machine on which nothing is installed yet; empty if nothing is."""
    if reason := _failure(check_version):
        return reason  # what else it lacks does not matter
    return "; ".join(filter(None, map(_failure, (check_venv, libpython_directory))))


def _failure(check: Callable[[], object]) -> str:
    try:
        check()
    except StartError as error:
        return str(error)
    return ""


def main() -> None:
    """Print the path of this Python if the server works with it: find_python.sh asks each candidate."""
    try:
        check_machine()
    except StartError as error:
        print(error, file=sys.stderr)
        sys.exit(WRONG_MACHINE)
    if lacks := lacking():
        sys.exit(lacks)
    print(sys.executable)


if __name__ == "__main__":
    main()
