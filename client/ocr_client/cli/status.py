"""`ocr status`: whether there is a server, whether it can read images, and if not, why."""

import json
from collections.abc import Sequence

import click

from ocr_client.address import Address
from ocr_client.cli.connection import Connect, connection_options
from ocr_client.cli.probe import Probe, send_probe
from ocr_client.cli.terminal import print_styled
from ocr_client.errors import OcrError
from ocr_client.server_info import READY, ModelInfo, ServerInfo
from ocr_client.supervision import Supervision, find

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
    """Show the server, its models and their devices, what it has refused, and what is wrong.

    Of a server on this machine, it shows what its launcher knows, too: which process is being brought back, how many
    images are in the server, and how many were refused and why.

    If the server is ready, it gets small images: two for each instance of the model that has most instances, but at
    least 8 and at most 64. Of several servers, each is shown.
    """
    are_well = [_show(connect, address, as_json) for address in ctx.params["addresses"]]
    ctx.exit(0 if all(are_well) else 1)


def _show(connect: Connect, address: Address, as_json: bool) -> bool:
    """Print what there is to say of a server; whether nothing is wrong with it."""
    with connect(addresses=[address]) as client:
        try:
            info = client.server_info()
        except OcrError as error:
            _show_missing(address, error, as_json)
            return False
        probe = send_probe(client, info.most_instances) if info.ready else Probe(0, (), ())
        supervision = find(address)
    problems = [*info.problems, *probe.problems, *(supervision.problems if supervision else ())]
    if as_json:
        known_fields = supervision.to_dict() if supervision else None
        fields = {**info.to_dict(), "supervision": known_fields, "probe": probe.to_dict(), "problems": problems}
        click.echo(json.dumps(fields, ensure_ascii=False))
    else:
        _print(info, supervision, problems, probe)
    return not problems


def _show_missing(address: Address, error: OcrError, as_json: bool) -> None:
    supervision = find(address)
    problem = "; ".join([str(error), *(supervision.problems if supervision else ())])
    if as_json:
        click.echo(json.dumps({"url": str(address), "ready": False, "problems": [problem]}, ensure_ascii=False))
    click.ClickException(problem).show()


def _print(info: ServerInfo, supervision: Supervision | None, problems: Sequence[str], probe: Probe) -> None:
    state = click.style("ready", fg="green") if info.ready else click.style("not ready", fg="red")
    print_styled(f"{info.url}  {info.name} {info.version}  {state}")
    for model in info.models:
        print_styled(_row(model))
    if not info.models:
        print_styled(
            "  The server does not list its models for everyone: the image, started with OCR_ADMIN_KEY=KEY, does "
            "for --header 'ocr-admin-key: KEY'."
        )
    if info.answered is not None:
        print_styled(f"{info.answered} images were read, {info.unanswered} were not.")
    if supervision:
        print_styled(f"On this machine: {supervision}.")
    if info.ready and not problems:
        print_styled(str(probe))
    for problem in problems:
        print_styled(f"{click.style('!', fg='red')} {problem}")


def _row(model: ModelInfo) -> str:
    state = model.state.ljust(11)
    coloured = state if model.state == READY else click.style(state, fg="red")
    return f"  {model.name:<20} {model.version:>3}  {coloured} {model.backend:<12} {', '.join(model.devices)}".rstrip()
