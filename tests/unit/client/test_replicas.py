"""Several servers: which is asked, which is left out and until when; with a clock that a test turns."""

import itertools
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from ocr_client import BadImage, BadRequest, OcrError, ServerFault, ServerOverloaded, ServerTimeout, ServerUnreachable
from ocr_client.address import parse_urls
from ocr_client.calls import Infer, IsReady
from ocr_client.flows import LEAST_RETRY_PART, READY_S, Ask, Encode, Flow, Flows, Pause
from ocr_client.replicas import FRESH_S, Replicas
from ocr_client.settings import Settings

URLS = ("http://a:8000", "http://b:8000", "http://c:8000")
A, B, C = URLS
# So long takes a refusal; an answer and a failed connection take no time.
REFUSAL_S = 0.01
GONE, BUSY, FAULT = ServerUnreachable("nobody"), ServerOverloaded("busy"), ServerFault("broken")
# Does not even say whether it is ready.
SILENT = ServerTimeout("silent")
PAGE = {
    "texts": np.zeros(0, object),
    "text_confidences": np.zeros(0, np.float32),
    "quads": np.zeros((0, 4, 2), np.float32),
    "quad_scores": np.zeros(0, np.float32),
    "image_size": np.array([48, 64], np.int32),
}


class Servers:
    """Three servers as a client sees them.

    Attributes:
        troubles: What is the matter with some of them, by their addresses.
        unready: Those which say that they are not ready.
        closed: Those which do not tell.
        now_s: What the clock tells.
        asked: Where each image was sent.
        checked: Who was asked whether it is ready.
        left_s: The time that each image had.
        paused_s: All pauses together.
    """

    def __init__(self, **options: Any) -> None:
        self.troubles: dict[str, OcrError] = {}
        self.unready: set[str] = set()
        self.closed: set[str] = set()
        self.now_s, self.paused_s = 0.0, 0.0
        self.asked: list[str] = []
        self.checked: list[str] = []
        self.left_s: list[float] = []
        self.flows = Flows(Settings.of(URLS, **options), lambda: self.now_s)

    def read(self) -> str:
        """Read an image; who has done it."""
        self.finish(self.flows.read(b"image", {}, None))
        return self.asked[-1]

    def fail(self) -> OcrError:
        """Read an image in vain; why."""
        with pytest.raises(OcrError) as caught:
            self.read()
        return caught.value

    def finish(self, flow: Flow[Any]) -> Any:
        """Perform the actions of a flow, for what it gives."""
        try:
            action = next(flow)
            while True:
                action = self.step(flow, action)
        except StopIteration as end:
            return end.value

    def step(self, flow: Flow[Any], action: Any) -> Any:
        """Perform an action, for the next one."""
        try:
            answer = self.perform(action)
        except OcrError as error:
            return flow.throw(error)
        return flow.send(answer)

    def perform(self, action: Any) -> Any:
        """Do it."""
        match action:
            case Encode(image):
                return image
            case Pause(seconds):
                self.now_s += seconds
                self.paused_s += seconds
                return None
            case Ask(address, IsReady(limit_s)):
                self.checked.append(str(address))
                self.wait(self.troubles.get(str(address)), limit_s or 60)
                if str(address) in self.closed:
                    raise BadRequest("refuses access")
                return str(address) not in self.unready
            case Ask(address, Infer(timeout_s=left_s)):
                assert left_s
                self.asked.append(str(address))
                self.left_s.append(left_s)
                trouble = self.troubles.get(str(address))
                self.wait(trouble, left_s)
                if trouble:
                    self.now_s += REFUSAL_S
                    raise trouble
                return PAGE
        raise AssertionError(action)

    def wait(self, trouble: OcrError | None, limit_s: float) -> None:
        """Fail as a server does that gives no answer at all."""
        if trouble is SILENT:
            self.now_s += limit_s
        if trouble in (SILENT, GONE):
            raise trouble


@pytest.fixture
def servers() -> Servers:
    return Servers()


def begin(servers: Servers) -> tuple[Flow[Any], Ask]:
    """Begin to read an image; what is under way, and the request, which is not answered yet."""
    flow = servers.flows.read(b"image", {}, None)
    action = next(flow)
    while not (isinstance(action, Ask) and isinstance(action.call, Infer)):
        action = flow.send(servers.perform(action))
    return flow, action


def test_images_one_after_the_other_go_to_all_in_turn(servers: Servers) -> None:
    turn = [servers.read() for _ in URLS]
    assert sorted(turn) == sorted(URLS)
    assert [servers.read() for _ in range(6)] == turn * 2


def test_not_every_client_begins_with_the_first_address() -> None:
    assert {Servers().read() for _ in range(100)} == set(URLS)


def test_the_server_with_the_fewest_requests_is_next(servers: Servers) -> None:
    under_way = {str(request.address): flow for flow, request in [begin(servers) for _ in range(6)]}
    assert set(under_way) == set(URLS)
    with pytest.raises(StopIteration):
        under_way[B].send(PAGE)
    assert str(begin(servers)[1].address) == B
    # A request that is cancelled is under way no longer.
    under_way[C].close()
    assert str(begin(servers)[1].address) == C


