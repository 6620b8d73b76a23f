"""`python -m benchmarks.latency.regression_check`: fails where the server costs far more than its models.

It times nothing by itself: service and models alone run the same three images in turn, so that a slow machine slows
both.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import click

from benchmarks.baselines.baseline import Baseline, Service, UpperBound
from benchmarks.common import options
from benchmarks.common.images import MIXED_SAMPLES
from benchmarks.upper_bound.models_alone import ModelsAlone
from ocr_client import OcrClient, OcrError
from ocr_core.errors import NotExported
from ocr_launch.errors import StartError

CONCURRENCY = 4
ROUNDS = 5
# Each round all images so often, so that there is always a next one for the cores.
REPEATS = 2
MIN_SHARE = 0.7

EPILOG = """\b
Example:
  python -m server --profile cpu -- python -m benchmarks.latency.regression_check

The throughput of the service over that of its models alone hardly depends on the machine: 1 would be a server
that costs nothing, 0.9 is usual. The median of five rounds counts.
"""


def share_of_upper_bound(service: Baseline, models: Baseline, paths: Sequence[Path], rounds: int) -> float:
    """Throughput of the service over that of the models: the median round, for what else runs here spoils some."""
    service.read(paths)  # warm-up
    return median(_share(service, models, paths) for _ in range(rounds))


def _share(service: Baseline, models: Baseline, paths: Sequence[Path]) -> float:
    service_s = service.read(paths).seconds
    return models.read(paths).seconds / service_s


@click.command(epilog=EPILOG)
@options.url
@click.option("--min-share", default=MIN_SHARE, show_default=True, help="Fail below this.")
@options.model_repository
def main(url: str, min_share: float, root: Path) -> None:
    """Print the throughput of a running server over that of its models alone; status 1 if that is far too low."""
    try:
        with OcrClient(url) as client, ModelsAlone(root) as models:
            service, alone = Service("HTTP", client, CONCURRENCY), UpperBound(models, CONCURRENCY)
            share = share_of_upper_bound(service, alone, MIXED_SAMPLES * REPEATS, ROUNDS)
    except (NotExported, OcrError, StartError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Throughput over that of the models alone, {CONCURRENCY} at once: {share:.2f} (at least {min_share:g})")
    sys.exit(share < min_share)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.latency.regression_check")
