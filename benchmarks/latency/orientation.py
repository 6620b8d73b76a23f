"""`python -m benchmarks.latency.orientation DATA`: what pages pay for being read however they lie."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any, TypeVar

import click
from numpy.typing import NDArray

from benchmarks.accuracy.labels import find_sets, read_set
from benchmarks.common import options, tables
from benchmarks.upper_bound.models_alone import MAX_MEGAPIXELS, ModelsAlone
from ocr_core import cropping, image, reading, upside_down
from ocr_core.crops import IntArray
from ocr_core.errors import NotExported
from ocr_core.options import Options
from ocr_core.pixels import RgbArray
from ocr_launch.errors import StartError

HEAD = (
    *("set", "images", "of them looked at again", "of them read again", "lines read again"),
    *("of the recognizer's pixels", "of the CPU time", "found upright", "of their CPU time"),
)

Result = TypeVar("Result")

EPILOG = """\b
Example:
  python -m benchmarks.latency.orientation ../shared/data

Everything that is looked at or read again counts, whether that helped or not. The images are taken as they are,
upright; the last two columns leave out those of which most text was found to run up or down. CPU time is that of the
whole pipeline in one process, without a server. It adds up over the cores, and other work of this machine hardly adds
to it.
"""


@dataclass(frozen=True, slots=True)
class Work:
    """What the recognizer did.

    Attributes:
        lines: That it read.
        width_px: Of them together.
        cpu_s: CPU time, seconds.
    """

    lines: int = 0
    width_px: int = 0
    cpu_s: float = 0.0

    def __add__(self, other: "Work") -> "Work":
        """Both together."""
        return Work(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Cost:
    """What one page took.

    Attributes:
        first: Reading every line as its box lies.
        again: Reading lines the other way.
        glance_s: Looking at the letters' outlines, seconds of CPU time.
        looks_s: Having the detector look at the page, turned, seconds of CPU time.
        cpu_s: The whole page, seconds of CPU time.
        angle: Of the page, as it was found.
    """

    first: Work
    again: Work
    glance_s: float
    looks_s: float
    cpu_s: float
    angle: int = 0


def measure(models: ModelsAlone, encoded: bytes) -> Cost:
    """Read a page in this process."""
    start_s, works, looks_s, weights = process_time(), list[Work](), list[float](), models.weights

    def recognize(strip: RgbArray, widths: IntArray) -> reading.Reading:
        send = partial(_send, models)
        read, cpu_s = _timed(partial(reading.recognize, weights.recognizer, send, strip, widths, models.limits))
        works.append(Work(len(widths), int(widths.sum()), cpu_s))
        return read

    def look(batches: Sequence[Mapping[str, RgbArray]]) -> list[list[NDArray[Any]]]:
        maps, cpu_s = _timed(lambda: [models.detector.run(batch["image"]) for batch in batches])
        looks_s.append(cpu_s)
        return maps

    page, _ = image.decode(encoded, MAX_MEGAPIXELS, weights.detector)
    (maps,) = models.detector.run(image.fit_to_detector(page, weights.detector)[None])
    found, strip, widths = cropping.crop(page, maps[0], weights.detector, weights.recognizer, Options(), look)
    boxes = found.quads, found.scores, found.blocks
    lines = reading.read(strip, widths, *boxes, recognize, Options(), found.overhang)
    cpu_s = process_time() - start_s
    _, glance_s = _timed(partial(upside_down.seem_upside_down, strip, widths))
    return Cost(works[0], sum(works[1:], Work()), glance_s, sum(looks_s), cpu_s, lines.angle)


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """What work gives, and the CPU time that it took, seconds."""
    start_s = process_time()
    return work(), process_time() - start_s


def _send(models: ModelsAlone, batches: Sequence[Mapping[str, RgbArray]]) -> list[list[NDArray[Any]]]:
    return models.recognize([batch["crops"] for batch in batches])


def row(name: str, costs: Sequence[Cost]) -> list[str]:
    """A data set's row of the table."""
    first, again = (sum((getattr(cost, part) for cost in costs), Work()) for part in ("first", "again"))
    upright = [cost for cost in costs if cost.angle == 0]
    return [
        name,
        str(len(costs)),
        str(sum(cost.looks_s > 0 for cost in costs)),
        str(sum(cost.again.lines > 0 for cost in costs)),
        f"{again.lines} of {first.lines}",
        f"{again.width_px / max(first.width_px, 1):.1%}",
        f"{_share(costs):.1%}",
        str(len(upright)),
        f"{_share(upright):.1%}",
    ]


def _share(costs: Sequence[Cost]) -> float:
    """What part of the CPU time goes into glances, second looks and readings."""
    extra_s = sum(cost.glance_s + cost.looks_s + cost.again.cpu_s for cost in costs)
    return extra_s / sum(cost.cpu_s for cost in costs) if costs else 0.0


@click.command(epilog=EPILOG)
@click.argument("folder", metavar="DATA", type=click.Path(exists=True, file_okay=False, path_type=Path))
@options.model_repository
def main(folder: Path, root: Path) -> None:
    """Print what part of the work on the upright images of DATA, labelled sets, goes into second looks and readings."""
    try:
        with ModelsAlone(root) as models:
            rows = []
            for name, path in find_sets(folder.resolve()).items():
                with click.progressbar(read_set(path), label=name, file=sys.stderr) as bar:
                    rows.append(row(name, [measure(models, labelled.path.read_bytes()) for labelled in bar]))
    except (NotExported, StartError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(tables.markdown(HEAD, rows, numbers_from=1))


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.latency.orientation")
