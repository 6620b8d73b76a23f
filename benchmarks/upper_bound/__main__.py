"""`python -m benchmarks.upper_bound IMAGE…`: how fast the models alone are, without a server."""

from pathlib import Path

import click

from benchmarks.common import options
from benchmarks.common.images import MIXED_SAMPLES
from benchmarks.upper_bound.models_alone import ModelsAlone
from ocr_core.errors import NotExported
from ocr_launch.errors import StartError

EPILOG = """\b
Examples:
  python -m benchmarks.upper_bound                     three samples
  python -m benchmarks.upper_bound form.png photo.jpg  images of your own

The served ONNX graphs run in this process, on the tensors that the pipeline makes of the images, with the instances
and threads that the server gives them on this machine's CPU. Decoding, boxes, crops and text are done beforehand or not
at all. No server can be faster with these graphs in ONNX Runtime.
"""


@click.command(epilog=EPILOG)
@options.images
@click.option("--concurrency", type=click.IntRange(1), default=4, show_default=True, help="Pages under way at once.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True, help="Times that all IMAGES are run.")
@options.model_repository
def main(images: tuple[Path, ...], concurrency: int, repeats: int, root: Path) -> None:
    """Print how many IMAGES per second the models alone can do (by default three samples)."""
    try:
        models = ModelsAlone(root)
    except (NotExported, StartError) as error:
        raise click.ClickException(str(error)) from error
    with models:
        pages = [models.prepare(path.read_bytes()) for path in images or MIXED_SAMPLES]
        seconds = models.measure(pages * repeats, concurrency)
    click.echo(f"{len(pages) * repeats / seconds:.2f} images/s")


if __name__ == "__main__":
    main(prog_name="python -m benchmarks.upper_bound")
