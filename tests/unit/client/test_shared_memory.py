"""Images in shared memory: a client's actions, performed by hand, and the regions on this machine."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import closing, nullcontext
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner

from ocr_client import (
    BadImage,
    OcrClient,
    OcrError,
    Page,
    ServerFault,
    ServerTimeout,
    ServerUnreachable,
    SharedMemoryUnavailable,
)
from ocr_client.calls import Infer, RegisterRegion, SharedImage, UnregisterRegion
from ocr_client.cli import main
from ocr_client.demo import DemoServer
from ocr_client.failures import UnknownRegion
from ocr_client.flows import Ask, Encode, Flow, Flows, Pause
from ocr_client.settings import Settings
from ocr_client.shared_memory import FOLDER, SMALLEST, Regions

if TYPE_CHECKING:
    from tests.unit.client.conftest import FakeTriton

EMPTY = {
    "texts": np.zeros(0, np.object_),
    "text_confidences": np.zeros(0, np.float32),
    "quads": np.zeros((0, 4, 2), np.float32),
    "quad_scores": np.zeros(0, np.float32),
    "image_size": np.array([48, 64], np.int32),
}
PAGE = Page(width=64, height=48, lines=())


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the place of /dev/shm."""
    monkeypatch.setattr("ocr_client.shared_memory.FOLDER", tmp_path)
    return tmp_path


@pytest.fixture
def flows() -> Flows:
    return Flows(Settings.of("box:8000", shared_memory=True, retries=1))


