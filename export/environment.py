"""Virtual environments for frameworks that only an export needs: made on first use, kept in the user's cache."""

import dataclasses
import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from downloads import cache_directory
from export.errors import ExportError

STDERR = 2  # as a descriptor: sys.stderr has none in a notebook
PROJECT = Path(__file__).parent.parent


@dataclasses.dataclass(frozen=True)
class Environment:
    """One virtual environment, of the Python that runs the exporter.

    Attributes:
        name: Of the framework, for people.
        requirements: What pip is to install, pinned.
    """

    name: str
    requirements: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where it is kept: other requirements or another Python make another environment."""
        key = "\n".join((*self.requirements, sys.version, sys.base_prefix)).encode()
        return cache_directory().absolute() / "environments" / f"{self.name}-{hashlib.sha256(key).hexdigest()[:12]}"

    def run(self, *arguments: str | Path) -> None:
        """Run its Python in the project's folder, after making the environment if it is not there.

        Args:
            *arguments: Python's own, such as `-m`, a module and what the module takes.

        Raises:
            ExportError: The environment cannot be made, or the run failed: with the last line of its stderr.
        """
        if not _python(self.folder).exists():
            self._make()
        # -E: the caller's PYTHONPATH is meant for another environment.
        done = _run(_python(self.folder), "-E", *arguments)
        if done.returncode != 0:
            raise ExportError(_last_line(done.stderr) or f"{self.name} ended with status {done.returncode}")

    def compute(self, batches: Sequence[NDArray[Any]], *arguments: str | Path) -> list[dict[str, NDArray[Any]]]:
        """Have one run compute something of each batch.

        Args:
            batches: Arrays of any shapes.
            *arguments: As for `run`. Last, the run gets a folder of .npy files, one a batch; it is to leave an .npz
                file beside each.

        Returns:
            For each batch, the arrays of its .npz file by name.

        Raises:
            ExportError: As for `run`.
        """
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / f"{number:04}.npy" for number in range(len(batches))]
            for file, batch in zip(files, batches, strict=True):
                np.save(file, batch)
            self.run(*arguments, folder)
            return [_load(file.with_suffix(".npz")) for file in files]

    def _make(self) -> None:
        click.echo(f"Making an environment with {', '.join(self.requirements)}, once ...", err=True)
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.folder.parent, suffix=".part") as part:
                made = Path(part) / self.name
                self._pip_install(made)
                if not self.folder.exists():  # or another export was quicker
                    made.rename(self.folder)
        except OSError as error:
            raise ExportError(f"cannot make an environment with {self.name}: {error}") from error

    def _pip_install(self, folder: Path) -> None:
        options = ["--disable-pip-version-check", "--no-input", "--only-binary=:all:"]
        commands: list[list[str | Path]] = [
            [sys.executable, "-m", "venv", folder],
            [_python(folder), "-m", "pip", "install", *options, *self.requirements],
        ]
        for command in commands:
            done = _run(*command)
            if done.returncode != 0:
                raise ExportError(
                    f"pip cannot install {', '.join(self.requirements)}: "
                    f"{_last_line(done.stderr) or 'no reason given'} (is the package registry within reach?)"
                )


def _load(file: Path) -> dict[str, NDArray[Any]]:
    with np.load(file) as arrays:
        return dict(arrays)


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


def _run(*command: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run a command; what it prints is progress, not a result."""
    return subprocess.run(  # noqa: S603 - our own commands
        command, cwd=PROJECT, stdout=STDERR, stderr=subprocess.PIPE, text=True, check=False
    )


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
