"""What `ocr status` and the dashboard's metrics say when a model is unloaded, a process dies, or the queue is full."""

import json
import os
import re
import signal
import urllib.request
from collections.abc import Iterator
from threading import Thread
from typing import Any
from unittest import mock

import pytest
from click.testing import CliRunner
from tritonclient.http import InferenceServerClient

from ocr_client.cli import main
from ocr_launch.processes import find
from ocr_launch.run_state import SERVING
from server.triton import TritonServer
from tests.project import MODEL_REPOSITORY, SAMPLES
from tests.reliability.load import load
from tests.server.processes import wait_until

KEY = "of-this-run"
LABEL = SAMPLES / "label.png"
TEXT = LABEL.with_suffix(".txt").read_text(encoding="utf-8").rstrip("\n")
TIMEOUT_S = 300
CLIENTS, SECONDS = 24, 8
# Who has no more waits in line for a second.
SHORT_TIMEOUT_S = 8


@pytest.fixture(scope="module")
def server() -> Iterator[TritonServer]:
    with mock.patch.dict(os.environ, OCR_ADMIN_KEY=KEY), TritonServer(MODEL_REPOSITORY, stop_timeout_s=10) as running:
        yield running


def metric(server: TritonServer, name: str) -> float:
    """The sum of a metric's series, as the dashboard takes it; in `name`, labels may follow it."""
    with urllib.request.urlopen(f"http://{server.metrics_url}/metrics", timeout=60) as answer:
        page = answer.read().decode()
    metric, _, labels = name.partition("{")
    series = re.findall(rf"^{metric}(?:{{.*}})? (\S+)$", page, re.MULTILINE)
    labelled = re.findall(rf"^{metric}{{{re.escape(labels[:-1])}}} (\S+)$", page, re.MULTILINE)
    return sum(map(float, labelled if labels else series))


def status(server: TritonServer) -> Any:
    return json.loads(CliRunner().invoke(main, ["status", "--json", "--url", server.url]).stdout)


def test_a_server_that_is_well_is_said_to_be(server: TritonServer) -> None:
    assert (status(server)["problems"], metric(server, "ocr_up")) == ([], 1)


@pytest.mark.parametrize("model", ["ocr_ensemble", "text_cropping"])
def test_a_model_that_was_unloaded_is_missed(server: TritonServer, model: str) -> None:
    """By somebody with the key, so nobody brings it back."""
    with InferenceServerClient(server.url) as triton:
        triton.unload_model(model, headers={"ocr-admin-key": KEY})
        wait_until(lambda: metric(server, "ocr_up") == 0)
        assert status(server)["problems"]
        for loaded in dict.fromkeys((model, "ocr_ensemble", "ocr")):
            triton.load_model(loaded, headers={"ocr-admin-key": KEY})
    wait_until(lambda: metric(server, "ocr_up") == 1)
    assert status(server)["problems"] == []
    assert server.state.faults == ()


def test_a_full_server_says_how_many_pages_it_has_and_refuses(server: TritonServer) -> None:
    refused = 'ocr_pages_refused_total{reason="overloaded"}'
    before, texts = metric(server, refused), {LABEL.read_bytes(): TEXT}
    outcomes = []
    how = {"clients": CLIENTS, "duration_s": SECONDS, "timeout_s": SHORT_TIMEOUT_S, "retries": 0}
    crowd = Thread(target=lambda: outcomes.append(load(server.url, texts, **how)))
    crowd.start()
    wait_until(lambda: metric(server, "ocr_pages") == metric(server, "ocr_pages_limit") > 0, TIMEOUT_S)
    wait_until(lambda: 0 < (taken := status(server)["supervision"])["pages"] <= taken["places"], TIMEOUT_S)
    crowd.join()
    assert outcomes[0].requests["refused"] > 0
    wait_until(
        lambda: metric(server, refused) >= before + outcomes[0].requests["refused"]
    )  # those of ocr status as well
    wait_until(lambda: metric(server, "ocr_pages") == 0)


def test_pages_count_as_refused_whose_callers_were_told_so(server: TritonServer) -> None:
    """At once, or after a wait in line; and not those that got a place in the end."""
    refused = 'ocr_pages_refused_total{reason="overloaded"}'
    before, texts = metric(server, refused), {LABEL.read_bytes(): TEXT}
    outcomes = load(server.url, texts, clients=CLIENTS, duration_s=4, timeout_s=SHORT_TIMEOUT_S, retries=0)
    assert 0 < outcomes.requests["refused"] < sum(outcomes.requests.values())
    wait_until(lambda: metric(server, refused) == before + outcomes.requests["refused"])
    wait_until(lambda: status(server)["supervision"]["refused"] == metric(server, refused))


def test_a_process_that_died_is_counted_and_told(server: TritonServer) -> None:
    count = 'ocr_process_restarts_total{process="ctc_decoding"}'
    before = metric(server, count)
    os.kill(next(p.handle.pid for p in find(server.pid) if p.model == "ctc_decoding"), signal.SIGKILL)
    wait_until(lambda: metric(server, count) == before + 1 and server.state.state == SERVING, TIMEOUT_S)
    told = status(server)
    assert (told["problems"], metric(server, "ocr_up")) == ([], 1)
    assert "ctc_decoding" in told["supervision"]["faults"][-1]
