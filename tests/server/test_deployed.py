"""What the files in deploy/ ask of a running server: its metrics, and the image that `helm test` sends."""

import os
import re
import subprocess
import sys

import pytest

from deploy.autoscaling import metrics
from ocr_client import OcrClient
from tests.deploy import chart
from tests.deploy.test_autoscaling import QUERIES
from tests.project import SAMPLES
from tests.triton import Triton


@pytest.mark.parametrize("name", QUERIES)
def test_queries_name_metrics_and_models_that_a_server_shows(triton: Triton, client: OcrClient, name: str) -> None:
    if triton.metrics_url is None:
        pytest.skip("--triton names an address without metrics")
    client.read(SAMPLES / "label.png")
    query = QUERIES[name]()
    (metric,) = set(re.findall(r"nv_\w+", query))
    (models,) = re.findall(r'model=~"(.+?)"', query)
    page = metrics.read(triton.metrics_url)
    assert set(models.split("|")) <= set(page[metric])


def helm_test(host: str, port: str) -> "subprocess.CompletedProcess[str]":
    """Run what the pod of `helm test` runs, against another address."""
    (pod,) = chart.of_kind(chart.render({}), "Pod")
    (container,) = pod["spec"]["containers"]
    _, *arguments = container["command"]
    environment = {**os.environ, "OCR_HOST": host, "OCR_PORT": port}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, env=environment)  # noqa: S603 - the chart's


def test_helm_test_reads_an_image(triton: Triton) -> None:
    done = helm_test(*triton.url.split(":"))
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"found [1-9]\d* line", done.stdout)


def test_helm_test_says_in_a_sentence_why_it_fails(triton: Triton) -> None:
    host, _ = triton.url.split(":")
    done = helm_test(host, "1")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "the server does not answer" in done.stderr
