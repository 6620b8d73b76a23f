"""What is read in labelled images, judged: token F1 of a data set."""

import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.labels import LabelledImage
from benchmarks.accuracy.token_f1 import Counts, compare, outside
from ocr_client import OcrClient, OcrError, Page

Read = Callable[[Path], Page]


@dataclass(frozen=True, slots=True)
class Score:
    """What a data set gave.

    Attributes:
        name: The folder's.
        images: How many there are.
        precision: Micro-averaged over tokens, like recall and f1; 0 to 1.
        recall: See above.
        f1: See above.
        seconds_per_image: Wall-clock time of the whole set over its images, at the concurrency asked for.
    """

    name: str
    images: int
    precision: float
    recall: float
    f1: float
    seconds_per_image: float


def judge(image: LabelledImage, page: Page) -> Counts:
    """Compare what was read with what is there."""
    return compare((line.text for line in outside(page.lines, image.ignored)), image.texts)


def measure(name: str, images: Sequence[LabelledImage], read: Read, concurrency: int) -> Score:
    """Have all images read and judge them, showing progress on stderr.

    Whatever `read` raises ends it: a score over the other images would flatter.
    """
    start_s = time.perf_counter()
    with ThreadPoolExecutor(concurrency) as pool:
        pages = pool.map(read, [image.path for image in images])
        with click.progressbar(pages, length=len(images), label=name, file=sys.stderr) as bar:
            counts = sum(map(judge, images, bar), Counts())
    wall_s = time.perf_counter() - start_s
    return Score(
        name=name,
        images=len(images),
        precision=counts.precision,
        recall=counts.recall,
        f1=counts.f1,
        seconds_per_image=wall_s / max(len(images), 1),
    )


def read_by(client: OcrClient, path: Path, pixels: NDArray[np.uint8] | None = None) -> Page:
    """Have a server read an image.

    Args:
        client: Asks the server.
        path: The image.
        pixels: (height, width, 3) uint8 RGB, sent in its place.

    Raises:
        click.ClickException: It cannot; the message names the image.
    """
    try:
        return client.read(path if pixels is None else pixels)
    except OcrError as error:
        raise click.ClickException(f"{path}: {error}") from error