class Server:
    """Performs a method's actions, and keeps regions as Triton does: by their open files.

    Attributes:
        failures: Errors for the first inferences; each is used up.
        registered: The content of each region.
        read: The images that were to be read.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.failures: list[OcrError] = []
        self.registered: dict[str, Any] = {}
        self.read: list[bytes] = []

    def run(self, flow: Flow[Any]) -> Any:
        """Perform the actions of a method."""
        answer, error = None, None
        while True:
            try:
                action = flow.throw(error) if error else flow.send(answer)
            except StopIteration as end:
                return end.value
            answer, error = None, None
            try:
                answer = self.perform(action)
            except OcrError as failure:
                error = failure

    def perform(self, action: Any) -> Any:
        """Perform one action."""
        match action:
            case Encode(image):
                return image
            case Pause():
                return None
            case Ask(_, RegisterRegion(name, key, byte_size)):
                file = (self.folder / key.removeprefix("/")).open("rb", buffering=0)
                assert len(file.read()) == byte_size
                self.registered[name] = file
                return None
            case Ask(_, UnregisterRegion(name)):
                self.registered.pop(name).close()
                return None
            case Ask(_, request):
                return self.infer(request)
        raise AssertionError(action)

    def infer(self, request: Any) -> Any:
        """Read the image where it lies."""
        if self.failures:
            raise self.failures.pop(0)
        assert isinstance(request, Infer)
        assert isinstance(request.image, SharedImage)
        if request.image.region not in self.registered:
            raise UnknownRegion(request.image.region)
        file = self.registered[request.image.region]
        file.seek(0)
        self.read.append(file.read(request.image.byte_size))
        return EMPTY

    def restart(self) -> None:
        """Forget all regions."""
        for file in self.registered.values():
            file.close()
        self.registered.clear()


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    server = Server(folder)
    yield server
    server.restart()


def test_a_region_is_used_again_and_its_name_is_gone_at_once(flows: Flows, server: Server, folder: Path) -> None:
    for image in (b"a long image", b"short", b"x" * SMALLEST):
        assert server.run(flows.read(image, {}, None)) == PAGE
    assert server.read == [b"a long image", b"short", b"x" * SMALLEST]
    assert len(server.registered) == 1
    assert list(folder.iterdir()) == []


def test_a_larger_image_gets_a_larger_region(flows: Flows, server: Server) -> None:
    server.run(flows.read(b"small", {}, None))
    server.run(flows.read(b"x" * (SMALLEST + 1), {}, None))
    assert len(server.registered) == 2


def test_images_at_the_same_time_have_regions_of_their_own(flows: Flows, server: Server) -> None:
    first, second = flows.read(b"first", {}, None), flows.read(b"second", {}, None)
    calls: list[Any] = []
    for flow in (first, second):
        register = flow.send(server.perform(next(flow)))
        calls.append(flow.send(server.perform(register)))
    assert calls[0].call.image.region != calls[1].call.image.region
    for flow, call in ((second, calls[1]), (first, calls[0])):
        with pytest.raises(StopIteration):
            flow.send(server.perform(call))
    assert server.read == [b"second", b"first"]


def test_a_server_that_was_restarted_gets_the_region_anew(flows: Flows, server: Server) -> None:
    large = b"x" * (SMALLEST + 1)
    for image in (b"before", large):
        server.run(flows.read(image, {}, None))
    server.restart()
    assert server.run(flows.read(b"after", {}, None)) == PAGE
    assert server.read == [b"before", large, b"after"]


def test_a_bad_image_costs_no_region(flows: Flows, server: Server) -> None:
    server.failures = [BadImage("the image is truncated")]
    with pytest.raises(BadImage):
        server.run(flows.read(b"bad", {}, None))
    server.run(flows.read(b"good", {}, None))
    assert len(server.registered) == 1


@pytest.mark.parametrize("failure", [ServerTimeout, ServerFault])
def test_a_region_that_the_server_may_still_read_is_not_written_again(
    flows: Flows, server: Server, failure: type[OcrError]
) -> None:
    server.failures = [failure("…")]
    with pytest.raises(failure):
        server.run(flows.read(b"first", {}, None))
    server.run(flows.read(b"second", {}, None))
    assert len(server.registered) == 2


def test_a_cancelled_request_gives_its_region_up(flows: Flows, server: Server, folder: Path) -> None:
    flow = flows.read(b"image", {}, None)
    flow.send(server.perform(next(flow)))
    flow.close()
    assert list(folder.iterdir()) == []


def test_an_unavailable_server_is_tried_again(flows: Flows, server: Server) -> None:
    server.failures = [ServerUnreachable("…")]
    assert server.run(flows.read(b"image", {}, None)) == PAGE


def test_a_server_that_cannot_open_the_memory_is_reported_with_what_to_do(
    flows: Flows, server: Server, folder: Path
) -> None:
    flow = flows.read(b"image", {}, None)
    flow.send(server.perform(next(flow)))
    with pytest.raises(ServerFault, match="it must run here, in a container with --ipc=host, and as the same user"):
        flow.throw(ServerFault("Unable to open shared memory region"))
    assert list(folder.iterdir()) == []


def test_closing_has_the_server_forget_everything(flows: Flows, server: Server) -> None:
    server.failures = [ServerTimeout("…")]
    with pytest.raises(ServerTimeout):
        server.run(flows.read(b"first", {}, None))
    server.run(flows.read(b"second", {}, None))
    server.run(flows.close())
    assert server.registered == {}


def test_closing_continues_after_a_region_that_is_in_use(flows: Flows, server: Server) -> None:
    for image in (b"small", b"x" * (SMALLEST + 1)):
        server.run(flows.read(image, {}, None))
    closing = flows.close()
    next(closing)
    last = closing.throw(ServerFault("Cannot unregister shared memory region: it is currently in use."))
    assert isinstance(last, Ask)
    assert isinstance(last.call, UnregisterRegion)


def test_closing_after_the_server_has_gone_is_no_error(flows: Flows, server: Server) -> None:
    server.run(flows.read(b"image", {}, None))
    closing = flows.close()
    last = next(closing)
    assert isinstance(last, Ask)
    assert isinstance(last.call, UnregisterRegion)
    with pytest.raises(StopIteration):
        closing.throw(ServerUnreachable("…"))


def test_memory_that_is_full_is_reported_before_anything_is_sent() -> None:
    with pytest.raises(SharedMemoryUnavailable, match="has no room for 4611686018427387904 bytes"):
        Regions().lend(1 << 62)


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """No room for images of more than the smallest region."""

    def allocate(file: int, _offset: int, length: int) -> None:
        if length > SMALLEST:
            raise OSError(errno.ENOSPC, "No space left on device")
        os.truncate(file, length)

    monkeypatch.setattr("os.posix_fallocate", allocate)


FULL = "has no room for 2097152 bytes (No space left on device): make room there, or leave shared_memory out"


@pytest.mark.usefixtures("full")
def test_an_image_without_room_fails_alone(flows: Flows, server: Server, folder: Path) -> None:
    with pytest.raises(SharedMemoryUnavailable) as caught:
        server.run(flows.read(b"x" * (SMALLEST + 1), {}, None))
    assert str(caught.value) == f"{folder} {FULL}"
    server.run(flows.read(b"small", {}, None))
    assert server.read == [b"small"]
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("full")
def test_a_run_of_the_command_continues_after_an_image_without_room(triton: "FakeTriton", tmp_path: Path) -> None:
    images = [tmp_path / name for name in ("a.png", "b.png", "c.png")]
    for image, content in zip(images, (b"a", b"x" * (SMALLEST + 1), b"c"), strict=True):
        image.write_bytes(content)
    triton.answer_page(["Total"])
    arguments = ["read", *map(str, images), "--shared-memory", "--url", triton.url, "--format", "text"]
    done = CliRunner().invoke(main, arguments)
    assert done.stdout == "Total\n\fTotal\n"
    assert done.stderr == f"{images[1]}: {tmp_path} {FULL}\n"
    assert done.exit_code == 1


@pytest.mark.usefixtures("full")
def test_the_demo_shows_that_there_is_no_room(folder: Path) -> None:
    with OcrClient("box:8000", shared_memory=True) as client, DemoServer(lambda: nullcontext(client)) as demo:
        thread = Thread(target=demo.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        with closing(HTTPConnection("127.0.0.1", demo.server_port, timeout=10)) as connection:
            connection.request("POST", "/read", b"x" * (SMALLEST + 1))
            answer = connection.getresponse()
            assert (answer.status, json.load(answer)) == (502, {"error": f"{folder} {FULL}"})
        demo.shutdown()
        thread.join()


def test_a_region_that_cannot_be_written_is_given_up(
    flows: Flows, server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(_file: int, _content: bytes, _offset: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.pwrite", write)
    with pytest.raises(SharedMemoryUnavailable, match="has no room for"):
        server.run(flows.read(b"image", {}, None))
    assert list(folder.iterdir()) == []


def test_a_folder_that_takes_no_file_is_reported(folder: Path) -> None:
    folder.rmdir()
    folder.symlink_to("/proc")
    with pytest.raises(SharedMemoryUnavailable, match=r"cannot be used \(.+\): "):
        Regions().lend(1)


def test_what_is_retired_later_is_not_in_the_names_given_before() -> None:
    """Another thread may retire a region while a client closes."""
    regions = Regions()
    first, second = regions.lend(1), regions.lend(1)
    first.registered = second.registered = True
    regions.retire(first)
    names = regions.retire_idle()
    regions.retire(second)
    assert names == [first.name]
    assert regions.retire_idle() == [first.name, second.name]


def test_a_machine_without_such_memory_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ocr_client.shared_memory.FOLDER", Path("/none"))
    with pytest.raises(SharedMemoryUnavailable, match="shared_memory needs /none, as Linux has it"):
        Regions().lend(1)


def test_it_lies_where_linux_looks_for_it() -> None:
    assert str(FOLDER) == "/dev/shm"  # noqa: S108  that is the point


def test_the_names_left_to_the_server_are_a_list_of_their_own() -> None:
    """Another thread may retire a region while the caller goes through them."""
    regions = Regions()
    early = regions.lend(1)
    early.registered = True
    regions.take_back(early)
    names = regions.retire_idle()
    late = regions.lend(1)
    late.registered = True
    regions.retire(late)
    assert names == [early.name]
    assert regions.retire_idle() == [early.name, late.name]
