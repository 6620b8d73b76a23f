"""A further service in one server: another ensemble with models of its own, beside the default one."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tritonclient.http import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from ocr_launch.processes import find
from ocr_launch.run_state import SERVING
from server.triton import TritonServer
from tests.project import SAMPLES
from tests.reliability.two_versions import add_service, first_version
from tests.server.processes import wait_until

LABEL = np.fromfile(SAMPLES / "label.png", np.uint8)
TEXT = (SAMPLES / "label.txt").read_text(encoding="utf-8").splitlines()
TIMEOUT_S = 300
SERVICES = ("ocr_ensemble", "ocr_ensemble_tiny")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    root = first_version(tmp_path_factory.mktemp("services") / "models")
    add_service(root, "tiny")
    with TritonServer(root, stop_timeout_s=10) as running:
        yield running


def read(url: str, ensemble: str) -> dict[str, float]:
    """The label's lines, and how sure the service is of each: that tells by which models they were read."""
    with InferenceServerClient(url, network_timeout=TIMEOUT_S, connection_timeout=TIMEOUT_S) as client:
        image = InferInput("image", LABEL.shape, "UINT8")
        image.set_data_from_numpy(LABEL)
        answer = client.infer(ensemble, [image])
        texts = (text.decode() for text in answer.as_numpy("texts"))
        return dict(zip(texts, answer.as_numpy("text_confidences").tolist(), strict=True))


@pytest.fixture(scope="module")
def alone(server: TritonServer) -> dict[str, dict[str, float]]:
    """What each service reads while nobody asks the other."""
    return {ensemble: read(server.url, ensemble) for ensemble in SERVICES}


def test_each_service_reads_with_its_own_models_at_the_same_time(
    server: TritonServer, alone: dict[str, dict[str, float]]
) -> None:
    default, tiny = alone.values()
    assert list(default) == list(tiny) == TEXT
    assert default != tiny
    with ThreadPoolExecutor(4) as executor:
        asked = list(SERVICES) * 4
        for ensemble, found in zip(asked, executor.map(lambda name: read(server.url, name), asked), strict=True):
            assert found == alone[ensemble]


def test_its_steps_cannot_be_asked_from_outside(server: TritonServer) -> None:
    with InferenceServerClient(server.url) as client, pytest.raises(InferenceServerException, match="text_detection"):
        client.infer("text_detection_tiny", [])


def test_a_process_of_it_that_dies_is_brought_back_and_the_default_reads_on(
    server: TritonServer, alone: dict[str, dict[str, float]]
) -> None:
    restarts = server.state.restarts
    victim = next(process for process in find(server.pid) if process.model == "ctc_decoding_tiny")
    os.kill(victim.handle.pid, signal.SIGKILL)
    wait_until(lambda: server.state.restarts > restarts and server.state.state == SERVING, TIMEOUT_S)
    assert "loaded ctc_decoding_tiny anew" in server.state.faults[-1]
    assert {ensemble: read(server.url, ensemble) for ensemble in SERVICES} == alone


@pytest.mark.frameworks
def test_a_service_may_have_another_kind_of_detector(tmp_path: Path) -> None:
    """EAST finds words, the default lines."""
    root = first_version(tmp_path / "models")
    add_service(root, "words", detector="east")
    with TritonServer(root, stop_timeout_s=10) as server:
        words, lines = (read(server.url, name) for name in ("ocr_ensemble_words", "ocr_ensemble"))
    assert list(lines) == TEXT
    assert "NORTHFIELD" in " ".join(words)
    assert words != lines
