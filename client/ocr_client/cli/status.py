"""`ocr status`: is there a server, is it well, and if not, why."""

import json
import time
from collections.abc import Sequence

import click
from PIL import Image, ImageDraw, ImageFont

from ocr_client.cli.connection import Connect, connection_options
from ocr_client.cli.terminal import print_styled
from ocr_client.client import OcrClient
from ocr_client.errors import OcrError
from ocr_client.server_info import READY, ModelInfo, ServerInfo

EXAMPLES = """\b
Examples:
  ocr status
  ocr status --url grpc://gpu-box:8001 --json | jq -r '.problems[]'

\b
Exit status: 0 images can be read, 1 they cannot, 2 wrong usage.
"""
# An instance whose process has died still calls itself ready, and fails every request that comes its way: ask often
# enough for each to have its turn.
PROBES = 8


@click.command(epilog=EXAMPLES)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@connection_options
@click.pass_context
def status(ctx: click.Context, connect: Connect, as_json: bool) -> None:
    """Show the server, its models and their devices, and what is wrong.

    Its word is checked: a small image with a word on it is read several times.
    """
    with connect() as client:
        try:
            info = client.server_info()
        except OcrError as error:
            raise click.ClickException(str(error)) from error
        fastest_s, failures = _probe(client) if info.ready else (0.0, [])
    problems = [*info.problems, *_unread(failures)]
    if as_json:
        click.echo(json.dumps({**info.to_dict(), "problems": problems}, ensure_ascii=False))
    else:
        _print(info, problems, fastest_s)
    ctx.exit(1 if problems else 0)


def _probe(client: OcrClient) -> tuple[float, list[OcrError]]:
    """Read a small image several times: the shortest time in seconds, and what went wrong."""
    image = Image.new("RGB", (160, 48), "white")
    ImageDraw.Draw(image).text((16, 8), "OCR 123", "black", ImageFont.load_default(28))
    times_s, failures = [], []
    for _ in range(PROBES):
        start_s = time.perf_counter()
        try:
            client.read(image)
        except OcrError as error:
            failures.append(error)
        times_s.append(time.perf_counter() - start_s)
    return min(times_s), failures


def _unread(failures: Sequence[OcrError]) -> list[str]:
    if not failures:
        return []
    return [f"{len(failures)} of {PROBES} test images were not read ({failures[0]}): restart the server if this lasts"]


def _print(info: ServerInfo, problems: Sequence[str], fastest_s: float) -> None:
    state = click.style("ready", fg="green") if info.ready else click.style("not ready", fg="red")
    print_styled(f"{info.url}  {info.name} {info.version}  {state}")
    for model in info.models:
        print_styled(_row(model))
    if not info.models:
        print_styled("  The server shows its models only to those who may see them: see --header.")
    if info.ready and not problems:
        print_styled(f"A small image is read in {1000 * fastest_s:.0f} ms.")
    for problem in problems:
        print_styled(f"{click.style('!', fg='red')} {problem}")


def _row(model: ModelInfo) -> str:
    state = model.state.ljust(11)
    coloured = state if model.state == READY else click.style(state, fg="red")
    return f"  {model.name:<20} {model.version:>3}  {coloured} {model.backend:<12} {', '.join(model.devices)}".rstrip()
