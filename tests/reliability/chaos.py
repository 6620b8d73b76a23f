"""`make chaos`: kill and stop every process of a server under load, check every answer, and tell how long it lasted."""

import itertools
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Protocol

import click

from ocr_client import OcrClient
from ocr_launch import processes
from ocr_launch.gate import GATE
from ocr_launch.run_state import SERVING, RunState
from server.triton import TritonServer
from tests.project import MODEL_REPOSITORY, SAMPLES
from tests.reliability.answers import ERROR, RIGHT, WRONG, Answer, Load
from tests.reliability.contained import ContainedServer, contained
from tests.reliability.senders import urls

IMAGE = SAMPLES / "label.png"
CLIENTS = 4
TRITONSERVER = "tritonserver"
MODELS = ("image_preprocessing", "text_detection", "text_cropping", "ctc_decoding", "text_recognition")
PROCESSES = (*MODELS, GATE, TRITONSERVER)
SIGNALS = {"killed": signal.SIGKILL, "stopped": signal.SIGSTOP}
# Longest time until all requests are answered again.
BOUND_S, SERVER_BOUND_S = 10.0, 20.0
GIVE_UP_S = 60.0
# So many right answers in a row, and all is well: more than any model has processes.
ROW = 10
# Between two faults, so that the supervisor does not take them for one that does not end.
PAUSE_S = 13.0
POLL_S = 0.05


class Server(Protocol):
    """A server that is kept running, here or in a container."""

    @property
    def pid(self) -> int:
        """Of the tritonserver that runs now."""

    @property
    def gate_pid(self) -> int:
        """Of the gate; 0 without one."""

    @property
    def state(self) -> RunState:
        """What its supervisor knows."""


@dataclass(frozen=True)
class Fault:
    """What came of one process that was killed or stopped.

    Attributes:
        process: What it runs.
        what: `killed` or `stopped`.
        outage_s: Until the last request that was not answered, or the first right answer if all were.
        silence_s: Longest time without a right answer.
        errors: Requests that were not answered.
        wrong: Requests that were answered with another text.
    """

    process: str
    what: str
    outage_s: float
    silence_s: float
    errors: int
    wrong: int

    @property
    def is_bearable(self) -> bool:
        """No answer was wrong, and it was over in time."""
        bound_s = SERVER_BOUND_S if self.process == TRITONSERVER else BOUND_S
        return self.wrong == 0 and self.outage_s < bound_s


def inflict(server: Server, load: Load, process: str, what: str) -> Fault:
    """Harm one process, and wait until the server answers again as before.

    Raises:
        TimeoutError: It does not.
    """
    restarts = server.state.restarts
    # The last one: of a model that was loaded anew, processes of before may live on.
    *_, victim = (pid for name, pid in _victims(server) if name == process)
    start_s = time.monotonic()
    os.kill(victim, SIGNALS[what])
    _wait_until(
        lambda: server.state.restarts > restarts and server.state.state == SERVING and _is_well(load, start_s),
        lambda: f"{process} (process {victim}) was {what}, and after {GIVE_UP_S:.0f} s: {server.state}",
    )
    return summarize(process, what, start_s, load.since(start_s))


def wait_until_well(load: Load, since_s: float) -> None:
    """Wait until all requests are answered.

    Raises:
        TimeoutError: They are not.
    """
    _wait_until(lambda: _is_well(load, since_s), lambda: f"the last answers were {load.since(since_s)[-ROW:]}")


def _wait_until(is_so: Callable[[], bool], trouble: Callable[[], str]) -> None:
    give_up_s = time.monotonic() + GIVE_UP_S
    while not is_so():
        if time.monotonic() > give_up_s:
            raise TimeoutError(trouble())
        time.sleep(POLL_S)


