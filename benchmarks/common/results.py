"""The folder of results: tables as CSV and Markdown, and where they were measured."""

import csv
import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "results"


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]], file: Path) -> None:
    """Write a table."""
    with file.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines)
        writer.writerow(columns)
        writer.writerows(rows)


def write_markdown(text: str, file: Path) -> None:
    """Write a page that ends with a line about this machine."""
    file.write_text(f"{text}\n{machine()}\n", encoding="utf-8")


def machine() -> str:
    """One line about where this was measured."""
    cores = len(os.sched_getaffinity(0))
    return f"Measured on {cores} cores of {_processor()}, {platform.system()} {platform.machine()}."


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "an unnamed processor")
