"""`python -m benchmarks.latency.breakdown`: where the time of a request goes, part by part, image by image."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

import click

from benchmarks.baselines import results
from benchmarks.common import cpu_time as processes
from benchmarks.common import options, plots
from benchmarks.common import server_statistics as statistics
from benchmarks.latency.growth import SAMPLES, enlarged
from benchmarks.latency.parts import PARTS, Parts
from benchmarks.upper_bound.__main__ import Limit
from ocr_client import OcrClient, OcrError
from ocr_core.errors import NotExported
from server.errors import StartError
from server.layout import CPU
from server.triton import TritonServer

ENSEMBLE, RECOGNIZER = "ocr_ensemble", "text_recognition"
PROCESSES = (processes.SERVER, *PARTS, RECOGNIZER)
# Very much text, much, hardly any; and the last as large as a telephone's photo.
KINDS = {"table": "table.png", "receipt": "receipt.png", "street": "street.jpg"}
PHOTO_MEGAPIXELS = 12
# The kernel counts CPU time in steps of 10 ms: of so many requests together they no longer matter.
REPEATS = 10
WARM_UPS = 3

# What a server adds to the parts, in the order of a request.
HOPS = {
    "hop: client, HTTP": "the client's time without the server's, by its own clock",
    "hop: waiting": "for an instance of a step",
    "hop: between steps": "scheduling, and copies of tensors into and out of the memory shared with a step's process",
    **{f"hop: {step}": f"in the step, beyond {' + '.join(parts)}" for step, parts in PARTS.items()},
}

Times = dict[str, float]


@dataclass(frozen=True, slots=True)
class Account:
    """Where the time of one image's requests goes; medians over some of them, milliseconds.

    Attributes:
        image: What it is called.
        lines: That were read.
        calls: Of the recognizer.
        request_ms: From sending to the answer; the two below add up to it, but for rounding and medians.
        parts_ms: The parts in one process, without a server.
        hops_ms: What the server adds.
        cpu_ms: CPU time of the server's processes, whose cores work side by side: more than the time that passes.
    """

    image: str
    lines: int
    calls: int
    request_ms: float
    parts_ms: Times
    hops_ms: Times
    cpu_ms: Times


def hops(request_ms: float, work: statistics.Statistics, parts_ms: Mapping[str, float]) -> Times:
    """What a server added to one request.

    Args:
        request_ms: From sending to the answer.
        work: What the models did for it.
        parts_ms: The parts in one process; where a part took longer there than in the server, a hop is negative.
    """
    steps = [work[step] for step in PARTS]
    added_ms = (
        request_ms - work[ENSEMBLE].total_ms,
        sum(step.queue_ms for step in steps),
        work[ENSEMBLE].total_ms - sum(step.queue_ms + step.infer_ms for step in steps),
        *(work[step].infer_ms - sum(parts_ms[part] for part in parts) for step, parts in PARTS.items()),
    )
    return dict(zip(HOPS, added_ms, strict=True))


class Bookkeeper:
    """Sends images to a server, one at a time, and in turn with that does their parts without it."""

    def __init__(self, server: TritonServer, client: OcrClient, parts: Parts) -> None:
        self._server, self._client, self._parts = server, client, parts

    def account(self, name: str, encoded: bytes, repeats: int) -> Account:
        """Account for one image.

        Raises:
            OcrError: It cannot be read.
        """
        for _ in range(WARM_UPS):
            lines = len(self._client.read(encoded).lines)
            self._parts.measure(encoded)
        before_ms = processes.cpu_ms(self._server.pid)
        requests_ms, parts_ms, hops_ms, calls = zip(*(self._once(encoded) for _ in range(repeats)), strict=True)
        after_ms = processes.cpu_ms(self._server.pid)
        return Account(
            image=name,
            lines=lines,
            calls=calls[0],
            request_ms=median(requests_ms),
            parts_ms=medians(parts_ms),
            hops_ms=medians(hops_ms),
            cpu_ms={name: (after_ms[name] - before_ms[name]) / repeats for name in PROCESSES},
        )

    def _once(self, encoded: bytes) -> tuple[float, Times, Times, int]:
        before = statistics.read(self._server.url)
        start_s = perf_counter()
        self._client.read(encoded)
        request_ms = (perf_counter() - start_s) * 1000
        work = statistics.between(before, statistics.read(self._server.url))
        parts_ms = self._parts.measure(encoded)
        return request_ms, parts_ms, hops(request_ms, work, parts_ms), work[RECOGNIZER].calls


def medians(times: Sequence[Times]) -> Times:
    """The median of each time.

    >>> medians([{"decode": 3.0}, {"decode": 4.0}, {"decode": 9.0}])
    {'decode': 4.0}
    """
    return {name: median(time[name] for time in times) for name in times[0]}


def table(accounts: Sequence[Account]) -> str:
    """The accounts in Markdown, a column for each image, milliseconds."""
    rows = [
        ("", [account.image for account in accounts]),
        ("---", ["---:"] * len(accounts)),
        ("lines read / calls of the recognizer", [f"{account.lines} / {account.calls}" for account in accounts]),
        *_times("", [account.parts_ms for account in accounts]),
        ("**the parts alone**", [_bold(sum(account.parts_ms.values())) for account in accounts]),
        *_times("", [account.hops_ms for account in accounts]),
        ("**a request**", [_bold(account.request_ms) for account in accounts]),
        *_times("CPU time: ", [account.cpu_ms for account in accounts]),
        ("**CPU time of all**", [_bold(sum(account.cpu_ms.values())) for account in accounts]),
    ]
    return "".join(f"| {' | '.join((name, *cells))} |\n" for name, cells in rows)


def _times(prefix: str, columns: Sequence[Times]) -> Iterator[tuple[str, list[str]]]:
    for name in columns[0]:
        yield prefix + name, [f"{column[name]:.1f}" for column in columns]


def _bold(time_ms: float) -> str:
    return f"**{time_ms:.1f}**"


def write(accounts: Sequence[Account], folder: Path) -> str:
    """Write account.csv, account.md and account.png; gives the table."""
    rows = (
        [account.image, kind, name, time_ms]
        for account in accounts
        for kind in ("parts", "hops", "cpu")
        for name, time_ms in getattr(account, f"{kind}_ms").items()
    )
    results.write_csv(("image", "kind", "name", "ms"), rows, folder / "account.csv")
    stacks = {account.image: {**account.parts_ms, **account.hops_ms} for account in accounts}
    plots.stacks(stacks, "ms per request", folder / "account.png")
    told = table(accounts)
    (folder / "account.md").write_text(f"{told}\n{results.machine()}\n", encoding="utf-8")
    return told


def chosen_images(paths: Sequence[Path]) -> dict[str, bytes]:
    """Encoded images by what they are called: those given, or a page of each kind."""
    if paths:
        return {path.name: path.read_bytes() for path in paths}
    images = {kind: (SAMPLES / name).read_bytes() for kind, name in KINDS.items()}
    return {**images, f"photo, {PHOTO_MEGAPIXELS} MP": enlarged(SAMPLES / "street.jpg", PHOTO_MEGAPIXELS)}


EPILOG = """\b
The first rows are the parts of the pipeline, timed in one process without a server: the work itself.
The hops are what the server adds to each request:
""" + "\n".join(f"  {name.removeprefix('hop: '):<22} {meaning}" for name, meaning in HOPS.items())


@click.command(epilog=EPILOG)
@click.argument("images", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--repeats", type=click.IntRange(1), default=REPEATS, show_default=True, help="Requests for each image.")
@options.model_repository
@options.output("account.md, account.csv and account.png")
def main(images: tuple[Path, ...], repeats: int, repository: Path, output: Path) -> None:
    """Tell where the time of a request goes, for IMAGES or for a table, a receipt, a street and a photo.

    A server is started for it, with the profile for CPUs, and asked for one image at a time.
    """
    encoded = chosen_images(images)
    output.mkdir(parents=True, exist_ok=True)
    try:
        with (
            TritonServer(repository.resolve(), profile=CPU) as server,
            OcrClient(server.url) as client,
            Limit(repository) as limit,
        ):
            click.echo(server.layout, err=True)
            books = Bookkeeper(server, client, Parts(limit, repository))
            with click.progressbar(encoded.items(), label="images", file=sys.stderr) as bar:
                accounts = [books.account(name, image, repeats) for name, image in bar]
    except (FileNotFoundError, NotExported, OcrError, StartError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(write(accounts, output))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.latency.breakdown")
