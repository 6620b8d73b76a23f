"""Versions of the models on a running server: loaded beside the one that is served, switched to, rolled back."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tritonclient.http import InferenceServerClient

from ocr_client import OcrClient, Page
from ocr_client.administration import Administration
from ocr_client.cli import main
from ocr_launch.processes import find
from ocr_launch.run_state import SERVING
from server.triton import TritonServer
from tests.project import ROOT, SAMPLES
from tests.reliability.senders import urls
from tests.reliability.swap import (
    CLIENTS,
    FAILED,
    KEY,
    MIXED,
    Readers,
    image,
    late_ones,
    outcome,
    read_by_each,
    serving_few,
)
from tests.reliability.two_versions import add_second_version, first_version
from tests.server.processes import wait_until

RESTART_S = 120
GUIDE = (ROOT / "docs" / "versions.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return first_version(tmp_path_factory.mktemp("versions") / "models")


@pytest.fixture(scope="module")
def served(root: Path) -> Iterator[tuple[TritonServer, Administration]]:
    """A server that was started with version 1 alone; version 2 was exported while it ran."""
    with serving_few(root) as (server, operator):
        add_second_version(root)
        yield server, operator


@pytest.fixture(scope="module")
def pages(served: tuple[TritonServer, Administration]) -> dict[str, Page]:
    """What each version reads."""
    return read_by_each(*served)


def test_an_export_that_is_new_is_loaded_beside_the_other(
    served: tuple[TritonServer, Administration], pages: dict[str, Page]
) -> None:
    _, operator = served
    assert pages["1"] != pages["2"]
    assert {version.version: version.serving for version in operator.versions()} == {1: True, 2: False}


@pytest.mark.parametrize("model", ["image_preprocessing", "text_detection", "text_cropping", "ctc_decoding"])
def test_one_model_of_another_version_would_be_noticed(
    served: tuple[TritonServer, Administration], pages: dict[str, Page], model: str
) -> None:
    """Else the tests below would see nothing."""
    server, operator = served
    with InferenceServerClient(server.url) as triton:
        config = triton.get_model_config("ocr_ensemble")
        for step in config["ensemble_scheduling"]["step"]:
            step["model_version"] = 2 if step["model_name"] == model else 1
        triton.load_model("ocr_ensemble", headers={"ocr-admin-key": KEY}, config=json.dumps(config))
    with OcrClient(server.url) as client:
        assert outcome(client, pages).outcome in (MIXED, FAILED)
    operator.switch(1)
    with OcrClient(server.url) as client:
        assert outcome(client, pages).outcome == "1"


def test_versions_are_exchanged_under_load_and_each_answer_is_of_one_of_them(
    served: tuple[TritonServer, Administration], pages: dict[str, Page]
) -> None:
    server, operator = served
    with Readers(urls(server), pages, CLIENTS) as readers:
        readers.wait_for(CLIENTS)
        for before, version in ((1, 2), (2, 1)):
            operator.switch(version)
            switched_s = time.monotonic()
            readers.wait_for(2 * CLIENTS)
            assert late_ones(readers.answers, before, switched_s) == 0
        operator.unload(2)
        readers.wait_for(CLIENTS)
    outcomes = {answer.outcome for answer in readers.answers}
    assert outcomes == {"1", "2"}, [answer for answer in readers.answers if answer.outcome in (MIXED, FAILED)][:3]
    assert server.state.faults == ()


def test_the_version_that_is_served_cannot_be_unloaded(served: tuple[TritonServer, Administration]) -> None:
    server, _ = served
    done = run(server, "unload", "1", "--key", KEY)
    assert (done.exit_code, done.stderr) == (
        1,
        "Error: ocr_ensemble is made of version 1: switch to another one first\n",
    )


def test_a_version_that_was_not_exported_is_named_with_the_cure(served: tuple[TritonServer, Administration]) -> None:
    server, operator = served
    done = run(server, "switch", "7", "--key", KEY)
    assert done.exit_code == 1
    assert (
        "has no version 7 of text_detection: write it into its model repository with `python -m export" in done.stderr
    )
    assert [version.version for version in operator.versions() if version.serving] == [1]


def test_without_the_key_nothing_is_told_or_done(served: tuple[TritonServer, Administration]) -> None:
    server, operator = served
    for arguments in (["list"], ["switch", "2"]):
        done = run(server, *arguments)
        assert done.exit_code == 1
        assert "refuses access (HTTP 403: This API is restricted" in done.stderr
    assert [version.version for version in operator.versions() if version.serving] == [1]


def test_after_a_crash_the_version_is_served_that_was_switched_to(
    served: tuple[TritonServer, Administration], pages: dict[str, Page]
) -> None:
    """First a process of a step is killed, which has the model loaded anew, then the whole server."""
    server, operator = served
    operator.switch(2)
    for victim in ("ctc_decoding", ""):
        restarts = server.state.restarts
        processes = [process for process in find(server.pid) if process.model == victim]
        os.kill(processes[-1].handle.pid, signal.SIGKILL)
        wait_until(lambda: server.state.restarts > restarts and server.state.state == SERVING, RESTART_S)  # noqa: B023
        with OcrClient(server.url) as client:
            assert client.read(image()) == pages["2"]
    assert {version.version: version.serving for version in operator.versions()} == {1: False, 2: True}


def test_the_command_lists_what_is_loaded(served: tuple[TritonServer, Administration]) -> None:
    server, operator = served
    operator.switch(1)
    assert run(server, "list", "--key", KEY).stdout == "version 1  served\nversion 2  loaded\n"
    rows = [json.loads(line) for line in run(server, "list", "--json", "--key", KEY).stdout.splitlines()]
    assert [(row["version"], row["serving"]) for row in rows] == [(1, True), (2, False)]


def test_the_commands_of_the_documentation_print_what_it_says(
    served: tuple[TritonServer, Administration], tmp_path: Path
) -> None:
    server, operator = served
    operator.switch(1)
    operator.unload(2)
    (tmp_path / "samples").symlink_to(SAMPLES)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "OCR_URL": server.url, "OCR_ADMIN_KEY": KEY}
    examples = re.findall(r"^\$ (.*)\n((?:(?!\$ |```).*\n)*)", GUIDE, re.MULTILINE)
    assert len(examples) == GUIDE.count("\n$ ")
    for command, expected in examples:
        done = subprocess.run(command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True)  # noqa: S602, PLW1510 - the guide's
        assert done.stdout + done.stderr == expected


def run(server: TritonServer, *arguments: str) -> Result:
    """`ocr models` against the server, without the key of this process's environment."""
    return CliRunner(env={"OCR_ADMIN_KEY": None}).invoke(main, ["models", *arguments, "--url", server.url])
