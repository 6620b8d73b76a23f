"""`python -m benchmarks.latency.regression_check`: has the server begun to cost far more than its models?

No timed test: service and models alone run the same three images in turn, so that a slow machine slows both.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import click

from benchmarks.baselines.baseline import Contestant, Models, Service
from benchmarks.upper_bound.__main__ import Limit
from ocr_client import OcrClient, OcrError

SAMPLES = Path(__file__).parent.parent.parent / "samples"
# A receipt is mostly recognition, a street mostly detection, a label a bit of both.
IMAGES = [SAMPLES / name for name in ("receipt.png", "street.jpg", "label.png")]
CONCURRENCY = 4
ROUNDS = 5
# Each round all images so often, so that there is always a next one for the cores.
REPEATS = 2
MIN_SHARE = 0.7


def share_of_limit(service: Contestant, models: Contestant, paths: Sequence[Path], rounds: int) -> float:
    """Throughput of the service over that of the models: the median round, for what else runs here spoils some."""
    service.read(paths)  # the first request of a new width costs more
    return median(_share(service, models, paths) for _ in range(rounds))


def _share(service: Contestant, models: Contestant, paths: Sequence[Path]) -> float:
    ours_s = service.read(paths).seconds
    return models.read(paths).seconds / ours_s


@click.command()
@click.option("--url", default="localhost:8000", envvar="OCR_URL", show_envvar=True, show_default=True)
@click.option("--min-share", default=MIN_SHARE, show_default=True, help="Fail below this.")
def main(url: str, min_share: float) -> None:
    """Print the throughput of a running server over that of its models alone; fail on a gross loss."""
    try:
        with OcrClient(url) as client, Limit() as limit:
            service, models = Service("HTTP", client, CONCURRENCY), Models(limit, CONCURRENCY)
            share = share_of_limit(service, models, IMAGES * REPEATS, ROUNDS)
    except (FileNotFoundError, OcrError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Throughput over that of the models alone, {CONCURRENCY} at once: {share:.2f} (at least {min_share:g})")
    sys.exit(share < min_share)


if __name__ == "__main__":
    main()
