"""`make overload`: far more clients than the server can serve, for as long as you like, and whether it holds.

An embedded server is started; many clients ask at once, and before and afterwards a few, who show how much it does at
its best. What they got, and what the server is like before and afterwards, is printed as a table. Status 1: a bound
does not hold.
"""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import psutil
from tabulate import tabulate

from ocr_client import OcrClient
from ocr_launch.machine import SHARED_MEMORY
from server.triton import TritonServer
from tests.project import MODEL_REPOSITORY, SAMPLES
from tests.reliability.load import Outcomes, load

IMAGES = tuple(SAMPLES / name for name in ("receipt.png", "label.png", "street.jpg"))
PEAK_CLIENTS = 4
MIN_GOODPUT = 0.9
# Of their time, attempts that are answered take so much at most: another one would still be possible.
ANSWERED_PART = 1 / 2
LONE_S, LONE_FACTOR = 5, 1.5
MEMORY_FACTOR = 1.1


@dataclass
class State:
    """What a server is like while nobody asks: MB of its processes and in shared memory."""

    rss_mb: float
    shm_mb: float


@dataclass(frozen=True)
class Speed:
    """How much a server reads.

    Attributes:
        images_per_s: Answers in time, a second.
        goodput: The same, where each image counts for the seconds that it takes alone: images differ, and chance has a
            say in which of them are read in time.
    """

    images_per_s: float
    goodput: float

    @classmethod
    def of(cls, loads: Sequence[Outcomes], alone_s: Mapping[bytes, float]) -> "Speed":
        """That under some loads, which lasted some time.

        Args:
            loads: What clients had.
            alone_s: What each image takes alone.
        """
        seconds = sum(load.seconds for load in loads)
        answered = sum((load.answered for load in loads), Counter[bytes]())
        worked_s = sum(alone_s[image] * count for image, count in answered.items())
        return cls(answered.total() / seconds, worked_s / seconds)


@dataclass(frozen=True)
class Result:
    """One line of the table; `holds` is None where there is no bound."""

    what: str
    value: str
    bound: str = ""
    holds: bool | None = None


def look(server: TritonServer) -> State:
    """Measure an idle server."""
    processes = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
    regions = SHARED_MEMORY.glob(f"{server.log.parent.name}*")  # named after the server's folder
    used_mb = sum(region.stat().st_blocks for region in regions) * 512 / 2**20
    rss_mb = sum(process.memory_info().rss for process in processes) / 2**20
    return State(rss_mb, used_mb)


def measure_alone_s(server: TritonServer, image: bytes) -> float:
    """Seconds that an image takes while nobody else asks."""
    with OcrClient(server.url) as client:
        return sorted(_timed(lambda: client.read(image)) for _ in range(5))[2]


def wait_for_usual_speed(server: TritonServer, image: bytes, usual_s: float, at_most_s: float = 30) -> float:
    """Seconds until a lone request is answered in about its usual time."""
    start_s = time.monotonic()
    with OcrClient(server.url) as client:
        while _timed(lambda: client.read(image)) > LONE_FACTOR * usual_s + 0.05:
            if time.monotonic() - start_s > at_most_s:
                break
    return time.monotonic() - start_s


def judge_requests(over: Outcomes, slowest_s: float) -> Iterator[Result]:
    """What became of the requests of many clients.

    Args:
        over: What they had.
        slowest_s: What an attempt that is answered may take.
    """
    p99_s = over.percentile_s("answered", 99) or float("inf")
    yield Result("requests", f"{over.requests.total()}, in {sum(map(len, over.attempts.values()))} attempts")
    for kind in ("answered", "refused"):
        yield Result(kind, str(over.requests[kind]))
    never = {kind: over.requests[kind] for kind in ("timed out", "failed")} | {"late": over.late, "wrong": over.wrong}
    for kind, count in never.items():
        yield Result(kind, str(count), "0", count == 0)
    yield Result(
        "answered attempts, p50 / p99", _percentiles(over, "answered"), f"{slowest_s:.1f} s", p99_s <= slowest_s
    )
    yield Result("refused attempts, p50 / p99", _percentiles(over, "refused"))
    yield Result("attempts that timed out, p50 / p99", _percentiles(over, "timed out"))


