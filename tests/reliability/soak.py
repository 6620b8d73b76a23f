"""`make soak`: does memory stay flat over many requests of mixed sizes, and come back after a burst of large pages?

An embedded server reads images that are cut and scaled from the samples: mostly words and lines, so that there are many
requests, with whole samples, dense pages and photos among them. The first ones are large, so that each process has met
such before the first mark. Between rounds nothing is under way, and the memory of
every process is noted. Status 1: more than `--growth` per cent grew after the mark that `--warm` sets, or more than a
tenth is kept of the burst, or an answer is wrong.
"""

import io
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random

import click
from PIL import Image
from tabulate import tabulate

from ocr_client import OcrClient, OcrError
from ocr_client.ordered import map_ordered
from server.triton import TritonServer
from tests.project import MODEL_REPOSITORY, SAMPLES
from tests.reliability.memory import SHM, SUM, look

MARKS = (1_000, 5_000, 10_000, 20_000)
CLIENTS = 4
ROUND = 500
BURST_PAGES, BURST_CLIENTS = 64, 16
BURST_BOUND_PERCENT = 10.0
TIMEOUT_S = 300.0
# Of a thousand requests, so many are cuts of at most so many pixels in width and height, so many are whole samples, and
# one is a photo: every round of a thousand costs the same.
CUTS = ((900, (320, 48)), (84, (400, 200)))
WHOLE = (
    ("label.png", 6),
    ("street.jpg", 4),
    ("receipt.png", 2),
    ("blank.png", 1),
    ("table.png", 1),
    ("article.png", 1),
)
# So many large ones come first.
LARGE = ("article.png", "table.png", "receipt.png")
LARGE_ROUNDS = 8
PHOTO_PX = (4000, 3000)


@dataclass
class Soak:
    """What was seen.

    Attributes:
        used_mb: By the number of requests, and "burst"; see `memory.look`.
        wrong: Answers that differ from the first one for the same image.
        errors: What was said instead of an answer.
    """

    used_mb: dict[str, Mapping[str, float]] = field(default_factory=dict)
    wrong: int = 0
    errors: list[str] = field(default_factory=list)


def draw_stock(random: Random) -> list[bytes]:
    """A thousand image files in random order."""
    samples = [Image.open(SAMPLES / name).convert("RGB") for name, _ in WHOLE]
    stock = [_cut(random, random.choice(samples), largest) for count, largest in CUTS for _ in range(count)]
    stock += [(SAMPLES / name).read_bytes() for name, count in WHOLE for _ in range(count)]
    stock.append(draw_photo())
    random.shuffle(stock)
    return stock


def draw_photo() -> bytes:
    """A street as a telephone takes it, 12 megapixels."""
    return _encoded(Image.open(SAMPLES / "street.jpg").resize(PHOTO_PX), "JPEG")


def large_page() -> bytes:
    """A dense page at twice its size."""
    page = Image.open(SAMPLES / "article.png").convert("L")
    return _encoded(page.resize((2 * page.width, 2 * page.height)), "PNG")


def soak(
    server: TritonServer,
    requests: int,
    marks: Sequence[int],
    *,
    round_size: int = ROUND,
    large_rounds: int = LARGE_ROUNDS,
    burst_pages: int = BURST_PAGES,
) -> Soak:
    """Send so many requests, then the burst, and note what memory the server has.

    Args:
        server: Of the embedded kind.
        requests: How many.
        marks: After so many requests memory is noted.
        round_size: So many are sent between two looks.
        large_rounds: So many times the large ones come first.
        burst_pages: Of the burst.
    """
    seen, texts = Soak(), dict[bytes, str]()
    stock = draw_stock(Random(12))
    with OcrClient(server.url, timeout_s=TIMEOUT_S) as client:
        large = [draw_photo(), *((SAMPLES / name).read_bytes() for name in LARGE)] * large_rounds
        _send(client, large, texts, seen, BURST_CLIENTS)
        for done in range(0, requests, round_size):
            first = len(large) if done == 0 else 0
            round_ = [stock[number % len(stock)] for number in range(done, min(done + round_size, requests))][first:]
            _send(client, round_, texts, seen, CLIENTS)
            _note(server, seen, done + first + len(round_), marks)
        _send(client, [large_page()] * burst_pages, texts, seen, BURST_CLIENTS)
        seen.used_mb["burst"] = _look(server)
    return seen


