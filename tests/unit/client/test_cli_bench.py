"""`ocr bench`: what it sends, and what it makes of the answers."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from ocr_client import BadImage, OcrClient, Page, ServerTimeout
from ocr_client.cli import main
from ocr_client.cli.load import Load

PAGE = Page(width=1, height=1, lines=())


class Clock:
    """Stands still but when it is told."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now_s


def test_latencies_are_told_by_percentiles_and_images_are_sent_in_turn() -> None:
    clock, sent = Clock(), []

    def read(image: bytes) -> None:
        sent.append(image)
        clock.now_s += len(sent)  # 1 s, 2 s, … 5 s

    speed = Load(read, [b"a", b"b"], requests=5, clock=clock).run(1)
    assert sent == [b"a", b"b", b"a", b"b", b"a"]
    assert (speed.requests, speed.seconds) == (5, 15)
    assert speed.images_per_s == pytest.approx(1 / 3)
    assert speed.latency_ms == pytest.approx({"p50": 3000, "p90": 4600, "p99": 4960})


def test_no_request_begins_after_the_duration_and_the_last_is_waited_for() -> None:
    clock = Clock()

    def read(_image: bytes) -> None:
        clock.now_s += 4

    speed = Load(read, [b"a"], duration_s=10, clock=clock).run(1)
    assert (speed.requests, speed.seconds) == (3, 12)


def test_failures_are_counted_by_kind_and_do_not_flatter() -> None:
    clock = Clock()

    def read(image: bytes) -> None:
        clock.now_s += 1
        if image == b"slow":
            raise ServerTimeout("too long")
        if image == b"bad":
            raise BadImage("no image")

    speed = Load(read, [b"good", b"bad", b"slow", b"bad"], requests=4, clock=clock).run(1)
    assert speed.errors == {"BadImage": 2, "ServerTimeout": 1}
    assert speed.messages == {"BadImage": "no image", "ServerTimeout": "too long"}
    assert (speed.requests, speed.images_per_s) == (4, 0.25)
    assert speed.latency_ms == {"p50": 1000, "p90": 1000, "p99": 1000}


def test_nothing_sent_is_no_division_by_zero() -> None:
    speed = Load(lambda _: None, [b"a"], requests=0, clock=Clock()).run(2)
    assert (speed.requests, speed.images_per_s, speed.latency_ms) == (0, 0, {})


def test_as_many_requests_are_under_way_as_asked_for() -> None:
    all_there = threading.Barrier(3, timeout=10)
    speed = Load(lambda _: all_there.wait(), [b"a"], requests=3).run(3)
    assert (speed.requests, speed.errors) == (3, {})


def test_any_other_error_ends_it() -> None:
    def read(_image: bytes) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Load(read, [b"a"], duration_s=1000).run(2)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    Image.new("RGB", (8, 8), "white").save(path)
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs the command; every second image cannot be read."""
    numbers = iter(range(1000))

    def read(_client: OcrClient, _image: bytes) -> Page:
        if next(numbers) % 2:
            raise BadImage("the image is damaged")
        return PAGE

    monkeypatch.setattr(OcrClient, "read", read)
    return lambda *arguments: CliRunner().invoke(main, ["bench", *map(str, arguments)])


def test_the_command_tells_figures_and_failures(run: Callable[..., Result], image: Path) -> None:
    done = run(image, "--requests", 5, "--warm-up", 3)
    first, second, third = done.stdout.splitlines()
    assert first.endswith(" s, 1 different image")
    assert ", 1 at once: 5 requests in " in first
    assert second.startswith("latency in ms: p50 ")
    assert third == "3 × BadImage: the image is damaged"  # the warm-up had the first of them
    assert done.exit_code == 1


def test_the_command_tells_json_on_demand(run: Callable[..., Result], image: Path) -> None:
    done = run(image, "--requests", 1, "--warm-up", 0, "--format", "json")
    told = json.loads(done.stdout)
    assert (told["requests"], told["errors"], done.exit_code) == (1, {}, 0)
    assert list(told["latency_ms"]) == ["p50", "p90", "p99"]


def test_where_nothing_can_be_read_nothing_is_measured(image: Path) -> None:
    done = CliRunner().invoke(main, ["bench", str(image), "--url", "localhost:1"])
    assert done.exit_code == 1
    assert "no OCR server at http://localhost:1" in done.stderr


def test_what_is_no_file_is_wrong_usage() -> None:
    done = CliRunner().invoke(main, ["bench", "nothing.png"])
    assert (done.exit_code, "nothing.png does not exist" in done.stderr) == (2, True)
