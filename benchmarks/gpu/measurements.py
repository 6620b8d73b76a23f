"""The measurements of `python -m benchmarks.gpu`, each for as long as the time lasts."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from benchmarks.accuracy.labels import read_set
from benchmarks.accuracy.score import measure, read_by
from benchmarks.common import cpu_time, results, server_statistics
from benchmarks.common.server_statistics import Work
from benchmarks.common.weights import Weights
from benchmarks.gpu import mixed_pages, upper_bounds
from benchmarks.gpu.budget import Budget
from benchmarks.gpu.clients import Answers, Clients, clients
from benchmarks.gpu.device import GpuWatch
from benchmarks.gpu.report import Level, Report, StepTimes
from benchmarks.gpu.upper_bounds import MeasurementFailed
from benchmarks.layouts.candidates import on_gpus
from benchmarks.layouts.change import Change
from benchmarks.layouts.climb import climb
from downloads import DownloadError
from ocr_client import OcrClient, OcrError
from ocr_core.errors import NotExported
from ocr_launch.errors import StartError
from ocr_launch.repository import Repository
from server.backends.onnxruntime.sessions import ProviderMissing
from server.triton import TritonServer

FAILURES = (
    click.ClickException,  # an image that cannot be read
    DownloadError,
    NotExported,
    OcrError,
    OSError,
    ProviderMissing,
    StartError,
    MeasurementFailed,
)
# What the measurements take beside the loads themselves, seconds.
START_S, UPPER_BOUND_S, DECODING_S, ACCURACY_S, SPARE_S = 20.0, 45.0, 5.0, 20.0, 10.0
# The warm-up is over when a load is hardly faster than the one before.
WARM_UPS, WARM_GAIN = 6, 0.05
# Less is noise.
MIN_GAIN = 0.02
ACCURACY_CONCURRENCY = 16
# Different ones among the mixed pages; they are sent again and again.
MIXED = 1000


class GpuBenchmark:
    """The measurements, in the order of their importance."""

    def __init__(
        self,
        repository: Repository,
        output: Path,
        images: Sequence[bytes],
        budget: Budget,
        load_s: float,
        watch: GpuWatch,
        sending: Clients,
    ) -> None:
        self._repository, self._output, self._images = repository, output, images
        self._budget, self._load_s, self._watch, self._clients = budget, load_s, watch, sending
        sizes = f"{len(images)} images of {sum(map(len, images)) / len(images) / 1000:.0f} kB on average"
        self.report = Report(f"{results.machine()[:-1]}, {watch.name() or 'no GPU'}.", f"Sent in turn: {sizes}.")

    def profile(
        self, profile: str, protocols: Sequence[str], concurrencies: Sequence[int], data: Sequence[Path], mixed: int = 0
    ) -> None:
        """All of a profile but other layouts; a failure is noted, and the next profile is measured all the same."""
        try:
            self.levels(profile, protocols, concurrencies, data)
            if mixed:
                self.memory(profile, mixed)
            self.upper_bounds(profile)
        except FAILURES as error:
            click.echo(f"{profile}: {error}", err=True)
            self.report.notes.append(f"{profile}: {first_line(error)}")

    def levels(
        self, profile: str, protocols: Sequence[str], concurrencies: Sequence[int], data: Sequence[Path]
    ) -> None:
        """A profile's throughput and latencies over concurrency, and its accuracy.

        Raises:
            StartError: The server does not start with it.
        """
        if not self._allows(f"{profile}: all levels of load", START_S + 3 * self._load_s):
            return
        with self._serve(profile, self._output / f"server-{profile}.log") as server:
            click.echo(server.layout, err=True)
            self._warm_up(server, max(concurrencies))
            for protocol in protocols:
                for concurrency in concurrencies:
                    if self._allows(f"{profile}: {protocol}, {concurrency} at once", self._load_s + 1):
                        self._level(server, profile, protocol, concurrency)
                        self.save()
                if protocol == protocols[0] and data and self._allows(f"{profile}: accuracy", ACCURACY_S):
                    self._accuracy(server, profile, data)

    def upper_bounds(self, profile: str) -> None:
        """The models alone, and with the first profile decoding.

        Raises:
            MeasurementFailed: They take too long.
        """
        if self.report.decoding is None and self._allows("decoding alone", self._load_s + DECODING_S):
            self.report.decoding = upper_bounds.decoding(
                Weights.of(self._repository).detector, self._images, self._load_s
            )
            self.save()
        if self._allows(f"{profile}: the models alone", UPPER_BOUND_S):
            arguments = (self._repository.root, profile, self._images, self._load_s)
            timeout_s = self._budget.left_s - SPARE_S
            self.report.models[profile] = upper_bounds.apart(upper_bounds.models_alone, *arguments, timeout_s=timeout_s)
            self.save()

    def memory(self, profile: str, pages: int) -> None:
        """Whether the GPU's memory grows with pages of many sizes, at the load where the profile is best.

        Raises:
            StartError: The server does not start with it.
        """
        best = self.report.best(profile)
        if best is None or not self._allows(f"{profile}: memory over {pages} mixed pages", START_S + 3 * self._load_s):
            return
        mixed = mixed_pages.cut(self._images, min(pages, MIXED))
        log = self._output / f"server-{profile}-mixed.log"
        with self._serve(profile, log) as server, clients(mixed) as sending:

            def read() -> tuple[int, float | None]:
                start_s = time.monotonic()
                answers = sending.measure(server.url, best.concurrency, self._load_s)
                if not answers.images:
                    raise MeasurementFailed(f"no mixed page was read: {answers.reason}")
                return answers.images, self._watch.between(start_s, time.monotonic()).memory_mib

            def has_time() -> bool:
                return self._budget.left_s > self._load_s + SPARE_S

            for done, memory_mib in mixed_pages.growth(read, pages, has_time):
                self.report.memory.append((profile, done, memory_mib))
                self.save()
                click.echo(f"  {done} mixed pages", err=True)

    def changes(self, profile: str) -> None:
        """Changes of a profile's layout, at the load where it is best."""
        best = self.report.best(profile)
        if best is None:
            return
        measured = partial(self._changed, profile, best.concurrency)
        for change, images_per_s in climb(on_gpus(self._repository), best.images_per_s, measured, MIN_GAIN):
            self.report.changes.append((profile, change.name, best.concurrency, images_per_s))
            self.save()

    def save(self) -> str:
        """Write what is known so far; gives the report."""
        return self.report.write(self._output)

    def _changed(self, profile: str, concurrency: int, change: Change) -> float | None:
        if not self._allows(f"{profile}: {change.name}", START_S + 4 * self._load_s):
            return None
        try:
            with self._serve(profile, self._output / "server-change.log", change) as server:
                self._warm_up(server, concurrency)
                return self._clients.measure(server.url, concurrency, self._load_s).images_per_s
        except StartError as error:  # too much for the GPU's or the shared memory
            self.report.notes.append(f"{profile}: {change.name}: {first_line(error)}")
            return None

    def _serve(self, profile: str, log: Path, change: Change | None = None) -> TritonServer:
        timeout_s = max(START_S, self._budget.left_s)
        return TritonServer(self._repository.root, profile=profile, change=change, log=log, start_timeout_s=timeout_s)

    def _warm_up(self, server: TritonServer, concurrency: int) -> None:
        before = 0.0
        for _ in range(WARM_UPS):
            rate = self._loaded(server.url, concurrency).images_per_s
            if rate < before * (1 + WARM_GAIN) or self._budget.left_s < 2 * self._load_s:
                break
            before = rate

    def _level(self, server: TritonServer, profile: str, protocol: str, concurrency: int) -> None:
        before, before_ms, start_s = server_statistics.read(server.url), cpu_time.cpu_ms(server.pid), time.monotonic()
        answers = self._loaded(server.url if protocol == "HTTP" else f"grpc://{server.grpc_url}", concurrency)
        end_s, after_ms, after = time.monotonic(), cpu_time.cpu_ms(server.pid), server_statistics.read(server.url)
        used_ms = cpu_time.between(before_ms, after_ms)
        usage = self._watch.between(start_s, end_s)
        level = Level(
            profile,
            protocol,
            concurrency,
            answers.images_per_s,
            answers.p50_ms,
            answers.p90_ms,
            answers.p99_ms,
            answers.failed,
            usage.busy_percent,
            usage.memory_mib,
            server_cores=sum(used_ms.values()) / 1000 / (end_s - start_s),
        )
        self.report.levels.append(level)
        work = server_statistics.between(before, after)
        self.report.steps += [
            step_times(level, name, work[name], answers.images, used_ms.get(name, 0))
            for name in (*self._repository.steps, *self._repository.called)
        ]
        click.echo(f"  {protocol}, {concurrency} at once: {answers.images_per_s:.1f} images/s", err=True)

    def _accuracy(self, server: TritonServer, profile: str, data: Sequence[Path]) -> None:
        with OcrClient(server.url) as client:
            read = partial(read_by, client)
            scores = [measure(path.name, read_set(path), read, ACCURACY_CONCURRENCY) for path in data]
        self.report.scores[profile] = scores
        self.save()

    def _loaded(self, url: str, concurrency: int) -> Answers:
        answers = self._clients.measure(url, concurrency, self._load_s)
        if not answers.images:
            raise MeasurementFailed(f"nothing was read with {concurrency} requests at once: {answers.reason}")
        return answers

    def _allows(self, what: str, seconds: float) -> bool:
        allowed = self._budget.allows(what, seconds + SPARE_S)
        click.echo(f"{what} ..." if allowed else f"{what}: left out, there is no time for it", err=True)
        return allowed


def step_times(level: Level, model: str, work: Work, images: int, cpu_ms: float) -> StepTimes:
    """What one model did for each image, and in each call, at a level of load."""
    calls = max(work.calls, 1)
    return StepTimes(
        profile=level.profile,
        protocol=level.protocol,
        concurrency=level.concurrency,
        model=model,
        calls_per_image=work.calls / images,
        calls_per_run=work.calls / max(work.runs, 1),
        queue_ms=work.queue_ms / calls,
        input_ms=work.input_ms / calls,
        infer_ms=work.infer_ms / calls,
        output_ms=work.output_ms / calls,
        cpu_ms_per_image=cpu_ms / images,
    )


def first_line(error: Exception) -> str:
    """What is wrong; a log may follow it."""
    return str(error).partition("\n")[0]
