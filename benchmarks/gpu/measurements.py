"""The measurements of `python -m benchmarks.gpu`, each for as long as the time lasts."""

import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from benchmarks.accuracy.__main__ import load_set, measure, read_by
from benchmarks.baselines import results
from benchmarks.common import cpu_time as processes
from benchmarks.common import server_statistics as statistics
from benchmarks.gpu import upper_bounds as gpu_limits
from benchmarks.gpu import variants as gpu_variants
from benchmarks.gpu.budget import Budget
from benchmarks.gpu.clients import Answers, Clients
from benchmarks.gpu.device import GpuWatch
from benchmarks.gpu.report import STEPS, Level, Report, Step
from benchmarks.gpu.upper_bounds import LimitFailed
from benchmarks.gpu.variants import Variant
from downloads import DownloadError
from ocr_client import OcrClient, OcrError
from server import layout
from server.backends.onnxruntime.gpu_providers import ProviderMissing
from server.errors import StartError
from server.triton import TritonServer

FAILURES = (DownloadError, FileNotFoundError, LimitFailed, OcrError, OSError, ProviderMissing, StartError)
# What the measurements take beside the loads themselves, seconds.
START_S, LIMIT_S, DECODING_S, ACCURACY_S, SPARE_S = 20.0, 45.0, 5.0, 20.0, 10.0
# A load that is hardly faster than the one before has met the shapes.
WARM_UPS, WARM_GAIN = 6, 0.05
# Less is noise.
MIN_GAIN = 0.02
ACCURACY_CONCURRENCY = 16


class GpuBench:
    """The measurements, in the order of their importance."""

    def __init__(
        self,
        repository: Path,
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

    def profile(self, profile: str, protocols: Sequence[str], levels: Sequence[int], data: Sequence[Path]) -> None:
        """All of a profile but the sweep; what fails is noted, and does not keep the next from being measured."""
        try:
            self.loads(profile, protocols, levels, data)
            self.limits(profile)
        except FAILURES as error:
            click.echo(f"{profile}: {error}", err=True)
            self.report.notes.append(f"{profile}: {first_line(error)}")

    def loads(self, profile: str, protocols: Sequence[str], levels: Sequence[int], data: Sequence[Path]) -> None:
        """A profile's throughput and latencies over concurrency, and its accuracy.

        Raises:
            StartError: The server does not start with it.
        """
        if not self._allows(f"{profile}: the loads", START_S + 3 * self._load_s):
            return
        with self._serve(profile, self._repository, self._output / f"server-{profile}.log") as server:
            click.echo(server.layout, err=True)
            self._warm_up(server, max(levels))
            for protocol in protocols:
                for concurrency in levels:
                    if self._allows(f"{profile}: {protocol}, {concurrency} at once", self._load_s + 1):
                        self._level(server, profile, protocol, concurrency)
                        self.save()
                if protocol == protocols[0] and data and self._allows(f"{profile}: accuracy", ACCURACY_S):
                    self._accuracy(server, profile, data)

    def limits(self, profile: str) -> None:
        """The models alone, and with the first profile decoding.

        Raises:
            LimitFailed: They take too long.
        """
        if self.report.decoding is None and self._allows("decoding alone", self._load_s + DECODING_S):
            self.report.decoding = gpu_limits.decoding(self._images, self._load_s)
            self.save()
        if self._allows(f"{profile}: the models alone", LIMIT_S):
            arguments = (self._repository, profile, self._images, self._load_s)
            timeout_s = self._budget.left_s - SPARE_S
            self.report.models[profile] = gpu_limits.apart(gpu_limits.models_alone, *arguments, timeout_s=timeout_s)
            self.save()

    def sweep(self, profile: str) -> None:
        """Other layouts of a profile, at the load where it is best."""
        best = self.report.best(profile)
        if best is None:
            return
        measured = partial(self._variant, profile, best.concurrency)
        for variant, images_per_s in gpu_variants.climb(best.images_per_s, measured, MIN_GAIN):
            self.report.variants.append((profile, variant.name, best.concurrency, images_per_s))
            self.save()

    def save(self) -> str:
        """Write what is known so far; gives the report."""
        return self.report.write(self._output)

    def _variant(self, profile: str, concurrency: int, variant: Variant) -> float | None:
        if not self._allows(f"{profile}: {variant.name}", START_S + 4 * self._load_s):
            return None
        with tempfile.TemporaryDirectory() as folder:
            repository = gpu_variants.arrange(self._repository, profile, variant, Path(folder))
            try:
                log = self._output / "server-variant.log"
                with self._serve(layout.CONFIGURED, repository, log) as server:
                    self._warm_up(server, concurrency)
                    return self._clients.load(server.url, concurrency, self._load_s).images_per_s
            except StartError as error:  # too much for the GPU's or the shared memory
                self.report.notes.append(f"{profile}: {variant.name}: {first_line(error)}")
                return None

    def _serve(self, profile: str, repository: Path, log: Path) -> TritonServer:
        return TritonServer(repository, profile=profile, log=log, start_timeout_s=max(START_S, self._budget.left_s))

    def _warm_up(self, server: TritonServer, concurrency: int) -> None:
        before = 0.0
        for _ in range(WARM_UPS):
            rate = self._loaded(server.url, concurrency).images_per_s
            if rate < before * (1 + WARM_GAIN) or self._budget.left_s < 2 * self._load_s:
                break
            before = rate

    def _level(self, server: TritonServer, profile: str, protocol: str, concurrency: int) -> None:
        before, before_ms, start_s = statistics.read(server.url), processes.cpu_ms(server.pid), time.monotonic()
        answers = self._loaded(server.url if protocol == "HTTP" else f"grpc://{server.grpc_url}", concurrency)
        end_s, after_ms, after = time.monotonic(), processes.cpu_ms(server.pid), statistics.read(server.url)
        used_ms = {name: after_ms[name] - before_ms[name] for name in after_ms}
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
        work = statistics.between(before, after)
        self.report.steps += [step(level, name, work[name], answers.images, used_ms.get(name, 0)) for name in STEPS]
        click.echo(f"  {protocol}, {concurrency} at once: {answers.images_per_s:.1f} images/s", err=True)

    def _accuracy(self, server: TritonServer, profile: str, data: Sequence[Path]) -> None:
        with OcrClient(server.url) as client:
            read = partial(read_by, client)
            scores = [measure(path.name, load_set(path), read, ACCURACY_CONCURRENCY) for path in data]
        self.report.scores[profile] = scores
        self.save()

    def _loaded(self, url: str, concurrency: int) -> Answers:
        answers = self._clients.load(url, concurrency, self._load_s)
        if not answers.images:
            raise LimitFailed(f"nothing was read with {concurrency} requests at once: {answers.reason}")
        return answers

    def _allows(self, what: str, seconds: float) -> bool:
        allowed = self._budget.allows(what, seconds + SPARE_S)
        click.echo(f"{what} ..." if allowed else f"{what}: left out, there is no time for it", err=True)
        return allowed


def step(level: Level, model: str, work: statistics.Work, images: int, cpu_ms: float) -> Step:
    """What one model did for each image, and in each call, at a level of load."""
    calls = max(work.calls, 1)
    return Step(
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
