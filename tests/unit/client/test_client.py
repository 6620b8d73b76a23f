"""Both clients against a real HTTP server that answers as Triton does."""

import asyncio
import math
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ocr_client import (
    AsyncOcrClient,
    BadImage,
    BadRequest,
    OcrClient,
    OcrError,
    ServerFault,
    ServerOverloaded,
    ServerTimeout,
    ServerUnreachable,
    Tls,
)
from tests.blocking import CLIENTS, Client

if TYPE_CHECKING:
    from tests.unit.client.conftest import FakeTriton


@pytest.fixture(params=CLIENTS)
def kind(request: pytest.FixtureRequest) -> type[Client]:
    return CLIENTS[request.param]


@pytest.fixture
def client(triton: "FakeTriton", kind: type[Client]) -> Iterator[Client]:
    with kind(triton.url, retries=0) as client:
        yield client


def test_bytes_go_out_and_a_page_comes_back(triton: "FakeTriton", client: Client) -> None:
    triton.answer_page(["Größe 字", "12.50"], size_hw=(30, 40))
    page = client.read(b"\x89PNG")
    assert page.text == "Größe 字\n12.50"
    assert (page.width, page.height) == (40, 30)
    assert page.lines[1].quad == ((1, 0), (2, 0), (2, 1), (1, 1))
    assert (page.lines[1].confidence, page.lines[1].score) == (0.98, 0.75)
    [(request, content)] = triton.asked
    assert content == b"\x89PNG"
    assert [(i["name"], i["datatype"], i["shape"]) for i in request["inputs"]] == [("image", "UINT8", [4])]


def test_only_the_options_given_become_parameters(triton: "FakeTriton", client: Client) -> None:
    triton.answer_page([])
    client.read(b"image", quad_threshold=0.5, unclip_ratio=None)
    client.read(b"image")
    assert triton.asked[0][0]["parameters"] == {"quad_threshold": 0.5}
    assert "parameters" not in triton.asked[1][0]


def test_a_page_without_text_has_no_lines(triton: "FakeTriton", client: Client) -> None:
    triton.answer_page([])
    assert client.read(b"image").lines == ()


@pytest.mark.parametrize("path", [str, Path])
def test_an_image_may_be_a_path(triton: "FakeTriton", client: Client, tmp_path: Path, path: type[str | Path]) -> None:
    triton.answer_page(["a"])
    (tmp_path / "a.png").write_bytes(b"content")
    client.read(path(tmp_path / "a.png"))
    assert triton.asked[0][1] == b"content"


def test_a_missing_file_is_pythons_own_error(client: Client, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        client.read(tmp_path / "none.png")


def test_an_unknown_option_is_an_error(client: Client) -> None:
    with pytest.raises(TypeError, match="unknown option threshold"):
        client.read(b"image", threshold=1)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, BadRequest), (404, ServerFault), (500, ServerFault), (501, ServerFault), (503, ServerOverloaded)],
)
def test_a_refusal_is_an_error_with_the_servers_words(
    triton: "FakeTriton", client: Client, status: int, error: type[OcrError]
) -> None:
    triton.answer_error(status, "in ensemble 'ocr_ensemble', it is so")
    with pytest.raises(error, match="it is so") as caught:
        client.read(b"image")
    assert "in ensemble" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"outputs": []}'])
@pytest.mark.parametrize("status", [200, 502])
def test_an_answer_that_is_not_tritons_is_a_server_fault(
    triton: "FakeTriton", client: Client, status: int, body: bytes
) -> None:
    triton.status, triton.body = status, body
    with pytest.raises(ServerFault):
        client.read(b"image")


def test_a_connection_that_breaks_makes_the_server_unreachable(triton: "FakeTriton", client: Client) -> None:
    triton.status = None
    with pytest.raises(ServerUnreachable, match=triton.url):
        client.read(b"image")


def test_a_client_works_again_after_a_failure(triton: "FakeTriton", client: Client) -> None:
    for status in (None, 400, 500):
        triton.status = status
        with pytest.raises(OcrError):
            client.read(b"image")
    triton.answer_page(["a"])
    assert client.read(b"image").text == "a"


