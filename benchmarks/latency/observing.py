"""`python -m benchmarks.latency.observing`: what it costs to be observed, by servers that take turns."""

import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

import click

from benchmarks.common import tables
from benchmarks.common.images import MIXED_SAMPLES, SAMPLES
from benchmarks.common.turns import rotated
from benchmarks.latency.before_after import Cost, Server, requests_of_a_turn
from benchmarks.layouts.sweep import read_images
from ocr_client import OcrClient, OcrError
from ocr_launch.errors import StartError
from ocr_launch.profiles import CPU
from server.triton import TritonServer

ROUNDS = 20
# Far more often than Prometheus, which asks every 15 s: an upper bound.
SCRAPE_S = 1.0
# As deploy/observe/compose.yaml has it: one request in so many is traced.
TRACE_RATE = 100
TIMEOUT_S = 60
NOTHING, METRICS, TRACES = "nothing", "metrics", "metrics, traces"
HEAD = ("observed", "images/s", "CPU ms/image", "images/s, ratio", "CPU time, ratio")

EPILOG = """\b
Three servers run all the time; in each round, each of them reads all images, and who begins changes. Metrics are
asked for once a second, and traces are exported to this process. The medians over the rounds count,
and of the ratios those of the rounds. CPU time is that of all processes of a server. Leave the machine alone meanwhile.
"""

Round = Mapping[str, Cost]
"""What was observed → what reading took."""


class Collector(ThreadingHTTPServer):
    """Takes traces by OTLP over HTTP, and forgets them; it counts them by their batches."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.batches = 0

    def flags(self, rate: int) -> list[str]:
        """Those of tritonserver that have one request in so many exported to here."""
        url = f"http://127.0.0.1:{self.server_address[1]}/v1/traces"
        settings = ("mode=opentelemetry", "level=TIMESTAMPS", f"rate={rate}", f"opentelemetry,url={url}")
        return [f"--trace-config={setting}" for setting in settings]


class _Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.batches += 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that answers inside the block."""
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever)
        thread.start()
        try:
            yield collector
        finally:
            collector.shutdown()
            thread.join()


@contextmanager
def scraping(metrics_url: str | None) -> Iterator[None]:
    """Metrics are asked for again and again inside the block; with no address, nobody asks."""
    ended = threading.Event()

    def scrape() -> None:
        while not ended.is_set():
            with urllib.request.urlopen(f"http://{metrics_url}/metrics", timeout=TIMEOUT_S) as answer:
                answer.read()
            ended.wait(SCRAPE_S)

    thread = threading.Thread(target=scrape) if metrics_url else None
    if thread:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        if thread:
            thread.join()


def measure(servers: Mapping[str, TritonServer], images: Sequence[bytes], rounds: int) -> Iterator[Round]:
    """Measure servers in turn, after a turn of each for warming up.

    Raises:
        OcrError: An image cannot be read.
    """
    with ExitStack() as clients:
        readers = {
            name: Server(server.pid, clients.enter_context(OcrClient(server.url))) for name, server in servers.items()
        }
        for number in range(-1, rounds):
            costs = {}
            for name in rotated([*readers], max(number, 0)):
                with scraping(None if name == NOTHING else servers[name].metrics_url):
                    costs[name] = readers[name].read(images)
            if number >= 0:
                yield costs


def table(rounds: Sequence[Round]) -> str:
    """The medians of each, and of the ratios to what nobody observes, in Markdown."""
    rows = []
    for name in rounds[0]:
        speeds, cpus_ms = zip(*((costs[name].images_per_s, costs[name].cpu_ms) for costs in rounds), strict=True)
        ratios = [
            (costs[name].images_per_s / costs[NOTHING].images_per_s, costs[name].cpu_ms / costs[NOTHING].cpu_ms)
            for costs in rounds
        ]
        faster, busier = (median(values) for values in zip(*ratios, strict=True))
        rows.append([name, f"{median(speeds):.2f}", f"{median(cpus_ms):.0f}", f"{faster:.3f}", f"{busier:.3f}"])
    return tables.markdown(HEAD, rows, numbers_from=1)


@click.command(epilog=EPILOG)
@click.argument("images", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--per-set", type=click.IntRange(1), default=1, show_default=True, help="Images of each labelled set.")
@click.option("--trace-rate", type=click.IntRange(1), default=TRACE_RATE, show_default=True, help="1: each request.")
@click.option("--rounds", type=click.IntRange(1), default=ROUNDS, show_default=True, help="Turns of each server.")
def main(images: tuple[Path, ...], per_set: int, trace_rate: int, rounds: int) -> None:
    """Compare throughput and CPU time of servers that nobody observes, that show metrics, and that export traces, too.

    IMAGES are files or labelled data sets; without any, three samples are read.
    """
    encoded = read_images(images or MIXED_SAMPLES, per_set)
    if (asked := (rounds + 1) * requests_of_a_turn(encoded)) < trace_rate:
        raise click.UsageError(f"of {asked} requests, not one in {trace_rate} is traced: take more --rounds")
    try:
        with collecting() as collector, ExitStack() as stack:
            flags = {NOTHING: ["--allow-metrics=false"], METRICS: [], TRACES: collector.flags(trace_rate)}
            servers = {
                name: stack.enter_context(
                    TritonServer(SAMPLES.parent / "model_repository", profile=CPU, options=options)
                )
                for name, options in flags.items()
            }
            with click.progressbar(
                measure(servers, encoded, rounds), length=rounds, label="rounds", file=sys.stderr
            ) as measured:
                click.echo(table(list(measured)))
            if not collector.batches:
                raise click.ClickException("no traces were exported: the last row is no measurement")
    except (OcrError, StartError) as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.latency.observing")
