"""Options that several of the benchmarks' commands have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from benchmarks.baselines import results
from benchmarks.upper_bound.__main__ import REPOSITORY

Command = TypeVar("Command", bound=Callable[..., Any])

model_repository = click.option(
    "--model-repository",
    "repository",
    type=click.Path(path_type=Path, file_okay=False),
    default=REPOSITORY,
    help="Folder with the exported models.  [default: the project's model_repository]",
)


def output(what: str, subfolder: str = "") -> Callable[[Command], Command]:
    """The option --output.

    Args:
        what: Is written there.
        subfolder: Of benchmarks/results, by default.
    """
    shown = Path("benchmarks/results", subfolder)
    return click.option(
        "--output",
        type=click.Path(path_type=Path, file_okay=False),
        default=results.FOLDER / subfolder,
        help=f"Folder for {what}.  [default: {shown}]",
    )
