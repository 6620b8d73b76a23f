"""`python -m benchmarks.perf_analyzer FOLDER [IMAGE…]`: what NVIDIA's load generators need to measure a server."""

import shlex
from pathlib import Path

import click

from benchmarks.baselines import perf_analyzer
from benchmarks.common import options
from benchmarks.common.images import MIXED_SAMPLES
from benchmarks.perf_analyzer.recipe import CONFIGURATION, Target, perf_analyzer_line, write
from downloads import DownloadError
from ocr_launch.errors import StartError
from ocr_launch.repository import Repository

EPILOG = """\b
Examples:
  python -m benchmarks.perf_analyzer load                three samples, the server at localhost:8000
  python -m benchmarks.perf_analyzer load scans/*.jpg    images of your own
  bash load/perf_analyzer.sh                             runs what was printed

perf_analyzer is the one on PATH. Where there is none, it comes from the wheel of tritonclient 2.50.0, with the
libraries that it is linked to, libb64 and CUDA's runtime, from the wheel of the server that `make demo` fetches.
"""
SCRIPT = "perf_analyzer.sh"


@click.command(epilog=EPILOG)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@options.images
@options.url
@click.option("--grpc-url", default="localhost:8001", envvar="OCR_GRPC_URL", show_envvar=True, show_default=True)
@click.option("--metrics-url", default="localhost:8002", show_default=True)
@click.option("--concurrency", type=click.IntRange(1), default=4, show_default=True, help="Requests under way at once.")
@click.option("--requests", type=click.IntRange(1), default=48, show_default=True, help="It ends after so many.")
@options.model_repository
def main(
    folder: Path,
    images: tuple[Path, ...],
    url: str,
    grpc_url: str,
    metrics_url: str,
    concurrency: int,
    requests: int,
    root: Path,
) -> None:
    """Write into FOLDER what perf_analyzer is to send, and print the lines that run it and Model Analyzer."""
    try:
        repository = Repository(root)
        (detector,) = (name for name in repository.onnx_models if name not in repository.called)
        target = Target(url, grpc_url, metrics_url, detector, repository.recognizer)
        command = perf_analyzer.find()
    except (DownloadError, StartError) as error:
        raise click.ClickException(str(error)) from error
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    write(target, images or MIXED_SAMPLES, folder)
    line = perf_analyzer_line(target, folder, command, concurrency, max(requests, concurrency))
    (folder / SCRIPT).write_text(f"exec {line}\n", encoding="utf-8")
    click.echo(line)
    click.echo(f"model-analyzer profile --config-file {shlex.quote(str(folder / CONFIGURATION))}")


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.perf_analyzer")
