"""`ocr status`: whether there is a server, whether it can read images, and if not, why."""

import json
from collections.abc import Sequence

import click

from ocr_client.cli.connection import Connect, connection_options
from ocr_client.cli.probe import Probe, send_probe
from ocr_client.cli.terminal import print_styled
from ocr_client.errors import OcrError
from ocr_client.server_info import READY, ModelInfo, ServerInfo

EXAMPLES = """\b
Examples:
  ocr status
  ocr status --url grpc://gpu-box:8001 --json | jq -r '.problems[]'

\b
Exit status: 0 images can be read, 1 they cannot, 2 wrong usage.
"""


@click.command(epilog=EXAMPLES)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@connection_options
@click.pass_context
def status(ctx: click.Context, connect: Connect, as_json: bool) -> None:
    """Show the server, its models and their devices, and what is wrong.

    If the server is ready, it gets small images: two for each instance of the model that has most instances, but at
    least 8 and at most 64.
    """
    with connect() as client:
        try:
            info = client.server_info()
        except OcrError as error:
            raise click.ClickException(str(error)) from error
        probe = send_probe(client, info.most_instances) if info.ready else Probe(0, (), ())
    problems = [*info.problems, *probe.problems]
    if as_json:
        fields = {**info.to_dict(), "probe": probe.to_dict(), "problems": problems}
        click.echo(json.dumps(fields, ensure_ascii=False))
    else:
        _print(info, problems, probe)
    ctx.exit(1 if problems else 0)


def _print(info: ServerInfo, problems: Sequence[str], probe: Probe) -> None:
    state = click.style("ready", fg="green") if info.ready else click.style("not ready", fg="red")
    print_styled(f"{info.url}  {info.name} {info.version}  {state}")
    for model in info.models:
        print_styled(_row(model))
    if not info.models:
        print_styled("  The server does not list its models for everyone: --header can send an authorization.")
    if info.ready and not problems:
        print_styled(str(probe))
    for problem in problems:
        print_styled(f"{click.style('!', fg='red')} {problem}")


def _row(model: ModelInfo) -> str:
    state = model.state.ljust(11)
    coloured = state if model.state == READY else click.style(state, fg="red")
    return f"  {model.name:<20} {model.version:>3}  {coloured} {model.backend:<12} {', '.join(model.devices)}".rstrip()
