"""Several real servers: both clients and the command share the work among them, and lose nothing when one ends."""

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from ocr_client import ServerTimeout, ServerUnreachable, flows
from ocr_client.cli import main
from tests.blocking import Client
from tests.unit.client.command import add, ocr

if TYPE_CHECKING:
    from tests.unit.client.conftest import FakeTriton

LIMIT_S = 30


def urls(tritons: "Sequence[FakeTriton]", *others: str) -> str:
    return ",".join([*others, *(triton.url for triton in tritons)])


def release_when_each_has(count: int, tritons: "Sequence[FakeTriton]") -> threading.Thread:
    """Hold all answers until every server has so many requests at the same time."""
    has_come = [threading.Event() for _ in tritons]

    def run() -> None:
        for event in has_come:
            event.wait(LIMIT_S)
        for triton in tritons:
            triton.released.set()

    for triton, event in zip(tritons, has_come, strict=True):
        triton.on_turns, triton.on_inference = {count - 1}, event.set
    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_many_images_keep_all_servers_equally_busy(tritons: "list[FakeTriton]", kind: type[Client]) -> None:
    waiting = release_when_each_has(4, tritons)
    with kind(urls(tritons)) as client:
        texts = [result.unwrap().text for result in client.read_many([f"slow {n}".encode() for n in range(12)])]
    waiting.join()
    assert texts == [f"slow {n}" for n in range(12)]
    # Each had its four at the same time.
    assert [len(triton.asked) for triton in tritons] == [4, 4, 4]


def test_a_server_that_ends_loses_nothing(tritons: "list[FakeTriton]", kind: type[Client]) -> None:
    ending = tritons[0]

    def end() -> None:
        ending.status, ending.echoing = None, False

    ending.on_turns, ending.on_inference = {5}, end
    images = [f"image {n}".encode() for n in range(60)]
    with kind([triton.url for triton in tritons]) as client:
        texts = [result.unwrap().text for result in client.read_many(images)]
    assert texts == [image.decode() for image in images]
    assert ending.status is None
    assert 6 <= len(ending.asked) < 20


def test_addresses_at_which_nobody_is_are_passed_over(
    tritons: "list[FakeTriton]", kind: type[Client], nobody: str
) -> None:
    with kind(urls(tritons[:1], nobody), retries=0) as client:
        assert [client.read(b"image").text for _ in range(6)] == ["image"] * 6
        assert client.ready()
        assert client.server_info is not None


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of someone who takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less patience with a server that is silent."""
    monkeypatch.setattr(flows, "READY_S", 0.05)


@pytest.mark.usefixtures("hurried")
def test_an_address_that_never_answers_is_passed_over(
    tritons: "list[FakeTriton]", kind: type[Client], silent: str
) -> None:
    with kind(urls(tritons[:1], silent)) as client:
        assert [client.read(b"image").text for _ in range(6)] == ["image"] * 6
        assert client.ready()


@pytest.mark.usefixtures("hurried")
def test_addresses_that_never_answer_are_named(kind: type[Client], silent: str, nobody: str) -> None:
    with kind([silent, nobody], timeout_s=0.3) as client, pytest.raises(ServerTimeout) as caught:
        client.read(b"image")
    assert str(caught.value) == (
        f"http://{silent} did not say within 0.05 s whether it is ready: check host and port, and whether it runs; "
        f"no answer from http://{nobody}, either"
    )


def test_servers_that_are_all_gone_are_named(kind: type[Client], nobody: str) -> None:
    with kind([nobody, f"http://{nobody}/below"], retries=1) as client, pytest.raises(ServerUnreachable) as caught:
        client.read(b"image")
    assert str(caught.value).startswith("no OCR server at http://")
    assert str(caught.value).count(nobody) == 2
    assert "; no answer from http://" in str(caught.value)


@pytest.mark.parametrize("status", [401, 403])
def test_servers_that_tell_nobody_whether_they_are_ready_get_images(
    tritons: "list[FakeTriton]", kind: type[Client], status: int
) -> None:
    for triton in tritons:
        triton.status = status
    with kind(urls(tritons), retries=0) as client:
        assert client.read(b"image").text == "image"
        assert not client.ready()


def test_shared_memory_takes_one_server(kind: type[Client]) -> None:
    for several in (["a:8000", "b:8000"], "dns:///ocr:8001"):
        with pytest.raises(ValueError, match=r"shared_memory takes one server, on this machine, got .*: leave it out$"):
            kind(several, shared_memory=True)


@pytest.mark.parametrize("written", ["with commas", "repeated", "in the environment"])
def test_the_command_takes_several_servers(
    tritons: "list[FakeTriton]", scans: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    add(*(f"scans/{n}.png" for n in range(9)))
    several = [triton.url for triton in tritons]
    arguments: list[str] = []
    if written == "with commas":
        arguments = ["--url", ", ".join(several)]
    elif written == "repeated":
        arguments = [word for url in several for word in ("--url", url)]
    else:
        monkeypatch.setenv("OCR_URL", ", ".join(several))
    result = ocr(str(scans), "--format", "text", "--concurrency", "1", *arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.split() == [*map(str, range(9)), "a", "b"]
    assert sorted(len(triton.asked) for triton in tritons) == [3, 4, 4]


def test_the_command_says_what_is_no_address() -> None:
    result = ocr("a.png", "--url", "box:8000,ftp://box")
    assert result.exit_code == 2
    assert "'ftp://box' is not the address of a server: write host:port" in result.stderr


def test_status_shows_each_server(tritons: "list[FakeTriton]", nobody: str) -> None:
    for triton in tritons[:2]:
        triton.echoing = False
        triton.answer_page(["OCR 123"])
        triton.routes = {"/v2": {"name": "triton", "version": "2.51.0"}, "/v2/repository/index": []}
    named = ["--url", urls(tritons[:2]), "--url", nobody]
    told = CliRunner().invoke(main, ["status", *named])
    assert told.exit_code == 1
    for triton in tritons[:2]:
        assert f"http://{triton.url}  triton 2.51.0  ready" in told.stdout
    assert f"no OCR server at http://{nobody} (Connection refused)" in told.stderr
    shown = [json.loads(line) for line in CliRunner().invoke(main, ["status", "--json", *named]).stdout.splitlines()]
    assert [(server["url"], server["ready"]) for server in shown] == [
        (f"http://{tritons[0].url}", True),
        (f"http://{tritons[1].url}", True),
        (f"http://{nobody}", False),
    ]
    assert f"no OCR server at http://{nobody}" in shown[2]["problems"][0]
