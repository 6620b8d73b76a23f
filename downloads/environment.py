"""Virtual environments for packages that only one task needs: made on first use, kept in the user's cache."""

import dataclasses
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from downloads.errors import DownloadError
from downloads.fetch import STDERR, cache_directory

PROJECT = Path(__file__).parent.parent


@dataclasses.dataclass(frozen=True)
class Environment:
    """One virtual environment, of the Python that runs this.

    Attributes:
        name: Of what is in it, for people.
        requirements: What pip is to install, pinned.
    """

    name: str
    requirements: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where it is kept: other requirements or another Python make another environment."""
        key = "\n".join((*self.requirements, sys.version, sys.base_prefix)).encode()
        return cache_directory().absolute() / "environments" / f"{self.name}-{hashlib.sha256(key).hexdigest()[:12]}"

    def command(self, *arguments: str | Path) -> list[str | Path]:
        """The command line that runs its Python, after making the environment if it is not there.

        Args:
            *arguments: Python's own, such as `-m`, a module and what the module takes.

        Raises:
            DownloadError: The environment cannot be made.
        """
        if not _python(self.folder).exists():
            self._make()
        # -E: the caller's PYTHONPATH is meant for another environment.
        return [_python(self.folder), "-E", *arguments]

    def _make(self) -> None:
        click.echo(f"Making an environment with {', '.join(self.requirements)}, once ...", err=True)
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.folder.parent, suffix=".part") as part:
                made = Path(part) / self.name
                self._pip_install(made)
                if not self.folder.exists():  # or another process was quicker
                    made.rename(self.folder)
        except OSError as error:
            raise DownloadError(f"cannot make an environment with {self.name}: {error}") from error

    def _pip_install(self, folder: Path) -> None:
        options = ["--disable-pip-version-check", "--no-input", "--only-binary=:all:"]
        commands: list[list[str | Path]] = [
            [sys.executable, "-m", "venv", folder],
            [_python(folder), "-m", "pip", "install", *options, *self.requirements],
        ]
        for command in commands:
            if failure := run(command):
                raise DownloadError(
                    f"pip cannot install {', '.join(self.requirements)}: {failure} "
                    "(is the package registry within reach?)"
                )


def run(command: list[str | Path]) -> str:
    """Run a command in the project's folder; what it prints is progress, not a result.

    Returns:
        Why it failed, the last line of its stderr; empty if it did not.
    """
    done = subprocess.run(  # noqa: S603 - our own commands
        command, cwd=PROJECT, stdout=STDERR, stderr=subprocess.PIPE, text=True, check=False
    )
    if done.returncode == 0:
        return ""
    lines = (line.strip() for line in reversed(done.stderr.splitlines()))
    return next(filter(None, lines), f"it ended with status {done.returncode}")


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"
