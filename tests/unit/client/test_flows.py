"""When a client tries again, and how long everything takes together: the flows, with a clock that a test turns."""

from typing import Any

import pytest

from ocr_client import OcrError, ServerFault, ServerOverloaded, ServerUnreachable
from ocr_client.calls import Infer
from ocr_client.flows import LEAST_RETRY_PART, Ask, Encode, Flows, Pause
from ocr_client.settings import Settings

CALL_S = 0.2


class Server:
    """Fails every inference; each takes `CALL_S`. `left_s` are the seconds that each may take."""

    def __init__(self, *errors: OcrError, **options: Any) -> None:
        self.errors, self.now_s, self.left_s = list(errors), 0.0, list[float]()
        self.flows = Flows(Settings.of("box:8000", **options), lambda: self.now_s)

    def read(self) -> OcrError:
        """What a client raises in the end; the last of the errors comes again and again."""
        flow = self.flows.read(b"image", {}, None)
        action = next(flow)
        try:
            while True:
                action = self.perform(flow, action)
        except OcrError as error:
            return error

    def perform(self, flow: Any, action: Any) -> Any:
        """Do it; gives the next action."""
        match action:
            case Encode(image):
                return flow.send(image)
            case Pause(seconds):
                self.now_s += seconds
                return flow.send(None)
            case Ask(call=Infer(timeout_s=left_s)):
                assert left_s
                self.left_s.append(left_s)
                self.now_s += min(CALL_S, left_s)
                return flow.throw(self.errors.pop(0) if len(self.errors) > 1 else self.errors[0])
        raise AssertionError(action)


@pytest.mark.parametrize("timeout_s", [0.05, 1, 10, 60, 3600])
def test_an_overloaded_server_is_asked_again_until_the_time_is_over(timeout_s: float) -> None:
    busy = ServerOverloaded("busy")
    server = Server(busy, timeout_s=timeout_s)
    assert server.read() is busy
    assert timeout_s - 5 - LEAST_RETRY_PART * timeout_s <= server.now_s <= timeout_s
    assert len(server.left_s) == 1 or timeout_s > 0.5
    assert len(server.left_s) > 3 or timeout_s < 10


def test_each_attempt_has_what_the_earlier_ones_have_left() -> None:
    server = Server(ServerOverloaded("busy"), timeout_s=10)
    server.read()
    assert server.left_s[0] == 10
    for earlier, later in zip(server.left_s, server.left_s[1:], strict=False):
        assert LEAST_RETRY_PART * 10 < later <= earlier - CALL_S


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_an_unreachable_server_is_asked_again_as_often_as_the_caller_says(retries: int) -> None:
    server = Server(ServerUnreachable("nobody"), retries=retries)
    assert type(server.read()) is ServerUnreachable
    assert len(server.left_s) == 1 + retries


def test_a_server_that_is_overloaded_and_then_gone_is_tried_as_often_as_one_that_is_gone() -> None:
    server = Server(*[ServerOverloaded("busy")] * 4, ServerUnreachable("nobody"), retries=2)
    assert type(server.read()) is ServerUnreachable
    assert len(server.left_s) == 4 + 1 + 2


@pytest.mark.parametrize(
    ("error", "retries"), [(ServerOverloaded("busy"), 0), (ServerFault("broken"), 3)], ids=["never", "a fault"]
)
def test_what_is_not_to_be_tried_again_is_not(error: OcrError, retries: int) -> None:
    server = Server(error, retries=retries)
    assert server.read() is error
    assert len(server.left_s) == 1
