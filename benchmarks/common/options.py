"""Options that several of the benchmarks' commands have."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from benchmarks.common import results

REPOSITORY = Path(__file__).parent.parent.parent / "model_repository"

Command = TypeVar("Command", bound=Callable[..., Any])

model_repository = click.option(
    "--model-repository",
    "root",
    type=click.Path(path_type=Path, file_okay=False),
    default=REPOSITORY,
    help="Folder with the exported models.  [default: the project's model_repository]",
)

url = click.option(
    "--url",
    default="localhost:8000",
    envvar="OCR_URL",
    show_envvar=True,
    show_default=True,
    help="HTTP address of the running server.",
)

images = click.argument("images", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))


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


def names(option: str, parameter: str, known: Iterable[str], what: str) -> Callable[[Command], Command]:
    """An option that chooses some of the names that are known, by default all; `none` chooses none.

    Args:
        option: Such as --engine.
        parameter: The command's, which gets a list of names.
        known: All names.
        what: Each of them is.
    """
    return click.option(
        option,
        parameter,
        multiple=True,
        default=list(known),
        type=click.Choice([*known, "none"]),
        callback=lambda _context, _option, chosen: [name for name in chosen if name != "none"],
        help=f"{what}; may be repeated.  [default: all]",
    )
