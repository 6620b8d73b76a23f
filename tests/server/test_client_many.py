"""Hundreds of images: bounded memory, and one bad file among them."""

import tracemalloc
from pathlib import Path

import pytest
from PIL import Image

from ocr_client import BadImage, OcrClient
from tests.blocking import CLIENTS, Client
from tests.triton import Triton

COUNT, CORRUPT = 500, 137
SIDES_PX = range(64, 128)
# So tall that all of them are large against what the interpreter may allocate in between for itself: its table of
# interned strings alone doubles by megabytes in a long run.
HEIGHT_PX = 256


def width(number: int) -> int:
    """Of a page, pixels."""
    return SIDES_PX[number % len(SIDES_PX)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small blank pages, uncompressed, one of them corrupt; neighbours differ in width."""
    folder = tmp_path_factory.mktemp("pages")
    for number in range(COUNT):
        Image.new("RGB", (width(number), HEIGHT_PX), "white").save(folder / f"{number:03}.bmp")
    corrupt = folder / f"{CORRUPT:03}.bmp"
    corrupt.write_bytes(corrupt.read_bytes()[:5000])
    return folder


@pytest.mark.parametrize("kind", CLIENTS.values(), ids=CLIENTS)
def test_one_corrupt_image_among_500_is_named_and_the_others_are_there(
    triton: Triton, folder: Path, kind: type[Client]
) -> None:
    paths = sorted(folder.iterdir())
    with kind(triton.url) as client:
        next(iter(client.read_many(paths[:1])))  # what the first request allocates stays
        tracemalloc.start()
        results = list(client.read_many(paths, concurrency=4))
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    (bad,) = (result for result in results if result.error)
    assert (bad.index, bad.name, type(bad.error)) == (CORRUPT, str(paths[CORRUPT]), BadImage)
    assert f"BMP image of {width(CORRUPT)} x {HEIGHT_PX} pixels is damaged or truncated" in str(bad.error)
    widths = [result.page.width for result in results if result.page]
    assert widths == [width(number) for number in range(COUNT) if number != CORRUPT]
    all_bytes = sum(path.stat().st_size for path in paths)
    assert peak_bytes < all_bytes / 5


def test_a_loop_that_is_left_asks_for_no_more(triton: Triton, folder: Path) -> None:
    asked = triton.calls("image_preprocessing")
    with OcrClient(triton.url) as client:
        for result in client.read_many(sorted(folder.iterdir()), concurrency=2):
            if result.index == 3:
                break
    assert triton.calls("image_preprocessing") - asked < 20
