"""A short `make chaos`: whatever dies or is stopped, all requests are answered again in time, and none wrongly."""

from collections.abc import Iterator

import pytest

from ocr_client import OcrClient
from server.triton import TritonServer
from tests.project import MODEL_REPOSITORY
from tests.reliability.answers import ERROR, RIGHT, WRONG, Answer, Load
from tests.reliability.chaos import CLIENTS, IMAGE, inflict, summarize
from tests.reliability.senders import urls


@pytest.fixture(scope="module")
def server() -> Iterator[TritonServer]:
    with TritonServer(MODEL_REPOSITORY, stop_timeout_s=10) as started:
        yield started


@pytest.fixture
def load(server: TritonServer) -> Iterator[Load]:
    with OcrClient(server.url) as client:
        text = client.read(IMAGE).text
    assert "NORTHFIELD" in text
    with Load(urls(server), IMAGE, text, CLIENTS) as sending:
        yield sending


@pytest.mark.parametrize(
    ("process", "what"),
    [
        ("ctc_decoding", "killed"),
        ("text_recognition", "killed"),
        ("image_preprocessing", "stopped"),
        ("gate", "killed"),
        ("tritonserver", "killed"),
    ],
)
def test_a_fault_is_mended_in_time_and_no_answer_is_wrong(
    server: TritonServer, load: Load, process: str, what: str
) -> None:
    fault = inflict(server, load, process, what)
    assert fault.is_bearable, fault
    assert process in server.state.faults[-1]


def test_an_outage_lasts_until_the_last_request_that_was_not_answered() -> None:
    answers = [Answer(11, RIGHT), Answer(12, ERROR), Answer(15, RIGHT), Answer(16, WRONG), Answer(17, RIGHT)]
    fault = summarize("ctc_decoding", "killed", 10, answers)
    assert (fault.outage_s, fault.silence_s, fault.errors, fault.wrong) == (6, 4, 1, 1)
    assert not fault.is_bearable


def test_a_fault_that_nobody_noticed_lasts_until_the_first_answer() -> None:
    fault = summarize("ctc_decoding", "killed", 10, [Answer(10.5, RIGHT), Answer(11, RIGHT)])
    assert (fault.outage_s, fault.is_bearable) == (0.5, True)
