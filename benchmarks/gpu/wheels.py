"""`python -m benchmarks.gpu.wheels`: carries `make bench-gpu` to a machine with a GPU and without a network.

`fetch` fills a folder with wheels where there is a network, `install` makes a virtual environment of them where there
is none. That part needs Python alone. CUDA and cuDNN come from that Python's own packages (`nvidia-…`, which torch
brings), or with `fetch --cuda` from the folder, too.
"""

import argparse
import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

PROJECT = Path(__file__).parent.parent.parent
# The one for which numpy 1.26 and onnxruntime-gpu both have wheels, and the server a stub.
PYTHON = "3.12"
# pip takes only what is named; the server's own wheel needs the newest of these (server/requirements.py).
PLATFORMS = [*(f"manylinux_2_{minor}_x86_64" for minor in range(35, 4, -1)), "manylinux2014_x86_64"]
DISTRIBUTIONS = {"ocr-triton": PROJECT, "ocr-triton-client": PROJECT / "client"}
EXTRAS = ("bench", "server", "grpc")
CPU_RUNTIME, GPU_RUNTIME = "onnxruntime", "onnxruntime-gpu"
# What installs the wheels, and both distributions of this checkout: hatchling takes editables for the client.
TOOLS = ("pip", "hatchling", "editables")
LIST = "requirements.txt"
# Import packages that hold nothing but libraries.
LIBRARIES = ("nvidia", "tensorrt_libs")

EPILOG = """\
on a machine with a network:
  make bench-gpu-wheels                                 (python -m benchmarks.gpu.wheels fetch wheels)
  tar -cf - wheels model_repository | split -b 60M - bench-gpu.part.    if it must travel in pieces
on the machine with the GPU, with the same version of this project:
  cat bench-gpu.part.* | tar -xf -
  make bench-gpu                                        (python -m benchmarks.gpu.wheels install wheels .venv-gpu, then
                                                         python -m benchmarks.gpu)
"""


def fetch(folder: Path, *, with_cuda: bool) -> None:
    """Fill a folder with the wheels and a list of what to install of them.

    Raises:
        DownloadError: One cannot be fetched.
    """
    from downloads import fetch_wheel, read_sources

    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("*.whl"), folder / LIST):
        old.unlink(missing_ok=True)
    runtime = f"{GPU_RUNTIME}[cuda,cudnn]" if with_cuda else GPU_RUNTIME
    _download(folder, [*(name for name in _needs(EXTRAS) if _name(name) != CPU_RUNTIME), runtime, *TOOLS])
    installed = sorted("==".join(wheel.name.split("-")[:2]) for wheel in folder.glob("*.whl"))
    (folder / LIST).write_text("\n".join(installed) + "\n")
    server = fetch_wheel(read_sources(PROJECT / "server" / "sources.toml")["tritonserver"])
    shutil.copy(server, folder)  # only unpacked, by the launcher
    size_mb = sum(wheel.stat().st_size for wheel in folder.glob("*.whl")) / 1e6
    print(f"{len(installed) + 1} wheels for Python {PYTHON}, {size_mb:.0f} MB, are in {folder}")


def install(folder: Path, environment: Path) -> None:
    """Make a virtual environment of the wheels, in which this checkout and the libraries of CUDA are found.

    Raises:
        FileNotFoundError: There are no wheels.
        subprocess.CalledProcessError: pip refuses them, and has said why.
        RuntimeError: They are for another Python.
    """
    if not (folder / LIST).is_file():
        raise FileNotFoundError(f"{folder} has no wheels; where there is a network: make bench-gpu-wheels")
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    if running != PYTHON:
        raise RuntimeError(
            f"the wheels are for Python {PYTHON}, this is {running}; name it: make PYTHON=python{PYTHON} bench-gpu"
        )
    # Without ensurepip, which Debian's Python lacks: pip's own wheel runs as it is.
    _run([sys.executable, "-m", "venv", "--without-pip", "--clear", environment])
    (pip,) = folder.glob("pip-*.whl")
    options = ["--disable-pip-version-check", "--quiet"]
    command: list[str | Path] = [environment / "bin" / "python", pip / "pip", "install", *options]
    command += ["--no-index", "--find-links", folder, "--no-deps"]
    _run([*command, "--requirement", folder / LIST])
    for project in DISTRIBUTIONS.values():
        _run([*command, "--no-build-isolation", "--editable", project])
    (packages,) = environment.glob("lib/python3*/site-packages")
    link_libraries(packages)


def link_libraries(packages: Path) -> None:
    """Let ONNX Runtime find this Python's libraries of CUDA: it looks for them beside itself, and nowhere else."""
    for name in LIBRARIES:
        found = importlib.util.find_spec(name)
        if found and found.submodule_search_locations and not (packages / name).exists():
            (packages / name).symlink_to(next(iter(found.submodule_search_locations)))


def _needs(extras: Sequence[str]) -> Iterator[str]:
    """What this project's distributions require with some of their extras, as they are installed."""
    from packaging.requirements import Requirement

    for distribution in DISTRIBUTIONS:
        for requirement in map(Requirement, importlib.metadata.requires(distribution) or ()):
            if any(requirement.marker is None or requirement.marker.evaluate({"extra": e}) for e in ("", *extras)):
                requirement.marker = None
                yield str(requirement)


def _name(requirement: str) -> str:
    """Of the package that is required.

    >>> _name("tritonclient[grpc]>=2.50"), _name("onnxruntime-gpu")
    ('tritonclient', 'onnxruntime-gpu')
    """
    from packaging.requirements import Requirement

    return Requirement(requirement).name


def _download(folder: Path, requirements: Sequence[str]) -> None:
    options = ["--disable-pip-version-check", "--no-input", "--only-binary=:all:", f"--python-version={PYTHON}"]
    options += [f"--platform={platform}" for platform in PLATFORMS]
    options += ["--constraint", str(PROJECT / "constraints.txt"), "--dest", str(folder)]
    _run([sys.executable, "-m", "pip", "download", *options, *dict.fromkeys(requirements)])


def _run(command: Sequence[str | Path]) -> None:
    subprocess.run(command, check=True)  # noqa: S603 - our own commands


def main(arguments: Sequence[str] | None = None) -> None:
    """Fetch or install."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu.wheels", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, dest="command")
    fetching = commands.add_parser("fetch", help=f"fill FOLDER with wheels for Python {PYTHON}")
    fetching.add_argument("folder", type=Path)
    fetching.add_argument("--cuda", action="store_true", help="add CUDA and cuDNN, for a machine with the driver alone")
    installing = commands.add_parser("install", help="make the virtual environment ENVIRONMENT of the wheels in FOLDER")
    installing.add_argument("folder", type=Path)
    installing.add_argument("environment", type=Path)
    asked = parser.parse_args(arguments)
    try:
        if asked.command == "fetch":
            fetch(asked.folder, with_cuda=asked.cuda)
        else:
            install(asked.folder, asked.environment)
    except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