@pytest.mark.parametrize("scheme", ["", "http://", "https://"])
def test_no_server_is_told_with_what_to_do(kind: type[Client], nobody: str, scheme: str) -> None:
    address = f"{scheme or 'http://'}{nobody}"
    with kind(scheme + nobody) as client, pytest.raises(ServerUnreachable) as caught:
        client.read(b"image")
    assert f"no OCR server at {address} (Connection refused): start one with" in str(caught.value)


def test_silence_is_a_timeout(kind: type[Client]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"127.0.0.1:{silent.getsockname()[1]}"
        with (
            kind(url, timeout_s=0.05) as client,
            pytest.raises(ServerTimeout, match=r"no answer within 0.05 s: wait longer"),
        ):
            client.read(b"image")


@pytest.mark.parametrize(("status", "ready"), [(200, True), (400, False), (503, False), (None, False)])
def test_a_server_is_ready_when_it_says_so(
    triton: "FakeTriton", client: Client, status: int | None, ready: bool
) -> None:
    triton.status = status
    assert client.ready() is ready


def test_no_server_is_not_ready(kind: type[Client], nobody: str) -> None:
    with kind(nobody) as client:
        assert not client.ready()


def test_a_request_has_an_id_that_a_failure_names(triton: "FakeTriton", client: Client) -> None:
    triton.answer_error(500, "internal error")
    with pytest.raises(ServerFault, match="see the server's log for request page-7"):
        client.read(b"image", request_id="page-7")
    with pytest.raises(ServerFault):
        client.read(b"image")
    first, second = (asked["id"] for asked, _ in triton.asked)
    assert first == "page-7"
    assert len(second) == 32


def test_headers_go_with_every_request(triton: "FakeTriton", kind: type[Client]) -> None:
    with kind(triton.url, headers={"Authorization": "Bearer 7"}) as client:
        client.ready()
        triton.answer_page([])
        client.read(b"image")
    assert [headers["authorization"] for headers in triton.headers] == ["Bearer 7"] * 2


@pytest.mark.parametrize("status", [429, 503])
def test_an_overloaded_server_is_asked_again(triton: "FakeTriton", kind: type[Client], status: int) -> None:
    triton.answer_page(["a"])
    triton.failures = [status, status]
    with kind(triton.url, retries=2) as client:
        assert client.read(b"image").text == "a"
    assert len(triton.asked) == 3
    assert len({asked["id"] for asked, _ in triton.asked}) == 1


def test_a_broken_connection_is_tried_again(triton: "FakeTriton", kind: type[Client]) -> None:
    triton.status = None
    with kind(triton.url, retries=2) as client, pytest.raises(ServerUnreachable):
        client.read(b"image")
    assert len(triton.asked) == 3


@pytest.mark.parametrize("status", [400, 404, 500])
def test_no_other_failure_is_tried_again(triton: "FakeTriton", kind: type[Client], status: int) -> None:
    triton.answer_error(status, "it is so")
    with kind(triton.url, retries=2) as client, pytest.raises(OcrError):
        client.read(b"image")
    assert len(triton.asked) == 1


def test_a_timeout_is_not_tried_again(triton: "FakeTriton", kind: type[Client]) -> None:
    triton.echoing = True
    with kind(triton.url, retries=2, timeout_s=0.05) as client, pytest.raises(ServerTimeout):
        client.read(b"slow one")
    assert len(triton.asked) == 1


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
    assert [asked["parameters"] for asked, _ in triton.asked] == [{"min_confidence": 0.25}] * 2
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


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"timeout_s": 0}, ValueError, "timeout_s is more than 0"),
        ({"timeout_s": math.inf}, ValueError, "timeout_s is more than 0"),
        ({"retries": -1}, ValueError, "retries is 0 or more, got -1"),
        ({"colour": 1}, TypeError, "colour"),
    ],
)
def test_a_client_refuses_options_that_make_no_sense(
    kind: type[Client], options: dict[str, Any], error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        kind("localhost:8000", **options)


def test_a_file_that_is_no_certificate_is_told_at_once(kind: type[Client]) -> None:
    with pytest.raises(ssl.SSLError):
        kind("https://localhost:8000", tls=Tls(ca_file=__file__))


def test_a_base_path_comes_before_tritons(triton: "FakeTriton", kind: type[Client]) -> None:
    triton.routes = {"/ocr/v2": {"name": "behind a proxy", "version": "1"}}
    with kind(f"{triton.url}/ocr/") as client:
        assert client.server_info().name == "behind a proxy"
