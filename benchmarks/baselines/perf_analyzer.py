"""NVIDIA's load generator, perf_analyzer, on images: found or fetched, run, its figures understood."""

import base64
import csv
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from downloads import fetch, read_sources
from ocr_launch.names import ENSEMBLE
from server import installation

# Of the levels of load; beside it a file for each model.
MEASURED = "levels.csv"
# Our fields → its columns, microseconds both; the first four are in the steps' files, too.
STEP_COLUMNS = {
    "queue_us": "Server Queue",
    "input_us": "Server Compute Input",
    "infer_us": "Server Compute Infer",
    "output_us": "Server Compute Output",
}
LATENCY_COLUMNS = {f"p{percent}_us": f"p{percent} latency" for percent in (50, 90, 95, 99)}
# What the binary is linked to, and the server's wheel carries under names of its own.
LIBRARIES = {"libb64.so.0d": "libb64-*.so.0d", "libcudart.so.12": "libcudart-*.so.12*"}


class PerfAnalyzerFailed(RuntimeError):
    """perf_analyzer gave no figures; the message has the last line that it printed."""


@dataclass(frozen=True, slots=True)
class StepTimes:
    """What one model of the ensemble took, on average per call, in microseconds.

    Attributes:
        model: Its name.
        queue_us: Waiting for an instance.
        input_us: Handing the input over.
        infer_us: The work itself. A step that calls another model includes its waiting for that.
        output_us: Handing the output over.
    """

    model: str
    queue_us: float
    input_us: float
    infer_us: float
    output_us: float


@dataclass(frozen=True, slots=True)
class Level:
    """One level of load.

    Attributes:
        protocol: "HTTP" or "gRPC".
        concurrency: Requests under way at once.
        images_per_s: Throughput.
        p50_us: Latency that half of the requests stay below, microseconds; likewise 90, 95 and 99 %.
        p90_us: See above.
        p95_us: See above.
        p99_us: See above.
        steps: The models of the ensemble, and what they call.
    """

    protocol: str
    concurrency: int
    images_per_s: float
    p50_us: float
    p90_us: float
    p95_us: float
    p99_us: float
    steps: tuple[StepTimes, ...]


def find() -> list[str | Path]:
    """The command: the one on PATH, else the binary in the cache with its libraries, fetched on the first call.

    Raises:
        DownloadError: It cannot be fetched.
    """
    if found := shutil.which("perf_analyzer"):
        return [found]
    binary = fetch(read_sources(Path(__file__).parent / "sources.toml")["perf-analyzer"])
    binary.chmod(0o755)
    libraries = installation.libraries(installation.find_or_fetch())
    links = binary.with_name(f"{binary.name}.libs")
    links.mkdir(exist_ok=True)
    for name, pattern in LIBRARIES.items():
        (target,) = libraries.glob(pattern)
        (links / name).unlink(missing_ok=True)
        (links / name).symlink_to(target)
    path = ":".join(filter(None, (str(links), os.environ.get("LD_LIBRARY_PATH", ""))))
    return ["env", f"LD_LIBRARY_PATH={path}", binary]


def write_input(images: Iterable[Path], file: Path) -> None:
    """Write image files as the requests that perf_analyzer is to send in turn."""
    contents = (path.read_bytes() for path in images)
    requests = [
        {"image": {"content": {"b64": base64.b64encode(content).decode()}, "shape": [len(content)]}}
        for content in contents
    ]
    file.write_text(json.dumps({"data": requests}))


def arguments(recognizer: str, images: Path, url: str, concurrency: int, requests: int) -> list[str]:
    """What perf_analyzer is told of the ensemble and of the load.

    Args:
        recognizer: Model that a Python step calls: perf_analyzer cannot find it in the ensemble's configuration.
        images: What `write_input` has written.
        url: Of the server, without a scheme.
        concurrency: Requests under way at once.
        requests: It ends after so many.
    """
    model = ["-m", ENSEMBLE, f"--input-data={images}", f"--bls-composing-models={recognizer}", "-u", url]
    return [*model, f"--concurrency-range={concurrency}", f"--request-count={requests}"]


def run(
    command: Sequence[str | Path],
    protocol: str,
    url: str,
    images: Sequence[Path],
    concurrency: int,
    requests: int,
    recognizer: str,
) -> Level:
    """Put one level of load on a server.

    Args:
        command: What `find` gave.
        protocol: "HTTP" or "gRPC".
        url: `host:port` of this protocol.
        images: Sent in turn.
        concurrency: Requests under way at once.
        requests: It ends after so many.
        recognizer: Model that a Python step calls.

    Raises:
        PerfAnalyzerFailed: It gives no figures.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_input(images, folder / "images.json")
        load = arguments(recognizer, Path("images.json"), url, concurrency, requests)
        line = [*command, *load, "-i", protocol.lower(), "--verbose-csv", "-f", MEASURED]
        done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
        if done.returncode != 0 or not (folder / MEASURED).exists():
            raise PerfAnalyzerFailed(_reason(done.stdout + done.stderr))
        return parse(folder, protocol)


def parse(folder: Path, protocol: str) -> Level:
    """Understand what a run over one level of load has written: a file for the whole, and one for each model."""
    total = _row(folder / MEASURED)
    steps = [_step(file) for file in sorted(folder.glob(f"*_v*.{MEASURED}"))]
    latencies_us = {field: float(total[column]) for field, column in LATENCY_COLUMNS.items()}
    return Level(
        protocol,
        concurrency=int(total["Concurrency"]),
        images_per_s=float(total["Inferences/Second"]),
        **latencies_us,
        steps=tuple(steps),
    )


def _step(file: Path) -> StepTimes:
    row = _row(file)
    model = re.sub(rf"_v\d+\.{re.escape(MEASURED)}$", "", file.name)
    return StepTimes(model, **{field: float(row[column]) for field, column in STEP_COLUMNS.items()})


def _row(file: Path) -> dict[str, str]:
    with file.open(newline="") as lines:
        (row,) = csv.DictReader(lines)
    return row


def _reason(printed: str) -> str:
    """What is wrong: the first line that says so, for a page of usage may follow, or the last line."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    reason = next(iter(errors or lines[-1:]), "without a message")
    # The wheel of the server has this library; a perf_analyzer on PATH may lack it.
    hint = " (on Debian and Ubuntu: apt-get install libb64-0d)" if "libb64" in printed else ""
    return f"perf_analyzer gave no figures: {reason}{hint}"