def summarize(process: str, what: str, start_s: float, answers: Sequence[Answer]) -> Fault:
    """What the answers since a fault tell."""
    right_s = [start_s, *(answer.end_s for answer in answers if answer.outcome == RIGHT)]
    failed_s = [answer.end_s for answer in answers if answer.outcome != RIGHT]
    return Fault(
        process,
        what,
        outage_s=max((*failed_s, right_s[1])) - start_s,
        silence_s=max(after - before for before, after in itertools.pairwise(right_s)),
        errors=sum(answer.outcome == ERROR for answer in answers),
        wrong=sum(answer.outcome == WRONG for answer in answers),
    )


def table(faults: Sequence[Fault]) -> Iterator[str]:
    """A row for each process and what was done to it."""
    yield "| process | what | times | outage, median | longest outage | longest silence | errors | wrong |"
    yield "|---|---|---|---|---|---|---|---|"
    for process, what in dict.fromkeys((fault.process, fault.what) for fault in faults):
        group = [fault for fault in faults if (fault.process, fault.what) == (process, what)]
        outages_s = [fault.outage_s for fault in group]
        errors, wrong = sum(fault.errors for fault in group), sum(fault.wrong for fault in group)
        yield (
            f"| {process} | {what} | {len(group)} | {median(outages_s):.1f} s | {max(outages_s):.1f} s | "
            f"{max(fault.silence_s for fault in group):.1f} s | {errors} | {wrong} |"
        )


@click.command()
@click.option("--kills", default=20, show_default=True, help="How often each process is killed.")
@click.option("--stops", default=5, show_default=True, help="How often each process is stopped.")
@click.option("--clients", default=CLIENTS, show_default=True, help="How many send images meanwhile.")
@click.option("--process", "only", multiple=True, type=click.Choice(PROCESSES), help="Only this one.")
@click.option("--image", "in_image", is_flag=True, help="Of a container of the production image, built before.")
def main(kills: int, stops: int, clients: int, only: tuple[str, ...], in_image: bool) -> None:
    """Harm every process of an embedded server, print what came of it, and exit with 1 if that is too much."""
    faults: list[Fault] = []
    try:
        with start(in_image=in_image) as server:
            with OcrClient(server.url) as client:
                text = client.read(IMAGE).text
            for process, what in _plan(server, {"killed": kills, "stopped": stops}, only):
                with Load(urls(server), IMAGE, text, clients) as load:
                    wait_until_well(load, time.monotonic())
                    faults.append(inflict(server, load, process, what))
                click.echo(f"{len(faults)}: {faults[-1]}", err=True)
                time.sleep(PAUSE_S)
    except TimeoutError as error:
        raise click.ClickException(str(error)) from error
    finally:
        print("\n".join(table(faults)))
    sys.exit(0 if all(fault.is_bearable for fault in faults) else 1)


def _plan(server: Server, times: Mapping[str, int], only: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What is done to which process, in turns; with Triton's native ONNX backend, its models have none of their own."""
    found = [name for name, _ in _victims(server)]
    names = [name for name in PROCESSES if name in found and (not only or name in only)]
    for what, count in times.items():
        for _ in range(count):
            yield from ((name, what) for name in names)


def _victims(server: Server) -> Iterator[tuple[str, int]]:
    """The server's processes by what they run, and their numbers."""
    yield from ((process.model or TRITONSERVER, process.handle.pid) for process in processes.find(server.pid))
    if server.gate_pid:
        yield GATE, server.gate_pid


@contextmanager
def start(*, in_image: bool) -> Iterator[TritonServer | ContainedServer]:
    """The server that is to be harmed."""
    if not in_image:
        with TritonServer(MODEL_REPOSITORY, stop_timeout_s=10) as server:
            yield server
        return
    with tempfile.TemporaryDirectory() as folder, contained(Path(folder) / "log") as server_in_container:
        yield server_in_container


def _is_well(load: Load, start_s: float) -> bool:
    last = load.since(start_s)[-ROW:]
    return len(last) == ROW and all(answer.outcome == RIGHT for answer in last)


if __name__ == "__main__":
    main()
