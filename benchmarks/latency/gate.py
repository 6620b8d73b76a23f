"""`python -m benchmarks.latency.gate`: what the embedded server's gate costs a request."""

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import click
import psutil

from benchmarks.common.images import SAMPLES
from ocr_client import OcrClient
from ocr_launch.errors import StartError
from ocr_launch.profiles import CPU
from server.triton import TritonServer

COLUMNS = ("protocol", "image", "kB", "direct, ms", "through the gate, ms", "ratio", "gate's CPU time, ms")
IMAGES = ("label.png", "receipt.png")

EPILOG = """\b
Each image goes through the gate and straight to Triton in turn. The median of the ratios counts, as other work of this
machine slows both; the gate's CPU time is its process's own.
"""


@click.command(epilog=EPILOG)
@click.option("--rounds", default=40, show_default=True, help="How often each image is sent each way.")
def main(rounds: int) -> None:
    """Print a table: latency through the gate over latency without it, and the gate's CPU time for a request."""
    try:
        with TritonServer(SAMPLES.parent / "model_repository", profile=CPU) as server:
            print(f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|", sep="\n")
            for row in _rows(server, rounds):
                print(row, flush=True)
    except StartError as error:
        raise click.ClickException(str(error)) from error


def _rows(server: TritonServer, rounds: int) -> Iterator[str]:
    gate = psutil.Process(server.gate_pid)
    for protocol, door, own in (
        ("HTTP", server.url, server.own_url),
        ("gRPC", f"grpc://{server.grpc_url}", f"grpc://{server.own_grpc_url}"),
    ):
        with OcrClient(door) as through, OcrClient(own) as direct:
            for name in IMAGES:
                yield f"| {protocol} {_row(SAMPLES / name, through, direct, gate, rounds)}"


def _row(image: Path, through: OcrClient, direct: OcrClient, gate: psutil.Process, rounds: int) -> str:
    content = image.read_bytes()
    _seconds(through, content), _seconds(direct, content)  # warm-up
    before = sum(gate.cpu_times()[:2])
    pairs = [(_seconds(direct, content), _seconds(through, content)) for _ in range(rounds)]
    cpu_ms = (sum(gate.cpu_times()[:2]) - before) / rounds * 1e3
    without_ms, with_ms = (median(times) * 1e3 for times in zip(*pairs, strict=True))
    ratio = median(second / first for first, second in pairs)
    kilobytes = len(content) / 1e3
    return f"| {image.name} | {kilobytes:.0f} | {without_ms:.0f} | {with_ms:.0f} | {ratio:.3f} | {cpu_ms:.1f} |"


def _seconds(client: OcrClient, content: bytes) -> float:
    start_s = time.perf_counter()
    client.read(content)
    return time.perf_counter() - start_s


if __name__ == "__main__":
    main()
