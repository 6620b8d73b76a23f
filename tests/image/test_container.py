"""A running container: its rights, its health, what it keeps closed, its end."""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.image.container import POLL_S, Container, running
from tests.image.image import Image
from tests.project import MODEL_REPOSITORY, SAMPLES
from tests.server.raw_http import post

KEY = "a-key-of-this-test"
ADMIN_HEADER = "ocr-admin-key"
TIMEOUT_S = 60
STEP = "ctc_decoding"
# What Kubernetes grants.
GRACE_S = 30
# Within these seconds a process is back.
BACK_S, SERVER_BACK_S = 10, 20
PROCESSES = 'ocr_process_restarts_total{process="%s"}'
# Ends a process that has this in its command line, from inside the container; the brackets keep the script from
# finding itself.
KILL = """
for process in /proc/[0-9]*; do
  grep -qsE '%s' "$process/cmdline" && kill -%s "${process#/proc/}" && exit
done
exit 1
"""
# Which processes have ended and are not buried.
ZOMBIES = "grep -lsE '^State:.Z' /proc/[0-9]*/status || true"


@pytest.fixture(scope="module")
def own(image: Image, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """A container for this file, with a known key, and with a health check that does not keep us waiting."""
    options = (f"--env=OCR_ADMIN_KEY={KEY}", "--health-interval=1s", "--health-retries=1")
    with running(image, tmp_path_factory.mktemp("own") / "log", *options) as started:
        yield started


def wait_for_health(container: Container, wanted: str) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while container.inspect("{{.State.Health.Status}}") != wanted:
        assert time.monotonic() < deadline, container.inspect("{{json .State.Health}}")
        time.sleep(POLL_S)


def wait_for(container: Container, script: str, wanted: str) -> None:
    """Wait until a script prints this inside."""
    deadline = time.monotonic() + TIMEOUT_S
    while (said := container.run("bash", "-c", script, check=False).stdout) != wanted:
        assert time.monotonic() < deadline, said
        time.sleep(POLL_S)


def test_the_server_is_not_root_and_has_no_capabilities(container: Container) -> None:
    status = dict(line.split(":\t", 1) for line in container.run("cat", "/proc/1/status").stdout.splitlines())
    assert status["Name"] == "ocr-serve"
    assert status["Uid"].split() == ["1000"] * 4
    assert {int(status[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}


def test_the_root_file_system_is_read_only(container: Container) -> None:
    refused = container.run("touch", "/opt/ocr/model_repository/x", check=False)
    assert (refused.returncode, "Read-only file system" in refused.stdout) == (1, True)


@pytest.mark.parametrize("path", ["/v2/repository/index", "/v2/repository/models/ocr_ensemble/unload"])
def test_the_repository_is_closed_to_those_who_send_images(container: Container, path: str) -> None:
    status, answer = container.ask(path)
    assert (status, ADMIN_HEADER in str(answer)) == (403, True)


@pytest.mark.parametrize("path", ["/v2/systemsharedmemory/region/x/register", "/v2/trace/setting", "/v2/logging"])
def test_memory_traces_and_the_log_are_closed_too(container: Container, path: str) -> None:
    assert container.ask(path)[0] == 403


@pytest.mark.parametrize("model", ["text_detection", "text_recognition", STEP])
def test_the_models_inside_the_ensemble_are_closed(container: Container, model: str) -> None:
    assert container.ask(f"/v2/models/{model}/infer") == (
        403,
        {"error": f"bad_request: this server answers for ocr_ensemble and ocr, not for {model}"},
    )


def test_without_the_gate_they_answer(image: Image, tmp_path: Path) -> None:
    with running(image, tmp_path / "log", "--env=OCR_GATE=0") as open_to_all:
        assert "Unable to parse 'inputs'" in str(open_to_all.ask("/v2/models/text_detection/infer"))
        assert post(open_to_all.triton.url, (SAMPLES / "label.png").read_bytes()).texts
        assert open_to_all.run("ocr-health", "deep", check=False).stdout == ""


def test_the_key_opens_the_repository(own: Container) -> None:
    assert own.ask("/v2/repository/index", ocr_admin_key="another-key")[0] == 403
    status, models = own.ask("/v2/repository/index", ocr_admin_key=KEY)
    assert status == 200
    assert isinstance(models, list)
    ready = {model["name"] for model in models if model["state"] == "READY"}
    assert ready == {folder.name for folder in MODEL_REPOSITORY.iterdir()}


@pytest.mark.parametrize(
    ("command_line", "signal", "back_s", "told", "metric"),
    [
        ("[c]tc_decoding/1/model.py", "KILL", BACK_S, "loaded ctc_decoding anew", PROCESSES % "ctc_decoding"),
        (
            "[i]mage_preprocessing/1/model.py",
            "STOP",
            BACK_S,
            "loaded image_preprocessing anew",
            PROCESSES % "image_preprocessing",
        ),
        ("[o]cr_gate", "KILL", BACK_S, "the gate (process", PROCESSES % "gate"),
        ("^[t]ritonserver", "KILL", SERVER_BACK_S, "started the server anew", "ocr_server_restarts_total"),
    ],
)
def test_a_process_that_is_killed_or_stopped_comes_back(
    own: Container, command_line: str, signal: str, back_s: float, told: str, metric: str
) -> None:
    wait_for_health(own, "healthy")
    before = own.log.read_text(errors="replace").count(told)
    own.run("bash", "-c", KILL % (command_line, signal))
    deadline = time.monotonic() + back_s
    while own.log.read_text(errors="replace").count(told) == before:
        assert time.monotonic() < deadline
        time.sleep(POLL_S)
    assert own.run("ocr-health", "deep", check=False).stdout == ""
    assert f"\n{metric} {before + 1}\n" in own.metrics()


def test_no_process_stays_unburied_when_the_server_was_started_anew(own: Container) -> None:
    """While it runs, tritonserver itself does not bury a child that was killed."""
    own.run("bash", "-c", KILL % ("^[t]ritonserver", "KILL"))
    wait_for(own, "ocr-health ready > /dev/null && echo ready", "ready\n")
    wait_for(own, ZOMBIES, "")


def test_the_readiness_check_notices_that_the_ensemble_is_unloaded(own: Container) -> None:
    """Its processes end, and the supervisor does not bring back what somebody with the key has unloaded."""
    wait_for_health(own, "healthy")
    for model in ("ocr_ensemble", STEP):
        assert own.ask(f"/v2/repository/models/{model}/unload", ocr_admin_key=KEY)[0] == 200
    said = own.run("ocr-health", "ready", check=False)
    assert (said.returncode, "ocr_ensemble" in said.stdout) == (1, True)
    assert own.run("ocr-health", "live", check=False).returncode == 0
    assert own.ask("/v2/repository/models/ocr_ensemble/load", ocr_admin_key=KEY)[0] == 200
    assert own.run("ocr-health", "deep", check=False).stdout == ""


def test_a_busy_server_is_live(own: Container) -> None:
    page = (SAMPLES / "article.png").read_bytes()
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(post, own.triton.url, page) for _ in range(16)]
        assert own.run("ocr-health", "live", check=False).returncode == 0
        assert own.run("ocr-health", "ready", check=False).returncode == 0
        assert not all(answer.done() for answer in answers)


def test_a_request_in_flight_is_answered_before_the_server_stops(image: Image, tmp_path: Path) -> None:
    """The container is told to stop while a page of an article is read."""
    with running(image, tmp_path / "log") as container, ThreadPoolExecutor() as pool:
        asked = pool.submit(post, container.triton.url, (SAMPLES / "article.png").read_bytes())
        while container.triton.calls("text_detection") == 0:
            time.sleep(POLL_S)
        assert not asked.done()
        started = time.monotonic()
        container.docker.run("stop", f"--time={GRACE_S}", container.name)
        assert time.monotonic() - started < GRACE_S
        # When the signal came: the request's, and those that the gate keeps.
        assert re.search(r"Found [1-9]\d* HTTP service connections", container.log.read_text())
        assert len(asked.result().texts) > 20
        assert container.process.wait(TIMEOUT_S) == 0
