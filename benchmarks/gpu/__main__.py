"""`python -m benchmarks.gpu`: the profiles for GPUs on this machine, and their upper bounds, in one run."""

import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import click

from benchmarks.accuracy.labels import find_sets, read_set
from benchmarks.common import options
from benchmarks.common.images import SAMPLES
from benchmarks.gpu.budget import Budget
from benchmarks.gpu.clients import clients
from benchmarks.gpu.device import GpuWatch
from benchmarks.gpu.measurements import GpuBenchmark
from ocr_launch import layout
from ocr_launch.errors import StartError
from ocr_launch.profiles import CPU, GPU, TENSORRT
from ocr_launch.repository import Repository
from server import requirements

PROFILES = (GPU, TENSORRT)
CONCURRENCIES = (1, 2, 4, 8, 16, 32, 64)
# Pages full of text, as forms are.
PAGES = ("table.png", "article.png", "receipt.png")

EPILOG = """\b
Examples:
  make bench-gpu                                            all of it, in an environment made of the wheels in wheels/
  python -m benchmarks.gpu ../shared/data                   with token F1 on labelled images
  python -m benchmarks.gpu --profile cpu --budget 60        does it work? No GPU is needed
  make bench-gpu OPTIONS="--model-repository tiny --output gpu-tiny"
                                                            another pair, exported into tiny/ and carried along

\b
What is written to --output, again after each measurement:
  report.md        all of the tables
  levels.csv       throughput, latencies, use of GPU and cores over concurrency; throughput.png
  steps.csv        what each model took of it: waiting, working, calls in a run, CPU time; steps.png
  upper_bounds.csv decoding on all cores, the models alone
  memory.csv       the GPU's memory over mixed pages
  changes.csv      throughput with other numbers of instances and delays, kept where they gain
  server-*.log     the server's own messages
"""


def lack(profile: str) -> str:
    """What this machine lacks for a profile; nothing if it lacks nothing."""
    try:
        layout.choose(profile, requirements.check_gpu)
    except StartError as error:
        return str(error)
    return ""


@click.command(epilog=EPILOG)
@click.argument("data", required=False, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--set", "set_name", metavar="NAME", help="The set of DATA that is sent.  [default: the first]")
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    type=click.Choice([CPU, *PROFILES]),
    default=PROFILES,
    help="Only this one; may be repeated.  [default: gpu and tensorrt]",
)
@click.option("--budget", "budget_s", default=540.0, show_default=True, help="Seconds for everything.")
@click.option("--load", "load_s", default=5.0, show_default=True, help="Seconds at each level of load.")
@click.option(
    "--concurrency",
    "concurrencies",
    multiple=True,
    type=click.IntRange(1),
    default=CONCURRENCIES,
    help="Requests under way; may be repeated.  [default: 1 to 64]",
)
@click.option(
    "--mixed",
    default=10_000,
    show_default=True,
    type=click.IntRange(0),
    help="Pages of many sizes that are read while the GPU's memory is watched, as far as there is time; 0 for none.",
)
@click.option("--layouts/--no-layouts", "with_layouts", default=True, help="Try other layouts in what time is left.")
@options.model_repository
@options.output("the results", "gpu")
def main(
    data: Path | None,
    set_name: str | None,
    profiles: tuple[str, ...],
    budget_s: float,
    load_s: float,
    concurrencies: tuple[int, ...],
    mixed: int,
    with_layouts: bool,
    root: Path,
    output: Path,
) -> None:
    """Measure the profiles for GPUs on this machine, on DATA (labelled images) or on the samples.

    Each profile: throughput and latencies over HTTP, accuracy, and upper bounds; the first one over gRPC, too, with
    mixed pages, of which memory might grow, and with other layouts. What there is no time for is left out, and listed.
    Progress goes to stderr, the report to stdout.
    """
    budget = Budget(budget_s)
    try:
        repository = Repository(root.resolve())
    except StartError as error:
        raise click.ClickException(str(error)) from error
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")  # the figures are of one GPU
    lacking = {profile: lack(profile) for profile in profiles}
    fit = [profile for profile in profiles if not lacking[profile]]
    if not fit:
        raise click.ClickException(lacking[profiles[0]])
    sets = find_sets(data.resolve()) if data else {}
    images = choose_images(sets, set_name)
    output.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        watch, sending = stack.enter_context(GpuWatch()), stack.enter_context(clients(images))
        benchmark = GpuBenchmark(repository, output.resolve(), images, budget, load_s, watch, sending)
        benchmark.report.notes += filter(None, lacking.values())
        for profile in fit:
            benchmark.profile(
                profile,
                ("HTTP", "gRPC") if profile == fit[0] else ("HTTP",),
                concurrencies,
                list(sets.values()),
                mixed if profile == fit[0] else 0,
            )
        if with_layouts:
            benchmark.changes(fit[0])
    if budget.left_out:
        benchmark.report.notes.append(f"Left out for lack of time: {'; '.join(budget.left_out)}.")
    click.echo(benchmark.save())
    if not benchmark.report.levels:
        raise click.ClickException(f"nothing could be measured: {'; '.join(benchmark.report.notes)}")
    click.echo(f"All results are in {output}", err=True)


def choose_images(sets: Mapping[str, Path], name: str | None) -> list[bytes]:
    """The encoded images to send: those of one of the sets, or the samples that are full of text.

    Raises:
        click.UsageError: There is no such set.
    """
    if not sets:
        return [(SAMPLES / page).read_bytes() for page in PAGES]
    if name and name not in sets:
        raise click.UsageError(f"--set names {name}; there are {', '.join(sets)}")
    return [image.path.read_bytes() for image in read_set(sets[name or next(iter(sets))])]


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.gpu")
