"""A headless Chromium, and in it the demo's page, which talks to the real server.

Without Chromium these tests are left out, and the run says so at its end; where CI is set, they fail instead.
"""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver

from ocr_client import OcrClient
from ocr_client.demo import DemoServer
from tests.programs import Needed
from tests.server.demo_page.page import DemoPage
from tests.triton import Triton

CHROMIUM, DRIVER = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
PACKAGES = "chromium chromium-driver"
ARGUMENTS = (
    "--headless",
    "--no-sandbox",  # in a container there is none
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--window-size=1400,900",
)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(
        Needed(
            "browser: drives a headless Chromium",
            "browser tests",
            "Chromium",
            PACKAGES,
            is_there=bool(CHROMIUM and DRIVER),
        )
    )


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    assert CHROMIUM, f"CI is set, and there is no Chromium: apt-get install {PACKAGES}"
    assert DRIVER, f"CI is set, and there is no chromedriver: apt-get install {PACKAGES}"
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options, Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def demo_url(triton: Triton) -> Iterator[str]:
    with DemoServer(lambda: OcrClient(triton.url)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.url
        server.shutdown()
        thread.join()


@pytest.fixture
def page(chromium: WebDriver, demo_url: str, tmp_path: Path) -> DemoPage:
    """The page as it is when it is opened; what it downloads goes into `tmp_path`."""
    chromium.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    chromium.get(demo_url)
    return DemoPage(chromium)
