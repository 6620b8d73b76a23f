"""What tests against a server share: a client, a page that several of them compare with, and the server's log."""

from collections.abc import Generator, Iterator

import pytest

from ocr_client import OcrClient, Page
from tests.project import SAMPLES
from tests.triton import Triton


@pytest.fixture
def client(triton: Triton) -> Iterator[OcrClient]:
    with OcrClient(triton.url) as connected:
        yield connected


@pytest.fixture(scope="session")
def label(triton: Triton) -> Page:
    """What the server reads in the label as it lies in samples/."""
    with OcrClient(triton.url) as connected:
        return connected.read(SAMPLES / "label.png")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of the server's log beside a failure."""
    report = yield
    server = item.funcargs.get("triton")
    if report.failed and isinstance(server, Triton) and server.log:
        report.sections.append(("Triton's log", server.end_of_log()))
    return report
