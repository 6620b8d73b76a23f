"""What the comparison and perf_analyzer measured: tables as CSV and Markdown, and plots."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from matplotlib.axes import Axes

from benchmarks.baselines.comparison import Measurement
from benchmarks.baselines.perf_analyzer import Level
from benchmarks.baselines.summary import markdown, share_of_upper_bound, totals
from benchmarks.common import plots, tables
from benchmarks.common.results import write_csv, write_markdown
from ocr_launch.repository import Repository

LATENCIES = ("p50_us", "p90_us", "p95_us", "p99_us")
TIMES = ("queue_us", "input_us", "infer_us", "output_us")
Colours = dict[str, tuple[float, ...]]


def write_comparison(measurements: Sequence[Measurement], folder: Path) -> str:
    """Write measurements.csv, table.md and share_of_upper_bound.png; gives the table."""
    columns = [field.name for field in fields(Measurement)]
    write_csv(columns, (list(asdict(measured).values()) for measured in measurements), folder / "measurements.csv")
    results = totals(measurements)
    table = markdown(results)
    write_markdown(table, folder / "table.md")
    shares = share_of_upper_bound(results, 4)
    plots.bars(shares, "throughput over that of the models alone", folder / "share_of_upper_bound.png")
    return table


def write_levels(levels: Sequence[Level], repository: Repository, folder: Path) -> str:
    """Write perf_analyzer.csv (a row for each level and model), perf_analyzer.md, throughput.png and steps.png.

    Args:
        levels: What was measured.
        repository: The models that were served.
        folder: Where to.

    Returns:
        The table.
    """
    head = ["protocol", "concurrency", "images_per_s", *LATENCIES]
    rows = (
        [*(getattr(level, name) for name in head), step.model, *(getattr(step, time) for time in TIMES)]
        for level in levels
        for step in level.steps
    )
    write_csv([*head, "model", *TIMES], rows, folder / "perf_analyzer.csv")
    plots.lines(_throughput(levels), {}, ("requests under way at once", "images per second"), folder / "throughput.png")
    _plot_steps(levels, repository, folder / "steps.png")
    table = levels_table(levels)
    write_markdown(table, folder / "perf_analyzer.md")
    return table


def levels_table(levels: Iterable[Level]) -> str:
    """What perf_analyzer measured, in Markdown."""
    head = ["protocol", "at once", "images/s", *(f"{name.removesuffix('_us')} ms" for name in LATENCIES)]
    rows = (
        [
            level.protocol,
            level.concurrency,
            f"{level.images_per_s:.2f}",
            *(f"{getattr(level, name) / 1000:.0f}" for name in LATENCIES),
        ]
        for level in levels
    )
    return tables.markdown(head, rows, numbers_from=1)


def _throughput(levels: Iterable[Level]) -> dict[str, list[plots.Point]]:
    lines: dict[str, list[plots.Point]] = {}
    for level in levels:
        lines.setdefault(level.protocol, []).append((level.concurrency, level.images_per_s))
    return lines


def _plot_steps(levels: Sequence[Level], repository: Repository, file: Path) -> None:
    """Where a request's time goes: a bar for each level of load, a piece for each step, paler where it waits."""
    figure, axes = plots.canvas("", "ms per request")
    colours = plots.colours(repository.steps)
    for place, level in enumerate(levels):
        _stack_steps(axes, place, level, colours)
    for step, colour in colours.items():
        waiting = f" with {repository.recognizer}" if step == repository.steps[-1] else ""
        axes.bar(0, 0, color=colour, label=f"{step}{waiting}")
    axes.bar(0, 0, color="grey", alpha=plots.WAITING_ALPHA, label="waiting for an instance of the step")
    axes.set_xticks(range(len(levels)), [f"{level.protocol}\n{level.concurrency}" for level in levels])
    figure.legend(loc="outside upper center", ncols=2)
    figure.savefig(file)


def _stack_steps(axes: Axes, place: int, level: Level, colours: Colours) -> None:
    times = {step.model: step for step in level.steps}
    bottom_ms = 0.0
    for step, colour in colours.items():
        work_us = times[step].input_us + times[step].infer_us + times[step].output_us
        for time_us, alpha in ((times[step].queue_us, plots.WAITING_ALPHA), (work_us, 1.0)):
            axes.bar(place, time_us / 1000, bottom=bottom_ms, color=colour, alpha=alpha)
            bottom_ms += time_us / 1000