def judge_speed(best: Speed, over: Speed) -> Iterator[Result]:
    """How much is read while few ask, and while many do."""
    yield Result(
        f"goodput (at {PEAK_CLIENTS} clients: {best.goodput:.2f})",
        f"{over.goodput:.2f}, {over.goodput / best.goodput:.0%}",
        f">= {MIN_GOODPUT:.0%}",
        over.goodput >= MIN_GOODPUT * best.goodput,
    )
    yield Result(f"images/s (at {PEAK_CLIENTS} clients: {best.images_per_s:.2f})", f"{over.images_per_s:.2f}")


def judge_server(before: State, after: State, recovery_s: float) -> Iterator[Result]:
    """How it is when all have gone.

    Args:
        before: How it was before the many came.
        after: How it is.
        recovery_s: How long it took until a lone request had its usual speed.
    """
    yield Result("usual speed again after", f"{recovery_s:.1f} s", f"{LONE_S} s", recovery_s <= LONE_S)
    for what, was, now in (("RSS", before.rss_mb, after.rss_mb), ("shared memory", before.shm_mb, after.shm_mb)):
        bound_mb = was * MEMORY_FACTOR + 16
        yield Result(f"{what} before and after", f"{was:.0f} and {now:.0f} MB", f"{bound_mb:.0f} MB", now <= bound_mb)


def table(results: list[Result]) -> str:
    """In Markdown."""
    words = {None: "", True: "yes", False: "NO"}
    rows = [(result.what, result.value, result.bound, words[result.holds]) for result in results]
    return str(tabulate(rows, ["", "measured", "bound", "holds"], "github", disable_numparse=True))


def _percentiles(outcomes: Outcomes, kind: str) -> str:
    values = [outcomes.percentile_s(kind, percent) for percent in (50, 99)]
    return " / ".join("-" if value is None else f"{value:.2f} s" for value in values)


def _timed(action: Callable[[], object]) -> float:
    start_s = time.monotonic()
    action()
    return time.monotonic() - start_s


@click.command()
@click.argument("images", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--clients", default=64, show_default=True, help="Who ask at once.")
@click.option("--timeout", "timeout_s", default=10.0, show_default=True, help="Seconds, of each request.")
@click.option("--seconds", default=60.0, show_default=True, help="How long they ask.")
@click.option("--retries/--no-retries", default=True, help="Clients come back after a pause, or at once.")
def main(images: tuple[Path, ...], clients: int, timeout_s: float, seconds: float, retries: bool) -> None:
    """Overload a server with IMAGES, by default three samples."""
    contents = [path.read_bytes() for path in images or IMAGES]
    with TritonServer(MODEL_REPOSITORY) as server:
        click.echo(server.layout, err=True)
        with OcrClient(server.url) as client:
            texts = {content: client.read(content).text for content in contents}
        alone_s = {content: measure_alone_s(server, content) for content in contents}

        def best() -> Outcomes:
            return load(server.url, texts, clients=PEAK_CLIENTS, duration_s=max(10.0, seconds / 8), timeout_s=60)

        # Before and after, as a machine is not equally fast for long.
        peaks = [best()]
        click.echo(f"{PEAK_CLIENTS} clients: {peaks[0].per_s:.2f} images/s; {clients} come now", err=True)
        before = look(server)
        over = load(
            server.url, texts, clients=clients, duration_s=seconds, timeout_s=timeout_s, retries=3 if retries else 0
        )
        click.echo(f"They have gone: {over.per_s:.2f} images/s", err=True)
        recovery_s = wait_for_usual_speed(server, contents[0], alone_s[contents[0]])
        after = look(server)
        peaks.append(best())
        click.echo(f"{PEAK_CLIENTS} clients: {peaks[1].per_s:.2f} images/s", err=True)
        at_best, reached = Speed.of(peaks, alone_s), Speed.of([over], alone_s)
        results = [
            *judge_requests(over, ANSWERED_PART * timeout_s),
            *judge_speed(at_best, reached),
            *judge_server(before, after, recovery_s),
        ]
    click.echo(f"{clients} clients for {seconds:g} s, {timeout_s:g} s for each request\n\n{table(results)}")
    for kind, message in over.messages.items():
        click.echo(f"{kind}: {message}", err=True)
    sys.exit(any(result.holds is False for result in results))


if __name__ == "__main__":
    main(prog_name="python -m tests.reliability.overload")
