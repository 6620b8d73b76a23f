"""deploy/compose starts three servers of the image, spreads images over them, and loses none with one of them."""

import time
from collections.abc import Iterator

import pytest

from ocr_client import OcrClient
from tests.image.compose import SERVERS, Composed, composed
from tests.image.image import Image
from tests.project import SAMPLES

pytestmark = pytest.mark.compose
LABEL = SAMPLES / "label.png"
TEXT = (SAMPLES / "label.txt").read_text(encoding="utf-8").rstrip("\n")
START_S, POLL_S = 600, 1.0
IMAGES, CLIENTS = 30, 6


@pytest.fixture(scope="module")
def deployed(image: Image) -> Iterator[Composed]:
    """All of them read."""
    with composed(image) as started:
        until = time.monotonic() + START_S
        while not all(is_ready(started, server) for server in SERVERS):
            assert time.monotonic() < until, started.messages()
            time.sleep(POLL_S)
        yield started


def is_ready(deployed: Composed, server: str) -> bool:
    try:
        deployed.run("exec", "-T", server, "ocr-health", "ready")
    except RuntimeError:
        return False
    return True


@pytest.mark.parametrize(("scheme", "port"), [("http", 8000), ("grpc", 8001)])
def test_images_are_spread_over_all_servers(deployed: Composed, scheme: str, port: int) -> None:
    before = [deployed.answered(server) for server in SERVERS]
    assert read(f"{scheme}://{deployed.address(port)}") == [TEXT] * IMAGES
    read_by = [deployed.answered(server) - count for server, count in zip(SERVERS, before, strict=True)]
    assert sum(read_by) >= IMAGES  # a server that has nothing to do reads an image of its own now and then
    assert min(read_by) >= IMAGES // 6


def test_a_server_that_is_killed_costs_no_image(deployed: Composed) -> None:
    with OcrClient(deployed.address(8000), timeout_s=START_S) as client:
        results = client.read_many([LABEL] * IMAGES, concurrency=CLIENTS)
        texts = [next(results).unwrap().text for _ in range(IMAGES // 3)]
        deployed.kill("ocr-2")
        texts += [result.unwrap().text for result in results]
    assert texts == [TEXT] * IMAGES
    assert read(f"grpc://{deployed.address(8001)}") == [TEXT] * IMAGES


def read(url: str) -> list[str]:
    with OcrClient(url, timeout_s=START_S) as client:
        return [result.unwrap().text for result in client.read_many([LABEL] * IMAGES, concurrency=CLIENTS)]
