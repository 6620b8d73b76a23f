"""`python -m tests.reliability.fairness`: how long small pages take alone, and beside pages of about 2,000 lines."""

import io
import threading
from contextlib import suppress
from pathlib import Path

import click
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from tabulate import tabulate

from ocr_client import OcrClient, ServerTimeout
from server.triton import TritonServer
from tests.project import MODEL_REPOSITORY, SAMPLES
from tests.reliability.load import load

ROWS, COLUMNS = 100, 20
ROW_PX, COLUMN_PX = 26, 100


def large_page() -> bytes:
    """A page with 2,000 numbers, each a line of its own."""
    image = Image.new("L", (COLUMN_PX * COLUMNS + 40, ROW_PX * ROWS + 40), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(17)
    for number in range(ROWS * COLUMNS):
        row, column = divmod(number, COLUMNS)
        draw.text((20 + COLUMN_PX * column, 20 + ROW_PX * row), str(number + 1000), "black", font)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def small_pages(url: str, large: bytes, large_clients: int, seconds: float, counted: list[int]) -> list[float]:
    """Seconds that small pages take for one client, while others send large ones one after the other."""
    label = (SAMPLES / "label.png").read_bytes()
    over = threading.Event()

    def keep_sending() -> None:
        with OcrClient(url, timeout_s=seconds + 30) as client:
            while not over.is_set():
                with suppress(ServerTimeout):  # on a slow machine
                    counted.append(len(client.read(large).lines))

    others = [threading.Thread(target=keep_sending) for _ in range(large_clients)]
    for other in others:
        other.start()
    outcomes = load(url, {label: label_text(url)}, clients=1, duration_s=seconds, timeout_s=60)
    over.set()
    for other in others:
        other.join()
    return outcomes.attempts["answered"]


def label_text(url: str) -> str:
    """What the server reads on the small page."""
    with OcrClient(url) as client:
        return client.read(SAMPLES / "label.png").text


@click.command()
@click.option("--seconds", default=30.0, show_default=True, help="Of each measurement.")
@click.option("--page", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Another large page.")
def main(seconds: float, page: Path | None) -> None:
    """Print the times of a small page beside none, one and four clients with large ones."""
    large, rows = page.read_bytes() if page else large_page(), []
    with TritonServer(MODEL_REPOSITORY) as server:
        for clients in (0, 1, 4):
            counted: list[int] = []
            taken_s = small_pages(server.url, large, clients, seconds, counted)
            p50, p95 = np.percentile(taken_s, (50, 95))
            rows.append((clients, len(taken_s), f"{p50:.2f} s", f"{p95:.2f} s", len(counted), max(counted, default=0)))
    names = ("clients with large pages", "small pages read", "p50", "p95", "large pages read", "lines of a large page")
    click.echo(tabulate(rows, names, "github"))


if __name__ == "__main__":
    main()
