"""Frameworks that only an export needs, each in an environment of its own."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import downloads
from export.errors import ExportError


class Environment(downloads.Environment):
    """A framework's environment, whose failures are the export's."""

    def run(self, *arguments: str | Path) -> None:
        """Run its Python in the project's folder, after making the environment if it is not there.

        Args:
            *arguments: Python's own, such as `-m`, a module and what the module takes.

        Raises:
            DownloadError: The environment cannot be made.
            ExportError: The run failed: with the last line of its stderr.
        """
        if failure := downloads.run(self.command(*arguments)):
            raise ExportError(failure)

    def compute(self, batches: Sequence[NDArray[Any]], *arguments: str | Path) -> list[dict[str, NDArray[Any]]]:
        """Have one run compute something of each batch.

        Args:
            batches: Arrays of any shapes.
            *arguments: As for `run`. Last, the run gets a folder of .npy files, one a batch; it is to leave an .npz
                file beside each.

        Returns:
            For each batch, the arrays of its .npz file by name.

        Raises:
            DownloadError: As for `run`.
            ExportError: As for `run`.
        """
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / f"{number:04}.npy" for number in range(len(batches))]
            for file, batch in zip(files, batches, strict=True):
                np.save(file, batch)
            self.run(*arguments, folder)
            return [_load(file.with_suffix(".npz")) for file in files]


def _load(file: Path) -> dict[str, NDArray[Any]]:
    with np.load(file) as arrays:
        return dict(arrays)
