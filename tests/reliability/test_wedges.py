"""A process that is stuck among others that work: it is found and replaced, and the others go on."""

import shutil
import threading
import time
from collections.abc import Iterator

import pytest

from ocr_client import OcrClient, OcrError
from ocr_launch import wedges
from server.triton import TritonServer
from tests.project import MODEL_REPOSITORY, SAMPLES

IMAGE = SAMPLES / "label.png"
# What makes a step of these tests stand still, or compute for ever: a value that nobody else sends.
STANDS_STILL, LOOPS = 0.4321, 0.4322
TIMEOUT_S = 600
# So much goes before the first statement of the step's work.
HOOK = f"""
            if request.options.quad_threshold == {STANDS_STILL}:
                __import__("threading").Event().wait()
            while request.options.quad_threshold == {LOOPS}:
                pass
"""
STEP, FIRST_STATEMENT = "text_cropping", "            borders.check_maps("


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TritonServer]:
    """One whose text_cropping can be made to be stuck, and whose supervisor does not take long to see it."""
    repository = tmp_path_factory.mktemp("repository") / "models"
    shutil.copytree(MODEL_REPOSITORY, repository)
    file = repository / STEP / "1" / "model.py"
    code = file.read_text(encoding="utf-8")
    assert FIRST_STATEMENT in code
    file.write_text(code.replace(FIRST_STATEMENT, HOOK.lstrip("\n") + FIRST_STATEMENT), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wedges, "BUSY_S", 1.0)
        with TritonServer(repository, stop_timeout_s=10) as started:
            yield started


@pytest.mark.parametrize(
    ("threshold", "told"), [(STANDS_STILL, "stands still"), (LOOPS, "has been at one request for")]
)
def test_a_process_that_is_stuck_is_replaced(server: TritonServer, threshold: float, told: str) -> None:
    before, failures = server.state, list[str]()
    with OcrClient(server.url, timeout_s=TIMEOUT_S) as client:
        text = client.read(IMAGE).text
        victim = threading.Thread(target=_send, args=(server.url, threshold, failures))
        victim.start()
        while server.state.restarts == before.restarts:
            _read_or_refused(client, text)
        victim.join()
        assert client.read(IMAGE).text == text
    assert server.state.restarts == before.restarts + 1
    fault = server.state.faults[-1]
    assert fault.startswith(f"{STEP}_0_"), fault
    assert told in fault
    assert f"; loaded {STEP} anew" in fault
    assert failures


def _send(url: str, threshold: float, failures: list[str]) -> None:
    """The request that is stuck fails when its process is ended: its time is not over before."""
    try:
        with OcrClient(url, timeout_s=TIMEOUT_S, retries=0) as client:
            client.read(IMAGE, quad_threshold=threshold)
    except OcrError as error:
        failures.append(str(error))


def _read_or_refused(client: OcrClient, text: str) -> None:
    try:
        assert client.read(IMAGE).text == text
    except OcrError:  # while the model is loaded anew
        time.sleep(0.05)
