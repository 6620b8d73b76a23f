"""A further service in one server: another ensemble with models of its own, beside the default one."""

import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tritonclient.http import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

from ocr_client import BadRequest, OcrClient, Page
from ocr_client.cli import main
from ocr_launch.processes import find
from ocr_launch.run_state import SERVING
from server.triton import TritonServer
from tests.project import SAMPLES
from tests.reliability.two_versions import add_service, first_version
from tests.server.processes import wait_until

IMAGE = SAMPLES / "label.png"
LABEL = np.fromfile(IMAGE, np.uint8)
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


def confidences(page: Page) -> list[float]:
    return [line.confidence for line in page.lines]


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_the_client_asks_the_service_that_it_is_told(
    server: TritonServer, alone: dict[str, dict[str, float]], scheme: str
) -> None:
    url = server.url if scheme == "http" else f"grpc://{server.grpc_url}"
    with OcrClient(url, service="tiny") as client:
        assert client.ready()
        assert confidences(client.read(IMAGE)) == pytest.approx([*alone["ocr_ensemble_tiny"].values()], abs=1e-4)
        info = client.server_info()
    named = [model.name for model in info.models]
    assert (info.ensemble, info.problems) == ("ocr_ensemble_tiny", ())
    assert info.answered
    assert len(named) == 6
    assert all(name.endswith("_tiny") for name in named)
    with OcrClient(url, service="huge") as client:
        assert not client.ready()
        with pytest.raises(BadRequest, match=r"^this server answers for .*, not for ocr_ensemble_huge$"):
            client.read(IMAGE)


def test_so_do_the_commands(server: TritonServer, alone: dict[str, dict[str, float]]) -> None:
    options = ["--url", server.url, "--service", "tiny"]
    shown = CliRunner().invoke(main, ["status", *options])
    assert (shown.exit_code, "text_recognition_tiny" in shown.stdout) == (0, True)
    told = CliRunner().invoke(main, ["read", str(IMAGE), "--format", "json", *options])
    lines = json.loads(told.stdout)[0]["lines"]
    assert [line["confidence"] for line in lines] == pytest.approx([*alone["ocr_ensemble_tiny"].values()], abs=1e-4)


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