@pytest.mark.parametrize("trouble", [GONE, BUSY], ids=["gone", "overloaded"])
def test_a_request_goes_to_another_server_at_once(servers: Servers, trouble: OcrError) -> None:
    servers.troubles = {A: trouble, B: trouble}
    for _ in range(10):
        assert servers.read() == C
    assert servers.paused_s == 0
    # Left out, they are not asked for every image.
    assert Counter(servers.asked + servers.checked)[A] <= 3


def test_one_that_is_not_ready_gets_no_image(servers: Servers) -> None:
    servers.unready = {A, B}
    assert {servers.read() for _ in range(10)} == {C}
    assert set(servers.asked) == {C}
    servers.unready = set(URLS)
    servers.now_s += FRESH_S
    error = servers.fail()
    assert type(error) is ServerOverloaded
    assert "is loading or stopping (it says that ocr_ensemble is not ready): see its log; no answer from" in str(error)


def test_what_is_left_out_is_asked_again_after_pauses_that_grow(servers: Servers) -> None:
    servers.troubles = {A: GONE}
    times_s: list[float] = []
    while len(times_s) < 6:
        known = len(servers.checked)
        servers.read()
        times_s += [servers.now_s] * (A in servers.checked[known:])
        servers.now_s += 0.05
    pauses_s = [later - earlier for earlier, later in itertools.pairwise(times_s)]
    assert 0.5 <= pauses_s[0] < 1.2
    assert 2.5 <= pauses_s[-1] < 5.2
    servers.troubles = {}
    servers.now_s += 5
    assert {servers.read() for _ in URLS} == set(URLS)


def left_out_s(servers: Servers, url: str) -> float:
    """How long a server is left out from now on, to a twentieth of a second."""
    start_s = servers.now_s
    known = len(servers.checked)
    while url not in servers.checked[known:]:
        servers.now_s += 0.05
        servers.read()
    return servers.now_s - start_s


def test_requests_that_fail_together_are_one_failure(servers: Servers) -> None:
    begun = [begin(servers) for _ in range(12)]
    servers.troubles = {A: GONE}
    for flow, request in begun:
        if str(request.address) == A:
            servers.step(flow, request)
    assert left_out_s(servers, A) <= 1.2


def test_what_has_answered_in_between_is_left_out_for_a_short_time_again(servers: Servers) -> None:
    servers.troubles = {A: GONE}
    for _ in range(6):
        left_out_s(servers, A)
    servers.troubles = {}
    while servers.asked.count(A) < 2:
        servers.now_s += 1
        servers.read()
    servers.troubles = {A: GONE}
    # Though it has just answered, it is asked whether it is ready before the next image.
    while servers.asked.count(A) < 3:
        servers.read()
    assert left_out_s(servers, A) <= 1.2


def test_one_request_at_a_time_tries_whether_a_server_is_back(servers: Servers) -> None:
    servers.troubles = {A: GONE}
    for _ in URLS:
        servers.read()
    busy = [begin(servers) for _ in range(6)]
    servers.now_s += 1.1
    # It has the fewest requests.
    trying = servers.flows.read(b"image", {}, None)
    asked = servers.step(trying, next(trying))
    assert (str(asked.address), type(asked.call)) == (A, IsReady)
    assert {str(begin(servers)[1].address) for _ in range(6)} == {B, C}
    assert servers.checked.count(A) == 1
    # It says that it is: it gets its share.
    servers.troubles = {}
    servers.step(trying, asked)
    assert str(begin(servers)[1].address) == A
    assert len(busy) == 6


def test_of_servers_that_are_all_left_out_one_that_is_there_is_asked() -> None:
    servers = Servers(retries=0)
    servers.troubles = {A: GONE, B: BUSY, C: BUSY}
    servers.fail()
    known = len(servers.asked)
    for _ in range(4):
        assert type(servers.fail()) is ServerOverloaded
    assert sorted(servers.asked[known:]) == [B, B, C, C]
    assert servers.checked.count(A) == 1


def test_a_server_that_never_answers_costs_a_moment_and_not_the_whole_time(servers: Servers) -> None:
    servers.troubles = {A: SILENT, B: SILENT}
    assert servers.read() == C
    assert servers.now_s <= 2 * READY_S
    assert servers.left_s[0] >= (60 - 2 * READY_S) / 2
    # With less time, it costs less.
    hurried = Servers(timeout_s=1)
    hurried.troubles = {A: SILENT, B: SILENT}
    assert hurried.read() == C
    assert hurried.now_s < 1


def test_a_server_that_falls_silent_takes_half_of_the_time(servers: Servers) -> None:
    for _ in URLS:
        servers.read()
    servers.troubles = {A: SILENT}
    while servers.now_s == 0:
        servers.read()
    assert servers.now_s == 30
    assert servers.left_s[-2:] == [30, 15]


