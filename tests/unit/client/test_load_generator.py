"""Requests as fast as they are answered, and the figures of them."""

import threading

import pytest

from ocr_client import BadImage, ServerTimeout
from ocr_client.load_generator import LoadGenerator


class Clock:
    """Stands still but when it is told."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """The time."""
        return self.now_s


def test_latencies_are_given_as_percentiles_and_images_are_sent_in_turn() -> None:
    clock, sent = Clock(), []

    def read(image: bytes) -> None:
        sent.append(image)
        clock.now_s += len(sent)  # 1 s, 2 s, … 5 s

    speed = LoadGenerator(read, [b"a", b"b"], requests=5, clock=clock).run(1)
    assert sent == [b"a", b"b", b"a", b"b", b"a"]
    assert (speed.requests, speed.seconds) == (5, 15)
    assert speed.images_per_s == pytest.approx(1 / 3)
    assert speed.latency_ms == {"p50": 3000}, "a higher percentile of five requests would be the slowest one's time"


@pytest.mark.parametrize(("requests", "told"), [(9, 1), (10, 2), (99, 2), (100, 3)])
def test_a_percentile_is_told_from_as_many_requests_as_it_needs(requests: int, told: int) -> None:
    clock = Clock()

    def read(_image: bytes) -> None:
        clock.now_s += 1

    speed = LoadGenerator(read, [b"a"], requests=requests, clock=clock).run(1)
    assert list(speed.latency_ms) == ["p50", "p90", "p99"][:told]


def test_no_request_begins_after_the_duration_and_the_last_is_waited_for() -> None:
    clock = Clock()

    def read(_image: bytes) -> None:
        clock.now_s += 4

    speed = LoadGenerator(read, [b"a"], duration_s=10, clock=clock).run(1)
    assert (speed.requests, speed.seconds) == (3, 12)


def test_failures_are_counted_by_kind_and_do_not_flatter() -> None:
    clock = Clock()

    def read(image: bytes) -> None:
        clock.now_s += 1
        if image == b"slow":
            raise ServerTimeout("too long")
        if image == b"bad":
            raise BadImage("no image")

    speed = LoadGenerator(read, [b"good", b"bad", b"slow", b"bad"], requests=4, clock=clock).run(1)
    assert speed.errors == {"BadImage": 2, "ServerTimeout": 1}
    assert speed.messages == {"BadImage": "no image", "ServerTimeout": "too long"}
    assert (speed.requests, speed.images_per_s) == (4, 0.25)
    assert speed.latency_ms == {"p50": 1000}


def test_nothing_sent_is_no_division_by_zero() -> None:
    speed = LoadGenerator(lambda _: None, [b"a"], requests=0, clock=Clock()).run(2)
    assert (speed.requests, speed.images_per_s, speed.latency_ms) == (0, 0, {})


def test_as_many_requests_are_under_way_as_asked_for() -> None:
    all_there = threading.Barrier(3, timeout=10)
    speed = LoadGenerator(lambda _: all_there.wait(), [b"a"], requests=3).run(3)
    assert (speed.requests, speed.errors) == (3, {})


def test_any_other_error_ends_it() -> None:
    def read(_image: bytes) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        LoadGenerator(read, [b"a"], duration_s=1000).run(2)
