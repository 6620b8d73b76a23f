"""`python -m ocr_launch.publish`: a version into a folder that servers poll, or that is copied to an object store."""

from pathlib import Path

import click

from ocr_launch import machine, profiles
from ocr_launch.errors import StartError
from ocr_launch.layout import Layout
from ocr_launch.machine import Cores
from ocr_launch.profiles import Profile
from ocr_launch.published import Published
from ocr_launch.repository import Repository


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--model-repository",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path("model_repository"),
    show_default=True,
    help="Folder with the exported models.",
)
@click.option("--version", type=click.IntRange(min=1), metavar="N", help="To publish.  [default: the newest]")
@click.option(
    "--profile",
    type=click.Choice([name for name in profiles.PROFILES if name != profiles.AUTO]),
    default=profiles.CPU,
    show_default=True,
    help="What the servers are that will read it.",
)
@click.option("--cores", type=click.FloatRange(min=0, min_open=True), help="Of each server.  [default: as here]")
@click.option("--only", is_flag=True, help="Have the versions beside it unloaded. Not within a minute of a switch.")
def main(
    folder: Path, model_repository: Path, version: int | None, profile: str, cores: float | None, only: bool
) -> None:
    """Write a version of the models into FOLDER, beside those that are there, and have the ensemble made of it.

    Whoever polls FOLDER meanwhile sees whole versions only; so does who copies all but ocr_ensemble/config.pbtxt first.
    """
    chosen = Layout(
        Profile(profile, "as asked for"), Cores(cores) if cores else machine.find_cores(), machine.has_vnni()
    )
    try:
        repository = Repository(model_repository, version)
        published = Published(model_repository, chosen, folder)
        published.add(repository.version, repository.inner)
        published.serve(repository.version)
        if only:
            published.keep_only(repository.version, repository.inner)
    except StartError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Version {repository.version} is published in {folder}.", err=True)


if __name__ == "__main__":
    main(prog_name="python -m ocr_launch.publish")
