"""A folder of results: tables as CSV and Markdown, and plots."""

import csv
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path

from benchmarks.baselines.comparison import Measurement
from benchmarks.baselines.perf_analyzer import Load
from benchmarks.baselines.summary import markdown, share_of_limit, totals
from benchmarks.common import plots

FOLDER = Path(__file__).parent.parent / "results"


def write_race(measurements: Sequence[Measurement], folder: Path) -> str:
    """Write measurements.csv, table.md and share_of_limit.png; gives the table."""
    columns = [field.name for field in fields(Measurement)]
    write_csv(columns, (list(asdict(measured).values()) for measured in measurements), folder / "measurements.csv")
    results = totals(measurements)
    table = markdown(results)
    (folder / "table.md").write_text(f"{table}\n{machine()}\n", encoding="utf-8")
    plots.shares(share_of_limit(results, 4), folder / "share_of_limit.png")
    return table


def write_loads(loads: Sequence[Load], folder: Path) -> str:
    """Write perf_analyzer.csv (a row for each level and model), perf_analyzer.md, throughput.png and steps.png."""
    levels = ["protocol", "concurrency", "images_per_s", "p50_us", "p90_us", "p95_us", "p99_us"]
    times = ["queue_us", "input_us", "infer_us", "output_us"]
    rows = (
        [*(getattr(load, level) for level in levels), step.model, *(getattr(step, time) for time in times)]
        for load in loads
        for step in load.steps
    )
    write_csv([*levels, "model", *times], rows, folder / "perf_analyzer.csv")
    plots.throughput(loads, folder / "throughput.png")
    plots.steps(loads, folder / "steps.png")
    table = loads_table(loads)
    (folder / "perf_analyzer.md").write_text(f"{table}\n{machine()}\n", encoding="utf-8")
    return table


def loads_table(loads: Iterable[Load]) -> str:
    """What perf_analyzer measured, in Markdown."""
    head = ["protocol", "at once", "images/s", "p50 ms", "p90 ms", "p95 ms", "p99 ms"]
    rows = [head, ["---"] * len(head)]
    for load in loads:
        latencies_us = (load.p50_us, load.p90_us, load.p95_us, load.p99_us)
        told = [f"{latency_us / 1000:.0f}" for latency_us in latencies_us]
        rows.append([load.protocol, str(load.concurrency), f"{load.images_per_s:.2f}", *told])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]], file: Path) -> None:
    """Write a table."""
    with file.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines)
        writer.writerow(columns)
        writer.writerows(rows)


def machine() -> str:
    """One line about where this was measured."""
    cores = len(os.sched_getaffinity(0))
    return f"Measured on {cores} cores of {_processor()}, {platform.system()} {platform.machine()}."


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "an unnamed processor")
