"""Ray with what archives need, in an environment of its own that is made on first use."""

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from downloads import Environment
from tests.project import ROOT

# What the client takes, in versions that also Python 3.10 has.
RAY = Environment(
    "ray",
    (
        *("ray[data]==2.60.0", "pandas==2.3.3", "pyarrow==22.0.0"),
        *("aiohttp==3.14.5", "click==8.5.1", "numpy==1.26.4", "pillow==12.3.0", "tritonclient[grpc,http]==2.73.0"),
        *("pikepdf==10.13.0.post1", "pydyf==0.12.1", "pypdfium2==5.15.2"),
        *("psutil==7.2.2", "tabulate==0.10.0"),
    ),
)

# It tells nobody; and its workers, which begin with a niceness of 15, get on beside other work of this machine.
RAY_VARIABLES = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}


@dataclass(frozen=True)
class RayPython:
    """A Python that has Ray, and the client as a wheel installs it.

    Attributes:
        program: Its path.
        environment: For its processes.
        folder: Theirs.
    """

    program: Path
    environment: Mapping[str, str]
    folder: Path

    def run(self, code: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
        """Run code until it ends, whatever comes of it."""
        command = self._command(code, arguments)
        return subprocess.run(  # noqa: S603 - our own
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True, check=False
        )

    def start(self, code: str, *arguments: object, stderr: int | None = None) -> "subprocess.Popen[str]":
        """Start code that is told what to do by its standard input, and ends with it."""
        pipe = subprocess.PIPE
        return subprocess.Popen(  # noqa: S603 - our own
            self._command(code, arguments),
            env=self.environment,
            cwd=self.folder,
            stdin=pipe,
            stdout=pipe,
            stderr=stderr,
            text=True,
        )

    def _command(self, code: str, arguments: tuple[object, ...]) -> list[str]:
        return [str(self.program), "-c", code, *map(str, arguments)]


def client_alone(folder: Path, **environment: str) -> RayPython:
    """Nothing but Ray and the client, which is installed into a folder.

    Args:
        folder: An empty one.
        **environment: Further variables.
    """
    program, _without_pythonpath = RAY.command()
    return _python(Path(program), {"PYTHONPATH": str(_installed(folder)), **environment}, folder)


def beside_the_server(folder: Path, **environment: str) -> RayPython:
    """The same with this project's embedded server, as on a machine where both are installed.

    Args:
        folder: An empty one, for a virtual environment.
        **environment: Further variables.
    """
    RAY.command()
    venv.create(folder, symlinks=True)
    packages = [_packages(RAY.folder), Path(sysconfig.get_path("purelib")), ROOT]
    paths = "\n".join(map(str, [_installed(folder), *packages]))
    (_packages(folder) / "both.pth").write_text(paths, encoding="utf-8")
    return _python(folder / "bin" / "python", environment, folder)


def _python(program: Path, environment: Mapping[str, str], folder: Path) -> RayPython:
    inherited = {name: value for name, value in os.environ.items() if name not in ("OCR_URL", "PYTHONPATH")}
    return RayPython(program, {**inherited, **RAY_VARIABLES, **environment}, folder)


def _installed(folder: Path) -> Path:
    """The client, as it is installed there now."""
    target = folder / "client"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", target, ROOT / "client"], check=True)  # noqa: S603 - our own
    return target


def _packages(environment: Path) -> Path:
    return Path(sysconfig.get_path("purelib", "posix_prefix", {"base": str(environment)}))
