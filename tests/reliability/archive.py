"""`make archive`: a cluster of three Ray nodes reads drawn pages; one is killed. Is a page lost, or there twice?"""

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import click
from PIL import Image, ImageDraw, ImageFont

from server.triton import TritonServer
from tests.project import MODEL_REPOSITORY, ROOT
from tests.ray_environment import RayPython, beside_the_server, client_alone

SIZE_WH, FONT_PX = (200, 48), 26
# Of Ray's messages.
MOST_CHARACTERS = 4000


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
@click.option("--on-nodes", is_flag=True, help="An embedded server on each node, which ends with it.")
def main(pages: int, url: str | None, on_nodes: bool) -> None:
    """Print a table of pages in, out, twice, wrong and with errors, and of memory; status 1 if one is lost."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        draw(folder / "scans", pages)
        (folder / "python").mkdir()
        if on_nodes:
            python, url = beside_the_server(folder / "python"), "nodes"
        else:
            python = client_alone(folder / "python")
            url = url or stack.enter_context(TritonServer(MODEL_REPOSITORY)).url
        sys.exit(_run(folder, python, pages, url))


def _run(folder: Path, python: RayPython, pages: int, url: str) -> int:
    """Read them where Ray is; its own messages are shown only if it fails."""
    arguments: list[str | Path] = [folder / "scans", folder / "out", str(pages), url]
    paths = ":".join(filter(None, [python.environment.get("PYTHONPATH"), str(ROOT)]))
    messages = folder / "messages"
    with messages.open("wb") as file:
        status = subprocess.run(  # noqa: S603 - our own
            [python.program, "-m", "tests.reliability.archive_cluster", *arguments],
            cwd=ROOT,
            env={**python.environment, "PYTHONPATH": paths},
            stderr=file,
            check=False,
        ).returncode
    if status:
        click.echo(messages.read_text(encoding="utf-8", errors="replace")[-MOST_CHARACTERS:], err=True)
    return status


if __name__ == "__main__":
    main()
