"""Draws every sample: `python -m samples.draw` writes the images and their texts beside this file."""

import io
from collections.abc import Iterable
from pathlib import Path

import click
import numpy as np
from PIL import Image as Pillow

from samples import demo
from samples.article import draw_article
from samples.label import draw_label
from samples.paper import draw_blank
from samples.receipt import draw_receipt
from samples.sample import Image, Sample
from samples.street import draw_street
from samples.table import draw_table

FOLDER = Path(__file__).parent
DRAWINGS = (draw_street, draw_receipt, draw_label, draw_table, draw_article, draw_blank)
JPEG_QUALITY = 90
JPEG_TOLERANCE = 2  # mean difference in grey levels within any tile; a decoder may round in its own way
TILE_PX = 32  # small enough that a tile notices a sign or a gable that has changed


def draw_all() -> tuple[Sample, ...]:
    """Every sample, drawn anew; the same versions of Pillow, NumPy and OpenCV draw the same pixels."""
    return tuple(draw() for draw in DRAWINGS)


def encoded(sample: Sample) -> bytes:
    """The image file: a JPEG or a PNG, as the sample's file name says; a PNG without colour is grey."""
    picture, stream = Pillow.fromarray(sample.image_rgb), io.BytesIO()
    if sample.file_name.endswith(".jpg"):
        picture.save(stream, "JPEG", quality=JPEG_QUALITY)
    else:
        grey = bool((sample.image_rgb == sample.image_rgb[:, :, :1]).all())
        picture.convert("L" if grey else "RGB").save(stream, "PNG", optimize=True)
    return stream.getvalue()


def write(samples: Iterable[Sample], folder: Path) -> list[Path]:
    """Writes each image and beside it its text; returns the files."""
    written = []
    for sample in samples:
        image_path, text_path = _paths(sample, folder)
        image_path.write_bytes(encoded(sample))
        text_path.write_bytes(sample.text.encode())
        written += [image_path, text_path]
    return written


def stale(samples: Iterable[Sample], folder: Path) -> list[str]:
    """The names of the files in the folder that are missing or not what the samples say.

    PNGs must have the same pixels; a JPEG may differ by less than `JPEG_TOLERANCE` on average in any tile.
    """
    names = []
    for sample in samples:
        image_path, text_path = _paths(sample, folder)
        if not image_path.is_file() or not _alike(sample, image_path):
            names.append(image_path.name)
        if not text_path.is_file() or text_path.read_bytes() != sample.text.encode():
            names.append(text_path.name)
    return names


def _paths(sample: Sample, folder: Path) -> tuple[Path, Path]:
    image_path = folder / sample.file_name
    return image_path, image_path.with_suffix(".txt")


def _alike(sample: Sample, image_path: Path) -> bool:
    kept_rgb = _decoded(image_path.read_bytes())
    if image_path.suffix == ".png":
        return np.array_equal(kept_rgb, sample.image_rgb)
    drawn_rgb = _decoded(encoded(sample))
    if kept_rgb.shape != drawn_rgb.shape:
        return False
    difference = np.abs(kept_rgb.astype(np.int16) - drawn_rgb).astype(np.uint8)
    tile_means = np.asarray(Pillow.fromarray(difference).reduce(TILE_PX))
    return bool(tile_means.max() < JPEG_TOLERANCE)


def _decoded(content: bytes) -> Image:
    """An image file's pixels: (H, W, 3) uint8 RGB."""
    with Pillow.open(io.BytesIO(content)) as picture:
        return np.asarray(picture.convert("RGB"))


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail where a file is not what would be drawn.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=FOLDER,
    help="The folder of the samples; default: beside this script.",
)
def main(check: bool, output: Path) -> None:
    """Draw the sample images and write them with their texts."""
    samples = draw_all()
    if check:
        names = stale(samples, output)
        if names:
            raise click.ClickException(f"not as drawn: {', '.join(names)}")
        return
    output.mkdir(parents=True, exist_ok=True)
    copies = demo.write_copies(samples, demo.FOLDER) if output == FOLDER else []
    for path in (*write(samples, output), *copies):
        click.echo(f"{path} ({path.stat().st_size:,} bytes)")


if __name__ == "__main__":
    main()