def test_the_last_server_has_all_the_time_that_is_left(servers: Servers) -> None:
    servers.troubles = {A: GONE, B: GONE}
    while len(servers.checked) < 3:
        servers.read()
    servers.read()
    assert servers.left_s[-1] == 60


def test_servers_that_all_fall_silent_share_the_time() -> None:
    servers = Servers(timeout_s=4)
    for _ in URLS:
        servers.read()
    known = len(servers.asked)
    servers.troubles = dict.fromkeys(URLS, SILENT)
    assert type(servers.fail()) is ServerTimeout
    assert servers.left_s[known:] == [2, 1, 1]
    assert servers.now_s == 4


def test_time_ends_what_no_server_answers() -> None:
    for trouble, kind in ((BUSY, ServerOverloaded), (SILENT, ServerTimeout)):
        servers = Servers(timeout_s=20)
        servers.troubles = dict.fromkeys(URLS, trouble)
        error = servers.fail()
        assert type(error) is kind
        assert 20 * (1 - LEAST_RETRY_PART) - 5.2 <= servers.now_s <= 20.1


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_servers_that_are_all_gone_are_told_after_the_retries(retries: int) -> None:
    servers = Servers(retries=retries)
    servers.troubles = dict.fromkeys(URLS, GONE)
    error = servers.fail()
    assert type(error) is ServerUnreachable
    assert str(error).startswith("nobody; no answer from http://")
    assert (servers.paused_s > 0) is (retries > 0)
    assert servers.paused_s < 1
    assert set(servers.checked) == set(URLS)


def test_a_server_that_is_gone_does_not_end_the_wait_for_one_that_is_overloaded() -> None:
    for _ in range(20):  # in whichever order
        servers = Servers(timeout_s=30)
        servers.troubles = {A: GONE, B: GONE, C: BUSY}
        assert type(servers.fail()) is ServerOverloaded
        assert servers.now_s > 30 * (1 - LEAST_RETRY_PART) - 5.2


def test_when_all_are_overloaded_each_is_asked_no_more_often_than_a_single_one() -> None:
    servers = Servers(timeout_s=60)
    servers.troubles = dict.fromkeys(URLS, BUSY)
    servers.fail()
    first_round = servers.asked[:3]
    assert set(first_round) == set(URLS)
    # 1 s, 2 s, 4 s, 5 s, …, each shortened by a half at most.
    assert len(servers.asked) - 3 <= 2 * 60 / 2.5


def test_a_server_that_fails_is_left_out_but_the_image_is_not_sent_again(servers: Servers) -> None:
    servers.troubles = {A: FAULT}
    begun = 0
    while A not in servers.asked:
        with suppress(ServerFault):
            servers.read()
        begun += 1
    assert len(servers.asked) == begun
    assert {servers.read() for _ in range(30)} == {B, C}


def test_one_that_fails_because_it_stops_sends_the_image_on(servers: Servers) -> None:
    for _ in URLS:
        servers.read()
    servers.troubles, servers.unready = {A: FAULT}, {A}
    assert {servers.read() for _ in range(10)} == {B, C}


def test_a_bad_image_is_no_fault_of_the_server(servers: Servers) -> None:
    servers.troubles = dict.fromkeys(URLS, BadImage("no image"))
    assert [type(servers.fail()) for _ in URLS] == [BadImage] * 3
    assert sorted(servers.asked) == sorted(URLS)


def test_a_server_that_has_answered_lately_is_not_asked_whether_it_is_ready(servers: Servers) -> None:
    for _ in range(30):
        servers.read()
    assert sorted(servers.checked) == sorted(URLS)
    servers.now_s += FRESH_S
    for _ in range(30):
        servers.read()
    assert sorted(servers.checked) == sorted(URLS * 2)


def test_one_that_tells_nobody_whether_it_is_ready_gets_images(servers: Servers) -> None:
    servers.closed = set(URLS)
    assert {servers.read() for _ in URLS} == set(URLS)


def test_one_of_several_that_is_ready_is_enough(servers: Servers) -> None:
    servers.troubles, servers.unready = {A: SILENT}, {B}
    assert servers.finish(servers.flows.ready())
    servers.unready = {B, C}
    assert not servers.finish(servers.flows.ready())


def test_a_single_server_is_never_left_out_nor_asked_whether_it_is_ready() -> None:
    flows = Flows(Settings.of(A), lambda: 0.0)
    for error in (GONE, BUSY, FAULT):
        flow = flows.read(b"image", {}, None)
        request = flow.send(next(flow).image)  # type: ignore[union-attr]
        assert isinstance(request, Ask)
        assert isinstance(request.call, Infer)
        assert request.call.timeout_s == 60
        if error is FAULT:
            with pytest.raises(ServerFault):
                flow.throw(error)
        else:
            assert isinstance(flow.throw(error), Pause)


def test_replicas_are_shared_by_threads_through_one_lock() -> None:
    replicas = Replicas(parse_urls(URLS), lambda: 0.0)
    chosen = [replicas.choose(()) for _ in range(9)]
    counts: Mapping[Any, int] = Counter(chosen)
    assert set(counts.values()) == {3}
