"""`ocr status` of a server of our own, of whose many instances one dies."""

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from ocr_client.cli import main
from server.triton import TritonServer
from tests.project import MODEL_REPOSITORY
from tests.server.processes import naming, wait_until

# More than the least number of images that `ocr status` sends.
INSTANCES = 12


def _more_decoders(model: str, config: Any) -> None:
    if model == "ctc_decoding":
        config.instance_group[0].count = INSTANCES


@pytest.fixture
def server() -> Iterator[TritonServer]:
    with TritonServer(MODEL_REPOSITORY, profile="cpu", change=_more_decoders, is_supervised=False) as started:
        yield started


def status(server: TritonServer) -> Any:
    return json.loads(CliRunner().invoke(main, ["status", "--json", "--url", server.url]).stdout)


def test_a_dead_instance_among_many_is_found(server: TritonServer) -> None:
    before = status(server)
    assert (before["probe"]["read"], before["problems"]) == (2 * INSTANCES, [])
    decoders = server.log.parent / "models" / "ctc_decoding"
    processes = naming(decoders)
    assert len(processes) == INSTANCES
    os.kill(min(processes), signal.SIGKILL)
    wait_until(lambda: len(naming(decoders)) < INSTANCES)
    (problem,) = status(server)["problems"]
    assert "small images could not be read" in problem
    assert "ctc_decoding" in problem
