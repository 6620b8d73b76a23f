"""The `ocr` command: results on stdout, everything else on stderr."""

import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ocr_client.client import OcrClient
from ocr_client.errors import OcrError, ServerUnreachable
from ocr_client.options import RANGES
from ocr_client.overlay import draw_overlay
from ocr_client.results import Page

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ocr_client.options import ReadOptions

IMAGE_SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}

EXAMPLES = """\b
Examples:
  ocr read receipt.jpg                      confidence and text, line by line
  ocr read scans/ --json > pages.jsonl      one JSON document per image
  ocr read scans/ --json | jq -r '.lines[].text'
  ocr read photo.jpg --overlay drawn        draw what was read into drawn/photo.png
  ocr read photo.jpg --url gpu-box:8000     ask another server; OCR_URL sets it for good
  ocr read faint.png --map-threshold 0.2 --min-confidence 0
                                            look harder, and show doubtful lines, too

\b
Exit status: 0 everything was read, 1 something was not (see stderr), 2 wrong usage.
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="ocr-triton", prog_name="ocr")
def main() -> None:
    """Read the text in images with an OCR server (`make serve` starts one)."""


@main.command(epilog=EXAMPLES)
@click.argument("images", nargs=-1, required=True, metavar="IMAGE...", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--url",
    default="localhost:8000",
    envvar="OCR_URL",
    show_envvar=True,
    show_default=True,
    help="HTTP address of the server.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one document (and line) per image.")
@click.option(
    "--overlay",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Draw the boxes, and the text beside them, into PNG files in DIR.",
)
@click.option(
    "--quad-threshold",
    type=click.FloatRange(*RANGES["quad_threshold"]),
    metavar="X",
    help="Drop boxes that the detector scores below this.",
)
@click.option(
    "--map-threshold",
    type=click.FloatRange(*RANGES["map_threshold"]),
    metavar="X",
    help="Level above which a pixel counts as text; lower finds fainter text.",
)
@click.option(
    "--unclip-ratio",
    type=click.FloatRange(*RANGES["unclip_ratio"]),
    metavar="X",
    help="How far boxes grow beyond the core of the text.",
)
@click.option(
    "--min-confidence",
    type=click.FloatRange(*RANGES["min_confidence"]),
    metavar="X",
    help="Drop lines that are read with less confidence.",
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(0, min_open=True),
    default=60,
    show_default=True,
    metavar="S",
    help="Seconds to wait for the server.",
)
@click.pass_context
def read(
    ctx: click.Context,
    images: tuple[Path, ...],
    url: str,
    as_json: bool,
    overlay: Path | None,
    timeout_s: float,
    **options: "Unpack[ReadOptions]",
) -> None:
    """Print the text in each IMAGE: a file, or a folder for the images in it.

    Options left out take the server's defaults.
    """
    paths = [path for image in images for path in _files(image)]
    pictures = _picture_paths(paths, overlay) if overlay else {}
    failed = False
    with _connect(url, timeout_s) as client:
        for path in paths:
            page = _read_page(client, path, pictures.get(path), options)
            if page is None:
                failed = True
            else:
                _print_page(path, page, as_json=as_json, with_name=len(paths) > 1)
    ctx.exit(1 if failed else 0)


def _files(image: Path) -> list[Path]:
    if not image.is_dir():
        return [image]
    files = sorted(path for path in image.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)
    if not files:
        raise click.UsageError(f"no images in {image} (looked for {', '.join(sorted(IMAGE_SUFFIXES))})")
    return files


def _picture_paths(paths: list[Path], folder: Path) -> dict[Path, Path]:
    """Choose the PNG in the folder for every image; no two may share one, and none may be an image itself."""
    pictures = {path: folder / f"{path.stem}.png" for path in paths}
    picture, count = Counter(pictures.values()).most_common(1)[0]
    if count > 1:
        raise click.UsageError(f"{count} images would be drawn into {picture}: read them one by one")
    images = {path.resolve() for path in paths}
    if clash := [picture for picture in pictures.values() if picture.resolve() in images]:
        raise click.UsageError(f"the overlay would replace the image {clash[0]}: choose another --overlay")
    return pictures


def _connect(url: str, timeout_s: float) -> OcrClient:
    try:
        return OcrClient(url, timeout_s=timeout_s)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--url") from error


def _read_page(client: OcrClient, path: Path, picture: Path | None, options: "ReadOptions") -> Page | None:
    """Read an image and draw its picture; if that fails, say so and return None."""
    try:
        page = client.read(path, **options)
        if picture:
            _save_overlay(path, page, picture)
    except ServerUnreachable as error:  # nor would it be reachable for the next image
        raise click.ClickException(str(error)) from error
    except (OcrError, OSError, ValueError) as error:
        click.echo(f"{path}: {error}", err=True)
        return None
    return page


def _save_overlay(path: Path, page: Page, picture: Path) -> None:
    picture.parent.mkdir(parents=True, exist_ok=True)
    draw_overlay(path, page).save(picture)
    click.echo(f"{path}: drawn into {picture}", err=True)


def _print_page(path: Path, page: Page, *, as_json: bool, with_name: bool) -> None:
    if as_json:
        click.echo(json.dumps({"image": str(path), **page.to_dict()}, ensure_ascii=False))
        return
    if with_name:
        _print_styled(click.style(f"==> {path} <==", bold=True))
    for line in page.lines:
        number = f"{line.confidence:.2f}"
        doubtful = line.confidence < 0.9
        _print_styled(f"{click.style(number, fg='yellow') if doubtful else number}  {line.text}")
    if not page.lines:
        click.echo(f"{path}: no text found", err=True)


def _print_styled(text: str) -> None:
    # Where stdout is no terminal, click takes the colours out itself.
    click.echo(text, color=False if os.environ.get("NO_COLOR") else None)
