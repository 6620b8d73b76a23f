"""Many images at once, and many who share a client."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ocr_client import AsyncOcrClient, BadImage, OcrClient
from tests.blocking import Client

if TYPE_CHECKING:
    from tests.unit.client.conftest import FakeTriton


def test_many_images_give_results_in_their_order(triton: "FakeTriton", client: Client, tmp_path: Path) -> None:
    triton.echoing = True
    (tmp_path / "b.png").write_bytes(b"b")
    images: list[Any] = [
        b"a",
        tmp_path / "b.png",
        b"c",
        BytesIO(b"d"),
        *(f"page {number}".encode() for number in range(20)),
    ]
    results = list(client.read_many(images, concurrency=3))
    assert [result.unwrap().text for result in results] == ["a", "b", "c", "d", *(f"page {n}" for n in range(20))]
    assert [result.index for result in results] == [*range(24)]
    assert [result.name for result in results[:3]] == ["image 0", str(tmp_path / "b.png"), "image 2"]
    assert all(result.error is None for result in results)


def test_an_image_that_fails_is_a_result_among_the_others(triton: "FakeTriton", client: Client) -> None:
    triton.echoing = True
    images: list[Any] = [b"a", b"bad", "missing.png", None, b"b"]
    first, bad, missing, nothing, last = client.read_many(images)
    assert (first.unwrap().text, last.unwrap().text) == ("a", "b")
    assert (type(bad.error), str(bad.error), bad.page) == (BadImage, "these 3 bytes are no image", None)
    assert (type(missing.error), missing.name) == (FileNotFoundError, "missing.png")
    assert type(nothing.error) is TypeError
    with pytest.raises(BadImage):
        bad.unwrap()


def test_what_is_wrong_with_all_images_is_no_result(client: Client) -> None:
    with pytest.raises(ValueError, match="map_threshold is between 0 and 1"):
        client.read_many([b"a"], map_threshold=2)
    with pytest.raises(TypeError, match="unknown option threshold"):
        client.read_many([b"a"], threshold=2)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="concurrency is 1 or more, got 0"):
        client.read_many([b"a"], concurrency=0)
    for one in ("a.png", b"content"):
        with pytest.raises(TypeError, match="put a single one into a list, or use read"):
            client.read_many(one)  # type: ignore[arg-type]


def test_options_go_with_each_of_many_images(triton: "FakeTriton", client: Client) -> None:
    triton.answer_page([])
    list(client.read_many([b"a", b"b"], min_confidence=0.25))
    assert [asked["parameters"]["min_confidence"] for asked, _ in triton.asked] == [0.25] * 2
    assert len({asked["id"] for asked, _ in triton.asked}) == 2


def test_threads_may_share_a_client(triton: "FakeTriton") -> None:
    triton.echoing = True
    names = [f"page {number}" for number in range(40)]
    with OcrClient(triton.url) as client, ThreadPoolExecutor(8) as pool:
        pages = pool.map(lambda name: client.read(name.encode()), names)
        assert [page.text for page in pages] == names


def test_tasks_may_share_a_client_and_images_may_come_one_by_one(triton: "FakeTriton") -> None:
    triton.echoing = True

    async def images() -> AsyncIterator[bytes]:
        for name in (b"a", b"b"):
            await asyncio.sleep(0)
            yield name

    async def read() -> list[str]:
        async with AsyncOcrClient(triton.url) as client:
            one, two = await asyncio.gather(client.read(b"1"), client.read(b"2"))
            many = [result.unwrap().text async for result in client.read_many(images())]
            return [one.text, two.text, *many]

    assert asyncio.run(read()) == ["1", "2", "a", "b"]


def test_a_cancelled_task_gives_its_request_up(triton: "FakeTriton") -> None:
    triton.echoing = True

    async def read() -> None:
        async with AsyncOcrClient(triton.url) as client:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.read(b"slow one"), 0.05)
            assert (await client.read(b"next")).text == "next"

    asyncio.run(read())
