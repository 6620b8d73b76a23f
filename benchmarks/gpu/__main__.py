"""`python -m benchmarks.gpu`: the profiles for GPUs on this machine, beside what bounds them, in one run."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from benchmarks.accuracy.__main__ import find_sets, load_set
from benchmarks.common import options
from benchmarks.gpu.budget import Budget
from benchmarks.gpu.clients import clients
from benchmarks.gpu.device import GpuWatch
from benchmarks.gpu.measurements import GpuBench
from benchmarks.latency.growth import SAMPLES
from server import layout
from server.errors import StartError

PROFILES = ("gpu", "tensorrt")
CONCURRENCIES = (1, 2, 4, 8, 16, 32, 64)
# Pages full of text, as forms are.
PAGES = ("table.png", "article.png", "receipt.png")

EPILOG = """\b
Examples:
  make bench-gpu                                            all of it, in an environment made of the wheels in wheels/
  python -m benchmarks.gpu ../shared/data                   with token F1 on labelled images
  python -m benchmarks.gpu --profile cpu --budget 60        does it work? No GPU is needed

\b
What is written to --output, again after each measurement:
  report.md        all of the tables
  levels.csv       throughput, latencies, the GPU's and the cores' load over concurrency; throughput.png
  steps.csv        what each model took of it: waiting, working, calls in a run, CPU time; steps.png
  limits.csv       decoding on all cores, the models alone
  variants.csv     throughput with other numbers of instances and delays, kept where they gain
  server-*.log     the server's own messages
"""


def lack(profile: str) -> str:
    """What this machine lacks for a profile; nothing if it lacks nothing."""
    try:
        layout.choose(profile)
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
    type=click.Choice(["cpu", *PROFILES]),
    default=PROFILES,
    help="Only this one; may be given several times.  [default: gpu and tensorrt]",
)
@click.option("--budget", "budget_s", default=540.0, show_default=True, help="Seconds for everything.")
@click.option("--load", "load_s", default=5.0, show_default=True, help="Seconds of each load.")
@click.option(
    "--concurrency", "levels", multiple=True, type=click.IntRange(1), default=CONCURRENCIES, help="[default: 1 to 64]"
)
@click.option("--sweep/--no-sweep", "with_sweep", default=True, help="Try other layouts in what time is left.")
@options.model_repository
@options.output("the results", "gpu")
def main(
    data: Path | None,
    set_name: str | None,
    profiles: tuple[str, ...],
    budget_s: float,
    load_s: float,
    levels: tuple[int, ...],
    with_sweep: bool,
    repository: Path,
    output: Path,
) -> None:
    """Measure the profiles for GPUs on this machine, on DATA (labelled images) or on the samples.

    Of each profile throughput and latencies over HTTP, accuracy, of the first one gRPC, and the limits; then other
    layouts of the first. What there is no time for is left out, and told. Progress goes to stderr, the report to
    stdout.
    """
    budget = Budget(budget_s)
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")  # the figures are of one GPU
    lacking = {profile: lack(profile) for profile in profiles}
    fit = [profile for profile in profiles if not lacking[profile]]
    if not fit:
        raise click.ClickException(lacking[profiles[0]])
    sets = find_sets(data.resolve()) if data else []
    images = choose_images(sets, set_name)
    output.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        watch, sending = stack.enter_context(GpuWatch()), stack.enter_context(clients(images))
        bench = GpuBench(repository.resolve(), output.resolve(), images, budget, load_s, watch, sending)
        bench.report.notes += filter(None, lacking.values())
        for profile in fit:
            bench.profile(profile, ("HTTP", "gRPC") if profile == fit[0] else ("HTTP",), levels, sets)
        if with_sweep:
            bench.sweep(fit[0])
    if budget.left_out:
        bench.report.notes.append(f"Left out for lack of time: {'; '.join(budget.left_out)}.")
    click.echo(bench.save())
    if not bench.report.levels:
        raise click.ClickException(f"nothing could be measured: {'; '.join(bench.report.notes)}")
    click.echo(f"All results are in {output}", err=True)


def choose_images(sets: Sequence[Path], name: str | None) -> list[bytes]:
    """The encoded images to send: a set's, or the samples that are full of text.

    Raises:
        click.UsageError: There is no such set.
    """
    if not sets:
        return [(SAMPLES / page).read_bytes() for page in PAGES]
    by_name = {path.name: path for path in sets}
    if name and name not in by_name:
        raise click.UsageError(f"--set names {name}; there are {', '.join(by_name)}")
    return [image.path.read_bytes() for image in load_set(by_name[name or next(iter(by_name))])]


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.gpu")
