"""`make archive`: a cluster of three Ray nodes reads drawn pages; one is killed. Is a page lost, or there twice?"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click
from PIL import Image, ImageDraw, ImageFont

from server.triton import TritonServer
from tests.project import MODEL_REPOSITORY, ROOT
from tests.ray_environment import RAY

SIZE_WH, FONT_PX = (200, 48), 26


def draw(folder: Path, count: int) -> None:
    """Draw so many pages, each with a number of its own, in files of one and of ten pages in turn."""
    folder.mkdir()
    number = 0
    while number < count:
        pages = [_page(number + place) for place in range(min(10 if number % 20 == 10 else 1, count - number))]
        pages[0].save(folder / f"{number:06}.tif", save_all=True, append_images=pages[1:], compression="tiff_lzw")
        number += len(pages)


def _page(number: int) -> Image.Image:
    image = Image.new("L", SIZE_WH, 255)
    ImageDraw.Draw(image).text((12, 8), f"No {number:06}", 0, ImageFont.load_default(FONT_PX))
    return image


@click.command()
@click.option("--pages", default=2000, show_default=True, help="How many are read.")
@click.option("--url", help="Of a server that runs; by default, an embedded one is started.")
def main(pages: int, url: str | None) -> None:
    """Print a table of pages in, out, twice, wrong and with errors, and of memory; status 1 if one is lost."""
    with tempfile.TemporaryDirectory() as folder:
        draw(Path(folder) / "scans", pages)
        installed = Path(folder) / "client"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
        subprocess.run([*pip, "--target", installed, ROOT / "client"], check=True)  # noqa: S603 - our own
        if url:
            sys.exit(_run(Path(folder), installed, pages, url))
        with TritonServer(MODEL_REPOSITORY) as server:
            status = _run(Path(folder), installed, pages, server.url)
        sys.exit(status)


def _run(folder: Path, installed: Path, pages: int, url: str) -> int:
    program, _without_pythonpath = RAY.command()
    environment = {**os.environ, "PYTHONPATH": f"{installed}:{ROOT}"}
    command = [program, "-m", "tests.reliability.archive_cluster", folder / "scans", folder / "out", str(pages), url]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode  # noqa: S603 - our own


if __name__ == "__main__":
    main()
