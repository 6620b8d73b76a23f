"""`python -m benchmarks.latency.breakdown`: where the time of a request goes, part by part, image by image."""

import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

import click

from benchmarks.common import cpu_time, options, plots, results, server_statistics, tables
from benchmarks.common.images import SAMPLES, enlarged
from benchmarks.latency.overhead import OVERHEADS, Times, overheads
from benchmarks.latency.parts import Parts
from benchmarks.upper_bound.models_alone import ModelsAlone
from ocr_client import OcrClient, OcrError
from ocr_core.errors import NotExported
from ocr_launch.errors import StartError
from ocr_launch.gate import GATE
from ocr_launch.profiles import CPU
from ocr_launch.repository import Repository
from server.triton import TritonServer

# Very much text, much, hardly any; and the last as large as a telephone's photo.
KINDS = {"table": "table.png", "receipt": "receipt.png", "street": "street.jpg"}
PHOTO_MEGAPIXELS = 12
# The medians of so many requests, and the mean of their CPU time, hold on a machine that does nothing else.
REPEATS = 10
WARM_UPS = 3
# So long nothing is asked for, to see what the processes use then.
IDLE_S = 5


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Where the time of one image's requests goes; medians over some of them, milliseconds.

    Attributes:
        image: What it is called.
        lines: That were read.
        calls: Of the recognizer.
        request_ms: From sending to the answer; the two below add up to it, but for rounding and medians.
        parts_ms: The parts in one process, without a server.
        overheads_ms: What the server adds.
        cpu_ms: CPU time of the server's processes beyond what they use idle. Cores work side by side: this is more than
            the time that passes.
        networks: Those of them that run a network.
    """

    image: str
    lines: int
    calls: int
    request_ms: float
    parts_ms: Times
    overheads_ms: Times
    cpu_ms: Times
    networks: Collection[str]

    @property
    def own_cpu_ms(self) -> float:
        """CPU time outside the networks."""
        return sum(used_ms for name, used_ms in self.cpu_ms.items() if name not in self.networks)


class Measurer:
    """Sends images to a server, one at a time, and in turn with that does their parts without it."""

    def __init__(self, server: TritonServer, client: OcrClient, parts: Parts, repository: Repository) -> None:
        self._server, self._client, self._parts, self._repository = server, client, parts, repository

    def measure(self, name: str, encoded: bytes, repeats: int) -> Breakdown:
        """Break the latency of one image down.

        Raises:
            OcrError: It cannot be read.
        """
        for _ in range(WARM_UPS):
            lines = len(self._client.read(encoded).lines)
            self._parts.measure(encoded)
        requests_ms, parts_ms, overheads_ms, calls = zip(*(self._once(encoded) for _ in range(repeats)), strict=True)
        # Apart from the above, which asks the server for its statistics, too.
        idle_ms, idle_s = self._used_ms(lambda: sleep(IDLE_S))
        used_ms, seconds = self._used_ms(lambda: [self._client.read(encoded) for _ in range(repeats)])
        return Breakdown(
            image=name,
            lines=lines,
            calls=calls[0],
            request_ms=median(requests_ms),
            parts_ms=medians(parts_ms),
            overheads_ms=medians(overheads_ms),
            cpu_ms={name: (used - idle_ms[name] * seconds / idle_s) / repeats for name, used in used_ms.items()},
            networks=self._repository.onnx_models,
        )

    def _used_ms(self, work: Callable[[], object]) -> tuple[Times, float]:
        """The CPU time that each process uses meanwhile, and how many seconds that is."""
        before_ms, start_s = self._cpu_ms(), perf_counter()
        work()
        seconds = perf_counter() - start_s
        return cpu_time.between(before_ms, self._cpu_ms()), seconds

    def _cpu_ms(self) -> Times:
        """The CPU time of each process that a request passes through, the networks' last."""
        used_ms = cpu_time.cpu_ms(self._server.pid, self._server.gate_pid)
        around = [name for name in self._repository.steps if name not in self._repository.onnx_models]
        names = (GATE, cpu_time.SERVER, cpu_time.DECODER, *around, *sorted(self._repository.onnx_models))
        return {name: used_ms[name] for name in names}

    def _once(self, encoded: bytes) -> tuple[float, Times, Times, int]:
        before = server_statistics.read(self._server.url)
        start_s = perf_counter()
        self._client.read(encoded)
        request_ms = (perf_counter() - start_s) * 1000
        work = server_statistics.between(before, server_statistics.read(self._server.url))
        parts_ms = self._parts.measure(encoded)
        return request_ms, parts_ms, overheads(request_ms, work, parts_ms), work[self._repository.recognizer].calls


