"""`ocr bench`: a quick figure of a server's speed on the user's own images."""

import json

import click

from ocr_client.cli.connection import Connect, connection_options
from ocr_client.cli.inputs import Input, expand
from ocr_client.documents import pages
from ocr_client.errors import OcrError
from ocr_client.load_generator import LoadGenerator, Speed

EXAMPLES = """\b
Examples:
  ocr bench receipt.jpg                               one request after the other, for 10 seconds
  ocr bench scans/ --concurrency 8 --duration 60      eight at a time, for a minute
  ocr bench scans/ --requests 100 --format json | jq .latency_ms.p99
  ocr bench scans/ --url grpc://localhost:8001        over gRPC

\b
Exit status: 0 every request was answered, 1 some were not, 2 wrong usage.
"""

DEFAULT_DURATION_S = 10.0


@click.command(epilog=EXAMPLES)
@click.argument("images", nargs=-1, required=True)
@click.option("--concurrency", type=click.IntRange(1), default=1, show_default=True, help="Requests under way at once.")
@click.option(
    "--duration",
    "duration_s",
    type=click.FloatRange(0, min_open=True),
    metavar="S",
    help="End after S seconds.  [default: 10, without --requests]",
)
@click.option("--requests", type=click.IntRange(1), metavar="N", help="End after N requests.")
@click.option(
    "--warm-up",
    type=click.IntRange(0),
    metavar="N",
    help="Requests before the measurement, which do not count.  [default: --concurrency]",
)
@click.option("--format", "output_format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@connection_options
@click.pass_context
def bench(
    ctx: click.Context,
    connect: Connect,
    images: tuple[str, ...],
    concurrency: int,
    duration_s: float | None,
    requests: int | None,
    warm_up: int | None,
    output_format: str,
) -> None:
    """Measure how fast a server reads IMAGES: files, folders, patterns or URLs.

    The command loads them into memory, then sends them in turn, again and again. A latency is the time from sending a
    request to its answer: the network, the server's queue and the reading. With more requests under way than the server
    can work on, the throughput stays the same and the latencies grow. With both --duration and --requests, the run ends
    when one of them is reached.
    """
    contents = [image for file in expand(images, recursive=False) for image in _images(file)]
    if duration_s is None and requests is None:
        duration_s = DEFAULT_DURATION_S
    with connect() as client:
        first_requests = concurrency if warm_up is None else warm_up
        before = LoadGenerator(client.read, contents, requests=first_requests).run(concurrency)
        if before.errors and not before.latency_ms:
            raise click.ClickException(next(iter(before.messages.values())))
        speed = LoadGenerator(client.read, contents, requests=requests, duration_s=duration_s).run(concurrency)
    click.echo(json.dumps(speed.to_dict()) if output_format == "json" else _told(speed, len(contents)))
    ctx.exit(1 if speed.errors else 0)


def _images(file: Input) -> list[bytes]:
    """The images of a file: its pages, where it has several."""
    try:
        return [page.image for page in pages(file.fetch())]
    except (OcrError, OSError, ValueError, ModuleNotFoundError) as error:
        raise click.ClickException(f"{file.name}: {error}") from error


def _told(speed: Speed, images: int) -> str:
    percentiles = "  ".join(f"{name} {value_ms:.0f}" for name, value_ms in speed.latency_ms.items())
    sent = f"{speed.requests} requests in {speed.seconds:.1f} s, {images} different image{'s' * (images != 1)}"
    lines = [
        f"{speed.images_per_s:.2f} images/s, {speed.concurrency} at once: {sent}",
        f"latency in ms: {percentiles or 'nothing was read'}",
    ]
    lines += [f"{count} × {kind}: {speed.messages[kind]}" for kind, count in speed.errors.items()]
    return "\n".join(lines)
