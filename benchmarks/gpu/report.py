"""What was measured on a machine with a GPU: tables as CSV and Markdown, and plots."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from benchmarks.accuracy.score import Score
from benchmarks.common import plots, results, tables
from benchmarks.gpu.upper_bounds import Rates


@dataclass(frozen=True, slots=True)
class Level:
    """One level of load. Field for field a row of levels.csv.

    Attributes:
        profile: cpu, gpu or tensorrt.
        protocol: "HTTP" or "gRPC".
        concurrency: Requests under way at once.
        images_per_s: Throughput.
        p50_ms: Latency that half of the images stay below, milliseconds; likewise 90 and 99 %.
        p90_ms: See above.
        p99_ms: See above.
        failed: Requests that failed.
        gpu_busy_percent: Share of the time in which something ran on the GPU; None where nobody can tell.
        gpu_memory_mib: The most of its memory in use.
        server_cores: Cores that the server's processes took, all together.
    """

    profile: str
    protocol: str
    concurrency: int
    images_per_s: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    failed: int
    gpu_busy_percent: float | None
    gpu_memory_mib: float | None
    server_cores: float


@dataclass(frozen=True, slots=True)
class StepTimes:
    """What one model did at one level of load. Field for field a row of steps.csv.

    Attributes:
        profile: See `Level`.
        protocol: See `Level`.
        concurrency: See `Level`.
        model: Its name.
        calls_per_image: How often it was called.
        calls_per_run: How many calls shared a run.
        queue_ms: Waiting for an instance or for a batch, milliseconds a call.
        input_ms: Handing the input over.
        infer_ms: The work itself. A step that calls another model includes its waiting for that.
        output_ms: Handing the output over.
        cpu_ms_per_image: CPU time of its processes.
    """

    profile: str
    protocol: str
    concurrency: int
    model: str
    calls_per_image: float
    calls_per_run: float
    queue_ms: float
    input_ms: float
    infer_ms: float
    output_ms: float
    cpu_ms_per_image: float


@dataclass(slots=True)
class Report:
    """All that is known so far.

    Attributes:
        machine: One line about it.
        images: One line about what was read.
        decoding: Images per second that all cores decode.
        models: Profile → the models alone.
        levels: The levels of load.
        steps: What the models did meanwhile.
        scores: Profile → accuracy on each set.
        memory: (profile, mixed pages read so far, MiB of the GPU's memory in use).
        changes: (profile, change of the layout, concurrency, images per second).
        notes: What was left out, and why.
    """

    machine: str
    images: str
    decoding: float | None = None
    models: dict[str, Rates] = field(default_factory=dict)
    levels: list[Level] = field(default_factory=list)
    steps: list[StepTimes] = field(default_factory=list)
    scores: dict[str, list[Score]] = field(default_factory=dict)
    memory: list[tuple[str, int, float | None]] = field(default_factory=list)
    changes: list[tuple[str, str, int, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def best(self, profile: str) -> Level | None:
        """The profile's level of most throughput over HTTP."""
        levels = [level for level in self.levels if (level.profile, level.protocol) == (profile, "HTTP")]
        return max(levels, key=lambda level: level.images_per_s, default=None)

    def write(self, folder: Path) -> str:
        """Write report.md, five tables as CSV, throughput.png and steps.png; gives the Markdown."""
        for name, kind, rows in (("levels", Level, self.levels), ("steps", StepTimes, self.steps)):
            columns = [column.name for column in fields(kind)]
            results.write_csv(columns, (list(asdict(row).values()) for row in rows), folder / f"{name}.csv")
        results.write_csv(("upper bound", "images_per_s"), self.upper_bounds(), folder / "upper_bounds.csv")
        results.write_csv(("profile", "pages", "gpu_memory_mib"), self.memory, folder / "memory.csv")
        columns = ["profile", "change", "concurrency", "images_per_s"]
        results.write_csv(columns, self.changes, folder / "changes.csv")
        if self.levels:
            self._plot(folder)
        text = self.markdown()
        (folder / "report.md").write_text(text, encoding="utf-8")
        return text

    def upper_bounds(self) -> list[tuple[str, float]]:
        """What no server here can exceed, images per second."""
        known = [] if self.decoding is None else [("decoding alone, on all cores", self.decoding)]
        for profile, alone in self.models.items():
            known += [
                (f"{profile}: models alone, full batches", alone.images_per_s),
                (f"{profile}: detector alone, {alone.pages_per_run:.1f} pages a run", alone.detector_images_per_s),
                (f"{profile}: recognizer alone, {alone.crops_per_run:.1f} crops a run", alone.recognizer_images_per_s),
                (f"{profile}: models alone, one page at a time", 1000 / alone.page_ms),
            ]
        return known

    def markdown(self) -> str:
        """Everything as a page."""
        parts = [
            f"{self.machine} {self.images}",
            _table(["upper bound", "images/s"], self.upper_bounds(), 1),
            self._levels(),
        ]
        parts += map(self._steps, dict.fromkeys(level.profile for level in self.levels))
        parts.append(_table(["profile", "mixed pages read", "GPU MiB"], self.memory, 1))
        parts.append(_table(["profile", "change", "at once", "images/s"], self.changes, 2))
        scores = [(p, s.name, s.images, f"{s.f1:.3f}") for p, scores in self.scores.items() for s in scores]
        parts.append(_table(["profile", "set", "images", "token F1"], scores, 2))
        parts.append("".join(f"* {note}\n" for note in self.notes))
        return "\n".join(part if part.endswith("\n") else f"{part}\n" for part in parts if part)

    def _levels(self) -> str:
        head = ["profile", "protocol", "at once", "images/s", "p50 ms", "p90 ms", "p99 ms", "failed"]
        head += ["GPU busy %", "GPU MiB", "server's cores"]
        return _table(head, [list(asdict(level).values()) for level in self.levels], 2)

    def _steps(self, profile: str) -> str:
        best = self.best(profile)
        at = (profile, "HTTP", best.concurrency if best else 0)
        rows = [step for step in self.steps if (step.profile, step.protocol, step.concurrency) == at]
        if not rows:
            return ""
        head = [f"{profile}, {at[2]} at once", "calls/image", "calls/run", "queue ms", "input ms", "infer ms"]
        head += ["output ms", "CPU ms/image"]
        return _table(head, [list(asdict(row).values())[3:] for row in rows], 1)

    def _plot(self, folder: Path) -> None:
        lines: dict[str, list[tuple[float, float]]] = {}
        for level in self.levels:
            name = f"{level.profile}, {level.protocol}"
            lines.setdefault(name, []).append((level.concurrency, level.images_per_s))
        bounds = {name: rate for name, rate in self.upper_bounds() if "all cores" in name or "full" in name}
        plots.lines(lines, bounds, ("requests under way at once", "images per second"), folder / "throughput.png")
        lines = {}
        for step in self.steps:
            if step.protocol == "HTTP":
                per_image_ms = (step.queue_ms + step.infer_ms) * step.calls_per_image
                lines.setdefault(f"{step.profile}, {step.model}", []).append((step.concurrency, per_image_ms))
        labels = ("requests under way at once", "waiting and working, ms per image")
        plots.lines(lines, {}, labels, folder / "steps.png")


def _table(head: Sequence[str], rows: Iterable[Sequence[object]], numbers_from: int) -> str:
    return tables.markdown(head, (list(map(_cell, row)) for row in rows), numbers_from)


def _cell(value: object) -> str:
    """A figure as people read it.

    >>> _cell(None), _cell(1234.5), _cell(12.34), _cell(0.1234)
    ('–', '1234', '12.3', '0.12')
    """
    if value is None:
        return "–"
    if not isinstance(value, float):
        return str(value)
    return f"{value:.{0 if value >= 100 else 1 if value >= 10 else 2}f}"
