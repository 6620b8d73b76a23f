"""Tests with a real Prometheus.

Without one these tests are left out, and the run says so at its end; where CI is set, they fail instead.
"""

from collections.abc import Iterator

import pytest

from ocr_client import OcrClient
from tests.deploy.prometheus.prometheus import PROGRAM, TOOL, Prometheus, prometheus
from tests.programs import Needed
from tests.project import SAMPLES
from tests.server.processes import wait_until
from tests.triton import Triton


def pytest_configure(config: pytest.Config) -> None:
    is_there = None not in (PROGRAM, TOOL)
    config.pluginmanager.register(
        Needed("prometheus: runs Prometheus", "tests of alerts", "Prometheus", "prometheus", is_there=is_there)
    )


@pytest.fixture(scope="module")
def watching(triton: Triton, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has seen a page being read."""
    if triton.metrics_url is None:
        pytest.skip("--triton names an address without metrics")
    with (
        prometheus(tmp_path_factory.mktemp("prometheus"), [triton.metrics_url]) as started,
        OcrClient(triton.url) as client,
    ):
        client.read(SAMPLES / "label.png")
        wait_until(lambda: started.values("ocr_page_lines_count"))
        client.read(SAMPLES / "label.png")
        wait_until(lambda: started.values("increase(ocr_page_lines_count[1m]) > 0"))
        yield started