def growth_percent(seen: Soak, what: str, before: str, after: str) -> float:
    """By how much something has grown between two marks."""
    return 100 * (seen.used_mb[after][what] / seen.used_mb[before][what] - 1)


def table(seen: Soak, before: str, after: str) -> str:
    """In Markdown: MB by process and in sum."""
    rows = [
        (
            what,
            *(f"{used[what]:.0f}" for used in seen.used_mb.values()),
            f"{growth_percent(seen, what, before, after):+.1f} %",
        )
        for what in seen.used_mb[after]
    ]
    columns = [f"after {mark}" if mark == "burst" else f"{int(mark):,}" for mark in seen.used_mb]
    return str(tabulate(rows, ["MB", *columns, f"{int(before):,} to {int(after):,}"], "github", disable_numparse=True))


def breaches(
    seen: Soak, before: str, after: str, bound_percent: float, burst_percent: float = BURST_BOUND_PERCENT
) -> Iterator[str]:
    """What does not hold, a sentence each."""
    for what in (SUM, SHM):
        if (percent := growth_percent(seen, what, before, after)) > bound_percent:
            yield f"{what} has grown by {percent:.1f} % from request {before} on; the bound is {bound_percent:g} %"
        if (percent := growth_percent(seen, what, after, "burst")) > burst_percent:
            yield f"{what} has {percent:.1f} % more after the burst; the bound is {burst_percent:g} %"
    if seen.wrong:
        yield f"{seen.wrong} answers were not the first one for the same image"
    if seen.errors:
        yield f"{len(seen.errors)} requests failed: {seen.errors[0]}"


def _send(client: OcrClient, images: Sequence[bytes], texts: dict[bytes, str], seen: Soak, at_once: int) -> None:
    for image, answer in zip(images, map_ordered(partial(_read, client), images, at_once), strict=True):
        if isinstance(answer, OcrError):
            seen.errors.append(str(answer))
        else:
            seen.wrong += texts.setdefault(image, answer) != answer


def _read(client: OcrClient, image: bytes) -> str | OcrError:
    try:
        return client.read(image).text
    except OcrError as error:
        return error


def _note(server: TritonServer, seen: Soak, done: int, marks: Sequence[int]) -> None:
    used_mb = _look(server)
    if done in marks:
        seen.used_mb[str(done)] = used_mb
    click.echo(f"{done:6} requests: {' '.join(f'{what} {mb:.0f}' for what, mb in used_mb.items())}", err=True)


def _look(server: TritonServer) -> Mapping[str, float]:
    return look(server.pid, server.log.parent.name)  # regions are named after the server's folder


def _cut(random: Random, sample: Image.Image, largest: tuple[int, int]) -> bytes:
    width, height = (random.randint(least, most) for least, most in zip((64, 24), largest, strict=True))
    left, top = random.randint(0, sample.width - width), random.randint(0, sample.height - height)
    return _encoded(sample.crop((left, top, left + width, top + height)), random.choice(("PNG", "JPEG")))


def _encoded(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


@click.command()
@click.option("--requests", default=MARKS[-1], show_default=True, help="How many.")
@click.option("--warm", default=MARKS[0], show_default=True, help="From this request on memory is to be flat.")
@click.option("--growth", default=2.0, show_default=True, help="Per cent that it may grow from there.")
def main(requests: int, warm: int, growth: float) -> None:
    """Send many images of mixed sizes to an embedded server, and print its memory."""
    marks = sorted({warm, *(mark for mark in MARKS if mark < requests), requests})
    start_s = time.monotonic()
    with TritonServer(MODEL_REPOSITORY) as server:
        click.echo(server.layout, err=True)
        seen = soak(server, requests, marks)
    click.echo(f"{requests} requests and a burst of {BURST_PAGES} pages in {time.monotonic() - start_s:.0f} s\n")
    click.echo(table(seen, str(warm), str(requests)))
    broken = list(breaches(seen, str(warm), str(requests), growth))
    click.echo("\n".join(broken), err=True)
    sys.exit(bool(broken))


if __name__ == "__main__":
    main(prog_name="python -m tests.reliability.soak")
