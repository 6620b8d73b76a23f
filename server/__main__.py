"""Command line of the embedded server."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from downloads import DownloadError
from ocr_launch import control, machine, profiles
from ocr_launch.errors import StartError
from server.triton import TritonServer

ROOT = Path(__file__).parent.parent
HOW_TO_CALL = """\
Triton is ready: http://{url} (gRPC {grpc_url}, metrics {metrics_url}/metrics; log {log})

In another terminal, in {folder}:

  {programs}/ocr read --url {url} samples/label.png

  bash examples/read.sh samples/label.png {url}

  curl -s --data-binary @samples/label.png -H 'Inference-Header-Content-Length: 0' \\
      http://{url}/v2/models/ocr_ensemble/infer | grep -aoE '[[:print:]]{{3,}}'

  {programs}/python -c 'from ocr_client import OcrClient; print(OcrClient("{url}").read("samples/label.png").text)'

Stop it with Ctrl-C."""


@click.command(context_settings={"ignore_unknown_options": False})
@click.option(
    "--model-repository",
    default=str(ROOT / "model_repository"),
    metavar="FOLDER|ADDRESS",
    help="The exported models: a folder, or s3://…, gs://… or as://… with configurations that are left as they are. "
    "[default: the project's model_repository]",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option("--http-port", default=8000, show_default=True, help="0 picks a free one.")
@click.option("--grpc-port", default=8001, show_default=True, help="0 picks a free one.")
@click.option("--metrics-port", default=8002, show_default=True, help="0 picks a free one.")
@click.option("--log", type=click.Path(path_type=Path, dir_okay=False), help="File for the server's messages.")
@click.option(
    "--profile",
    type=click.Choice(profiles.PROFILES),
    default=profiles.AUTO,
    show_default=True,
    help="Which configurations to take: for CPUs, for a GPU, or for TensorRT on a GPU. auto takes gpu if ONNX "
    "Runtime can use a GPU, else cpu. Instances and threads follow the number of cores. configured takes every "
    "config.pbtxt as it is.",
)
@click.option(
    "--version",
    type=click.IntRange(min=1),
    metavar="N",
    help="Version of the models to start with.  [default: the newest]",
)
@click.option(
    "--model-control",
    type=click.Choice(control.MODES),
    default=control.EXPLICIT,
    show_default=True,
    help="Who says which models are loaded: callers with the server's key, through the repository API (explicit); "
    "files, when they change (poll); nobody, until the server is started anew (none).",
)
@click.option(
    "--triton-option",
    "options",
    multiple=True,
    help="One more flag for tritonserver, such as --log-verbose=1; may be repeated.",
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def main(
    model_repository: str,
    host: str,
    http_port: int,
    grpc_port: int,
    metrics_port: int,
    log: Path | None,
    profile: str,
    version: int | None,
    model_control: str,
    options: tuple[str, ...],
    command: tuple[str, ...],
) -> None:
    """Start Triton with the OCR models, without Docker.

    With a COMMAND after `--`, run it against the server, stop the server and pass on the command's exit status. The
    command finds the server's addresses in OCR_URL (HTTP) and OCR_GRPC_URL:

    \b
        python -m server --http-port 0 --grpc-port 0 --metrics-port 0 -- ocr read photo.jpg

    Without one, serve until Ctrl-C.
    """  # noqa: D301 - \b is click's
    if command and not shutil.which(command[0]):
        raise click.ClickException(f"cannot run {command[0]}: there is no such program")
    signal.signal(signal.SIGTERM, _exit_in_order)
    server = TritonServer(
        model_repository,
        host=host,
        http_port=http_port,
        grpc_port=grpc_port,
        metrics_port=metrics_port,
        log=log,
        profile=profile,
        version=version,
        control_mode=model_control,
        options=options,
    )
    if shortage := machine.shared_memory_shortage():
        click.echo(f"Warning: {shortage}", err=True)
    click.echo("Starting Triton ...", err=True)
    try:
        with server:
            click.echo(server.layout, err=True)
            sys.exit(_run(command, server) if command else _serve(server))
    except (StartError, DownloadError) as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)
        sys.exit(128 + signal.SIGINT if command else 0)


def how_to_call(addresses: Mapping[str, object]) -> str:
    """What `make serve` prints: commands that work as they stand, in this project's folder.

    Args:
        addresses: `url`, `grpc_url`, `metrics_url` and `log`.
    """
    programs = Path(sys.executable).parent
    if programs.is_relative_to(ROOT):
        programs = programs.relative_to(ROOT)
    return HOW_TO_CALL.format(**addresses, programs=shlex.quote(str(programs)), folder=ROOT)


def _serve(server: TritonServer) -> int:
    click.echo(how_to_call(vars(server)))
    try:
        server.wait()
    except KeyboardInterrupt:
        click.echo("Stopping when open connections are answered and closed; Ctrl-C again stops at once.", err=True)
        raise
    click.echo(f"Triton cannot be kept running; its messages are in {server.log}", err=True)
    return 1


def _run(command: tuple[str, ...], server: TritonServer) -> int:
    click.echo(f"Triton is ready at {server.url}", err=True)
    try:
        addresses = {"OCR_URL": server.url, "OCR_GRPC_URL": server.grpc_url}
        return subprocess.run(command, env={**os.environ, **addresses}, check=False).returncode  # noqa: S603 - the user's own command
    except OSError as error:
        raise click.ClickException(f"cannot run {command[0]}: {error.strerror}") from error


def _exit_in_order(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main(prog_name="python -m server")
