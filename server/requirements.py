"""What this machine and this Python must have before the server can start; each error says what to do."""

import importlib.metadata
import importlib.util
import os
import platform
import socket
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from ocr_launch import machine
from ocr_launch.errors import StartError

PYTHON_VERSIONS = ((3, 10), (3, 11), (3, 12))
# The wheel is built for manylinux_2_35.
MIN_GLIBC = (2, 35)
# Callers that wait until they are accepted.
BACKLOG = 128
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
        raise StartError("it cannot make virtual environments (on Debian and Ubuntu: apt-get install python3-venv)")


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


def pick_port(host: str, port: int, purpose: str) -> int:
    """The given port if nobody listens on it, or a free one for 0.

    Raises:
        StartError: The port is taken or not allowed.
    """
    with bind(host, port, purpose) as probe:
        return int(probe.getsockname()[1])


def bind(host: str, port: int, purpose: str) -> socket.socket:
    """A socket on the given port, or on a free one for 0, that listens: callers wait until somebody accepts them.

    Raises:
        StartError: The port is taken or not allowed.
    """
    # A port whose last connections still linger is free.
    return _bound(host, port, purpose, socket.SO_REUSEADDR, is_listening=True)


def reserve(host: str, port: int, purpose: str) -> socket.socket:
    """A socket that keeps a port, or a free one for 0, for a child of ours that listens there with SO_REUSEPORT.

    Raises:
        StartError: The port is taken or not allowed.
    """
    # With that option alone, others who use it would share the port with us.
    return _bound(host, pick_port(host, port, purpose), purpose, socket.SO_REUSEPORT)


def _bound(host: str, port: int, purpose: str, option: int, *, is_listening: bool = False) -> socket.socket:
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, option, 1)
    try:
        door.bind((host, port))
        if is_listening:
            door.listen(BACKLOG)
    except OSError as error:
        door.close()
        raise StartError(
            f"cannot use {host}:{port} for {purpose}: {error.strerror}; stop what uses it, or choose another "
            f"with --{purpose}-port (0 picks a free one)"
        ) from error
    return door


if __name__ == "__main__":  # find_python.sh asks each candidate, which has no packages yet
    try:
        check_version()
        check_venv()
        libpython_directory()
    except StartError as error:
        sys.exit(str(error))
    print(sys.executable)
