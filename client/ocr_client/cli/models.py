"""`ocr models`: which versions of the models a server has loaded; load, switch, unload."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click

from ocr_client.administration import Administration
from ocr_client.cli.connection import Connect, connection_options
from ocr_client.cli.terminal import print_styled
from ocr_client.errors import OcrError
from ocr_client.server_info import READY
from ocr_client.versions import LoadedVersion

EXAMPLES = """\b
Examples:
  ocr models list                     which versions are loaded
  ocr models switch 2                 serve version 2; it is loaded if need be
  ocr models switch 1                 roll back
  ocr models unload 2                 give its memory back

\b
Exit status: 0 it was done, 1 it was not, 2 wrong usage.
"""
# Over HTTP, and over gRPC.
HEADERS = ("ocr-admin-key", "triton-grpc-protocol-ocr-admin-key")


def _for_operators(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a connection and the key; it gets the server as an `Administration`."""

    @click.option(
        "--key",
        envvar="OCR_ADMIN_KEY",
        show_envvar=True,
        help="The server's key: what OCR_ADMIN_KEY was when it was started.",
    )
    @connection_options
    @wraps(command)
    def with_server(connect: Connect, key: str | None, **others: Any) -> Any:
        with _told(), connect(kind=Administration, more_headers=dict.fromkeys(HEADERS, key) if key else {}) as server:
            return command(server, **others)

    return with_server


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (OcrError, ValueError) as error:
        raise click.ClickException(str(error)) from error


VERSION = click.argument("version", type=click.IntRange(min=1))


@click.group(epilog=EXAMPLES)
def models() -> None:
    """Show, load, switch and unload versions of a server's models, while it serves."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, a line a version.")
@_for_operators
def list_(server: Administration, as_json: bool) -> None:
    """Show the versions that are loaded, and which one is served."""
    versions = server.versions()
    if as_json:
        for version in versions:
            click.echo(json.dumps(version.to_dict()))
    else:
        _print(versions)


@models.command()
@VERSION
@_for_operators
def load(server: Administration, version: int) -> None:
    """Load VERSION beside what is loaded; requests go on as before."""
    server.load(version)
    click.echo(f"Version {version} is loaded.", err=True)


@models.command()
@VERSION
@_for_operators
def switch(server: Administration, version: int) -> None:
    """Serve VERSION: load it if need be, and have new requests read by it.

    Each request is read by one version from its beginning to its end; none is refused or lost. The version before stays
    loaded: to go back, switch to it; to give its memory back, unload it.
    """
    server.switch(version)
    click.echo(f"Version {version} is served.", err=True)


@models.command()
@VERSION
@_for_operators
def unload(server: Administration, version: int) -> None:
    """Unload VERSION, which is not served, once the requests that need it have been answered."""
    server.unload(version)
    click.echo(f"Version {version} is unloaded.", err=True)


def _print(versions: Sequence[LoadedVersion]) -> None:
    for version in versions:
        print_styled(f"version {version.version}  {_state(version)}")


def _state(version: LoadedVersion) -> str:
    """One word for all models, or what is different with some."""
    others = [f"{name} {state}" for name, state in sorted(version.states.items()) if state != READY]
    if others:
        return click.style(", ".join(others), fg="red")
    return click.style("served", fg="green") if version.serving else "loaded"
