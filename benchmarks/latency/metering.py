"""`python -m benchmarks.latency.metering`: what it costs to count a page for Prometheus."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

import click
import numpy as np
from tritonclient.http import InferenceServerClient, InferInput

from benchmarks.common import tables
from benchmarks.common.cpu_time import SERVER, cpu_ms
from ocr_core import metrics
from ocr_launch.errors import StartError
from ocr_launch.names import ENSEMBLE
from ocr_launch.profiles import CONFIGURED
from server.triton import TritonServer

NOTES = 1000
ROUNDS = 10
TIMEOUT_S = 600
# What is noted of a page that is read: what the steps show from 0 on, but for failures.
OF_A_PAGE = len(metrics.FIRST_STEP + metrics.MIDDLE_STEP + metrics.LAST_STEP) - 3 * len(metrics.FAILURES.values)

CONFIG = """\
backend: "python"
max_batch_size: 0
input [ { name: "notes" data_type: TYPE_INT32 dims: [ 1 ] } ]
output [ { name: "noted" data_type: TYPE_INT32 dims: [ 1 ] } ]
instance_group [ { count: 1 kind: KIND_CPU } ]
"""
MODEL = """\
from ocr_core import metrics
from ocr_core.triton import Meter, answer


class TritonPythonModel:
    def initialize(self, args):
        self.meter = Meter(args, metrics.LAST_STEP)

    def execute(self, requests):
        return answer(requests, self.note, self.meter)

    def note(self, request, notes):
        for number in range(int(notes[0])):
            metrics.note(metrics.LINES_READ, number)
        return {"noted": notes}
"""

EPILOG = """\b
A server with one small model is asked to note much and to note nothing, in turn. CPU time is the processes' own, so it
hardly depends on other work of this machine; the medians over the rounds count.
"""


def measure(server: TritonServer, rounds: int) -> Iterator[tuple[float, float]]:
    """CPU time of one note in each round, microseconds: of the step's process, and of tritonserver."""
    with InferenceServerClient(server.own_url, network_timeout=TIMEOUT_S) as client:
        _cost(server, client, NOTES)  # warm-up
        for _ in range(rounds):
            much, nothing = (np.array(_cost(server, client, notes)) for notes in (NOTES, 0))
            step, triton = (much - nothing) / NOTES
            yield float(step), float(triton)


def _cost(server: TritonServer, client: InferenceServerClient, notes: int) -> tuple[float, float]:
    """CPU time of a request, microseconds: of the step's process, and of tritonserver."""
    tensor = InferInput("notes", [1], "INT32")
    tensor.set_data_from_numpy(np.array([notes], np.int32))
    before_ms = cpu_ms(server.pid)
    client.infer(ENSEMBLE, [tensor])
    after_ms = cpu_ms(server.pid)
    step, triton = ((after_ms[name] - before_ms[name]) * 1e3 for name in (ENSEMBLE, SERVER))
    return step, triton


def table(rounds: Sequence[tuple[float, float]]) -> str:
    """The medians for a note, and what they make for a page, in Markdown."""
    step_us, triton_us = (median(costs) for costs in zip(*rounds, strict=True))
    cells = [f"{step_us:.0f}", f"{triton_us:.0f}", str(OF_A_PAGE), f"{(step_us + triton_us) * OF_A_PAGE / 1e3:.2f}"]
    head = ("step, CPU µs/note", "tritonserver, CPU µs/note", "notes/page", "CPU ms/page")
    return tables.markdown(head, [cells], numbers_from=0)


@click.command(epilog=EPILOG)
@click.option(
    "--rounds", type=click.IntRange(1), default=ROUNDS, show_default=True, help="How often each is asked for."
)
def main(rounds: int) -> None:
    """Print the CPU time that the metrics of the Python steps take, for a note and for a page."""
    with tempfile.TemporaryDirectory(prefix="ocr-metering-") as folder:
        version = Path(folder) / ENSEMBLE / "1"
        version.mkdir(parents=True)
        (version.parent / "config.pbtxt").write_text(CONFIG, encoding="utf-8")
        (version / "model.py").write_text(MODEL, encoding="utf-8")
        try:
            with TritonServer(
                Path(folder), profile=CONFIGURED, options=(f"--load-model={ENSEMBLE}",), start_timeout_s=TIMEOUT_S
            ) as server:
                click.echo(table(list(measure(server, rounds))))
        except StartError as error:
            raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.latency.metering")
