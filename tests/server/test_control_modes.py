"""Triton's control modes none and poll: weights are replaced while clients read (explicit: test_versions.py)."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from ocr_client import OcrClient, Page
from ocr_launch import control
from ocr_launch.errors import StartError
from ocr_launch.processes import find
from ocr_launch.run_state import SERVING
from server.triton import TritonServer
from tests.project import MODEL_REPOSITORY
from tests.reliability.senders import urls
from tests.reliability.swap import (
    CLIENTS,
    FAILED,
    GIVE_UP_S,
    MIXED,
    Answer,
    Readers,
    image,
    read_by_each,
    serving_few,
)
from tests.reliability.two_versions import add_second_version, first_version
from tests.server.processes import wait_until

OFTEN = "--repository-poll-secs=1"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    """What each version reads."""
    root = first_version(tmp_path_factory.mktemp("both") / "models")
    add_second_version(root)
    with serving_few(root) as (server, operator):
        return read_by_each(server, operator)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return first_version(tmp_path / "models")


def wrong(readers: Readers) -> list[Answer]:
    """Answers that are missing, or of no one version."""
    return [answer for answer in readers.answers if answer.outcome in (MIXED, FAILED)]


def reading_with(version: str, readers: Readers) -> Callable[[], bool]:
    """Whether the last answers, one for each client, are of this version."""
    return lambda: {answer.outcome for answer in readers.answers[-CLIENTS:]} == {version}


def test_polled_weights_are_replaced_under_load_and_taken_back(
    root: Path, pages: dict[str, Page], tmp_path: Path
) -> None:
    """The export is found; all its models are loaded before one of them reads; the version before is unloaded."""
    how = {"version": None, "control_mode": control.POLL, "options": [OFTEN]}
    with serving_few(root, **how) as (server, operator), Readers(urls(server), pages, CLIENTS) as readers:
        readers.wait_for(CLIENTS)
        add_second_version(root)
        wait_until(reading_with("2", readers), GIVE_UP_S)
        wait_until(lambda: [version.version for version in operator.versions()] == [2], GIVE_UP_S)
        (root / "ocr_ensemble" / "2").rename(tmp_path / "taken back")
        wait_until(reading_with("1", readers), GIVE_UP_S)
    assert wrong(readers)[:3] == []
    assert server.state.faults == ()


def test_a_polled_version_that_was_asked_for_stays(root: Path, pages: dict[str, Page]) -> None:
    add_second_version(root)
    with serving_few(root, control_mode=control.POLL, options=[OFTEN]) as (server, operator):
        with OcrClient(server.url) as client:
            assert client.read(image()) == pages["1"]
        assert [version.version for version in operator.versions()] == [1]


def test_without_control_nothing_is_replaced_until_the_server_starts_anew(root: Path, pages: dict[str, Page]) -> None:
    """A process that dies is brought back with the whole server, by the version that was served before."""
    with serving_few(root, control_mode=control.NONE) as (server, _), OcrClient(server.url) as client:
        with Readers(urls(server), pages, CLIENTS) as readers:
            readers.wait_for(CLIENTS)
            add_second_version(root)
            readers.wait_for(2 * CLIENTS)
        assert wrong(readers)[:3] == []
        assert {answer.outcome for answer in readers.answers} == {"1"}
        os.kill(next(process.handle.pid for process in find(server.pid) if process.model), signal.SIGKILL)
        wait_until(lambda: server.state.server_restarts == 1 and server.state.state == SERVING, GIVE_UP_S)
        assert client.read(image()) == pages["1"]
        assert "started the server anew" in server.state.faults[-1]
    with serving_few(root, version=None, control_mode=control.NONE) as (server, _), OcrClient(server.url) as client:
        assert client.read(image()) == pages["2"]


def test_the_mode_is_said_to_the_launcher() -> None:
    with (
        pytest.raises(StartError, match=r"--model-control-mode=poll is not for this launcher.*: say --model-control"),
        TritonServer(MODEL_REPOSITORY, options=["--model-control-mode=poll"]),
    ):
        pass
