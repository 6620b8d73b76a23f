"""More clients than the server reads for: each is answered or told, within its time, and the next one is served."""

import numpy as np
import pytest
import tritonclient.http
from tritonclient.utils import InferenceServerException

from ocr_client import OcrClient, Page
from tests.project import SAMPLES
from tests.reliability.load import load
from tests.triton import Triton

LABEL = SAMPLES / "label.png"
CLIENTS, SECONDS, TIMEOUT_S = 24, 8, 30
# Who has no more waits in line for a second.
SHORT_TIMEOUT_S = 8


@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_every_client_of_too_many_is_answered_or_refused_in_time(triton: Triton, label: Page, protocol: str) -> None:
    url = triton.url if protocol == "http" else f"grpc://{triton.grpc_url}"
    texts = {LABEL.read_bytes(): label.text}
    outcomes = load(url, texts, clients=CLIENTS, duration_s=SECONDS, timeout_s=TIMEOUT_S)
    assert (outcomes.requests["failed"], outcomes.wrong, outcomes.late) == (0, 0, 0), outcomes.messages
    assert outcomes.requests["answered"] > 0
    assert outcomes.requests.total() >= CLIENTS


def test_those_who_do_not_come_back_are_told_why_at_once(triton: Triton, label: Page) -> None:
    texts = {LABEL.read_bytes(): label.text}
    outcomes = load(triton.url, texts, clients=CLIENTS, duration_s=2, timeout_s=SHORT_TIMEOUT_S, retries=0)
    assert outcomes.requests["refused"] > 0
    assert "is overloaded (" in outcomes.messages["refused"]
    assert "try again later)" in outcomes.messages["refused"]
    assert outcomes.percentile_s("refused", 50) < SHORT_TIMEOUT_S / 2  # type: ignore[operator]
    with OcrClient(triton.url) as client:
        assert client.read(LABEL) == label


def test_a_page_whose_time_is_over_is_given_up(triton: Triton, label: Page) -> None:
    content = np.fromfile(LABEL, np.uint8)
    tensor = tritonclient.http.InferInput("image", content.shape, "UINT8")
    tensor.set_data_from_numpy(content)
    with triton.connect() as direct, pytest.raises(InferenceServerException) as given_up:
        direct.infer("ocr_ensemble", [tensor], timeout=5000)  # microseconds: decoding takes longer
    assert given_up.value.status() == "503"
    assert "deadline_exceeded: the time" in given_up.value.message() or "timeout expired" in given_up.value.message()
    with OcrClient(triton.url) as client:
        assert client.read(LABEL) == label
