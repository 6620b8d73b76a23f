"""A headless Chromium, and the demo's page for it."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver

from ocr_client import OcrClient
from ocr_client.demo import DemoServer

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


@contextmanager
def chromium(folder: Path) -> Iterator[WebDriver]:
    """A browser, inside the block.

    Args:
        folder: An empty one, for what it keeps.

    Raises:
        RuntimeError: There is none on this machine.
    """
    if not (CHROMIUM and DRIVER):
        raise RuntimeError(f"there is no Chromium with its chromedriver: apt-get install {PACKAGES}")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in (*ARGUMENTS, f"--user-data-dir={folder}"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options, Service(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


@contextmanager
def demo(url: str) -> Iterator[str]:
    """The address of the demo's page of a server, inside the block."""
    with DemoServer(lambda: OcrClient(url)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()
