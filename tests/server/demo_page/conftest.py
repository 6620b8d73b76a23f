"""A headless Chromium, and in it the demo's page, which talks to the real server.

Without Chromium these tests are left out, and the run says so at its end; where CI is set, they fail instead.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver

from tests.programs import Needed
from tests.server.demo_page import browser
from tests.server.demo_page.page import DemoPage
from tests.triton import Triton


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(
        Needed(
            "browser: drives a headless Chromium",
            "browser tests",
            "Chromium",
            browser.PACKAGES,
            is_there=bool(browser.CHROMIUM and browser.DRIVER),
        )
    )


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    with browser.chromium(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@pytest.fixture(scope="session")
def demo_url(triton: Triton) -> Iterator[str]:
    with browser.demo(triton.url) as url:
        yield url


@pytest.fixture
def page(chromium: WebDriver, demo_url: str, tmp_path: Path) -> DemoPage:
    """The page as it is when it is opened; what it downloads goes into `tmp_path`."""
    chromium.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    chromium.get(demo_url)
    return DemoPage(chromium)