def medians(times: Sequence[Times]) -> Times:
    """The median of each time.

    >>> medians([{"decode": 3.0}, {"decode": 4.0}, {"decode": 9.0}])
    {'decode': 4.0}
    """
    return {name: median(time[name] for time in times) for name in times[0]}


def table(breakdowns: Sequence[Breakdown]) -> str:
    """The breakdowns in Markdown, a column for each image, milliseconds."""
    counts = [f"{image.lines} / {image.calls}" for image in breakdowns]
    rows = [
        ["lines read / calls of the recognizer", *counts],
        *_times("", [image.parts_ms for image in breakdowns]),
        _total("the parts alone", [sum(image.parts_ms.values()) for image in breakdowns]),
        *_times("", [image.overheads_ms for image in breakdowns]),
        _total("a request", [image.request_ms for image in breakdowns]),
        *_times("CPU time: ", [image.cpu_ms for image in breakdowns]),
        _total("CPU time outside the networks", [image.own_cpu_ms for image in breakdowns]),
        _total("CPU time of all", [sum(image.cpu_ms.values()) for image in breakdowns]),
    ]
    return tables.markdown(["ms", *(image.image for image in breakdowns)], rows, numbers_from=1)


def _times(prefix: str, columns: Sequence[Times]) -> Iterator[list[str]]:
    for name in columns[0]:
        yield [prefix + name, *(f"{column[name]:.1f}" for column in columns)]


def _total(name: str, times_ms: Sequence[float]) -> list[str]:
    return tables.bold([name, *(f"{time_ms:.1f}" for time_ms in times_ms)])


def write(breakdowns: Sequence[Breakdown], folder: Path) -> str:
    """Write breakdown.csv, breakdown.md and breakdown.png; gives the table."""
    rows = (
        [image.image, kind, name, time_ms]
        for image in breakdowns
        for kind in ("parts", "overheads", "cpu")
        for name, time_ms in getattr(image, f"{kind}_ms").items()
    )
    results.write_csv(("image", "kind", "name", "ms"), rows, folder / "breakdown.csv")
    stacks = {image.image: {**image.parts_ms, **image.overheads_ms} for image in breakdowns}
    plots.stacks(stacks, "ms per request", folder / "breakdown.png")
    text = table(breakdowns)
    results.write_markdown(text, folder / "breakdown.md")
    return text


def chosen_images(paths: Sequence[Path]) -> dict[str, bytes]:
    """Encoded images by what they are called: those given, or a page of each kind."""
    if paths:
        return {path.name: path.read_bytes() for path in paths}
    images = {kind: (SAMPLES / name).read_bytes() for kind, name in KINDS.items()}
    return {**images, f"photo, {PHOTO_MEGAPIXELS} MP": enlarged(SAMPLES / "street.jpg", PHOTO_MEGAPIXELS)}


EPILOG = (
    """\b
Examples:
  python -m benchmarks.latency.breakdown                        a table, a receipt, a street, a photo of 12 megapixels
  python -m benchmarks.latency.breakdown form.png --repeats 3   an image of your own

\b
The first rows are the parts of the pipeline, timed in one process without a server: the work itself.
The overheads are what the server adds to each request:
"""
    + "\n".join(f"  {name.removeprefix('overhead: '):<22} {meaning}" for name, meaning in OVERHEADS.items())
    + """
CPU time is what requests take beyond what the processes use when nothing is asked for.
"""
)


@click.command(epilog=EPILOG)
@options.images
@click.option("--repeats", type=click.IntRange(1), default=REPEATS, show_default=True, help="Requests for each image.")
@options.model_repository
@options.output("breakdown.md, breakdown.csv and breakdown.png")
def main(images: tuple[Path, ...], repeats: int, root: Path, output: Path) -> None:
    """Print where the time of a request goes, for IMAGES or for a table, a receipt, a street and a photo.

    A server is started for it, with the profile for CPUs, and asked for one image at a time.
    """
    encoded = chosen_images(images)
    output.mkdir(parents=True, exist_ok=True)
    try:
        with (
            TritonServer(root.resolve(), profile=CPU) as server,
            OcrClient(server.url) as client,
            ModelsAlone(root) as models,
        ):
            click.echo(server.layout, err=True)
            repository = Repository(root)
            measurer = Measurer(server, client, Parts(models), repository)
            with click.progressbar(encoded.items(), label="images", file=sys.stderr) as bar:
                breakdowns = [measurer.measure(name, image, repeats) for name, image in bar]
    except (NotExported, OcrError, StartError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(write(breakdowns, output))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.latency.breakdown")
