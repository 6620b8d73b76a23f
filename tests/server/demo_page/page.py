"""The demo's page as someone sees and handles it."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from selenium.webdriver import ActionChains
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

Found = TypeVar("Found")

PATIENCE_S = 60
# Files that come as an event carries them: with a drop, or from the clipboard.
SEND_FILES = """
const [kind, files] = arguments;
const carried = new DataTransfer();
for (const [name, content] of files) {
  carried.items.add(new File([Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))], name));
}
const fields = { bubbles: true, cancelable: true, dataTransfer: carried, clipboardData: carried };
document.body.dispatchEvent(kind === "drop" ? new DragEvent(kind, fields) : new ClipboardEvent(kind, fields));
"""
MARKED = """
return [...document.getElementById(arguments[0]).children].flatMap((child, i) => child.matches(".active") ? i : [])
"""


class DemoPage:
    """The open page."""

    def __init__(self, driver: WebDriver) -> None:
        self.driver = driver

    def choose(self, path: Path) -> None:
        """Choose a file as in the file dialogue, and wait for the result or the message."""
        self.find("#file").send_keys(str(path))
        self.wait_for_answer()

    def send_as(self, kind: str, *paths: Path) -> None:
        """Let a "drop" or a "paste" bring files, and wait likewise."""
        files = [(path.name, base64.b64encode(path.read_bytes()).decode()) for path in paths]
        self.driver.execute_script(SEND_FILES, kind, files)
        self.wait_for_answer()

    def drop_in_the_middle(self, path: Path) -> None:
        """Drag a file or folder from elsewhere onto the page, as a person does."""
        dragged = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.driver.execute_cdp_cmd("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": dragged})

    def wait_for_answer(self) -> None:
        """Wait until nothing is being read."""
        self.wait_until(lambda: not self.find("#progress").is_displayed())

    def wait_until(self, condition: Callable[[], Found]) -> Found:
        """Wait for something, or raise TimeoutException."""
        return WebDriverWait(self.driver, PATIENCE_S, 0.05).until(lambda _: condition())

    def downloaded(self, file: Path) -> bytes:
        """What is in a file once it is there; Chromium begins with an empty one."""
        return self.wait_until(lambda: file.read_bytes() if file.exists() else b"")

    def find(self, selector: str) -> WebElement:
        """The first element, or raise NoSuchElementException."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def find_all(self, selector: str) -> list[WebElement]:
        """All elements."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    @property
    def texts(self) -> list[str]:
        """What the lines in the list say."""
        return [element.text for element in self.find_all("#lines .text")]

    @property
    def active(self) -> tuple[list[int], list[int]]:
        """Which boxes and which lines are marked."""
        return self.driver.execute_script(MARKED, "boxes"), self.driver.execute_script(MARKED, "lines")

    @property
    def focused(self) -> WebElement:
        """What the keyboard acts on."""
        return self.driver.switch_to.active_element

    def seen(self, element: WebElement) -> dict[str, float]:
        """Where an element is in the window, as it is turned and scaled, which `element.rect` leaves out."""
        box: dict[str, float] = self.driver.execute_script("return arguments[0].getBoundingClientRect()", element)
        return box

    @property
    def image_width_px(self) -> int:
        """How wide the image that is shown is by itself."""
        width: int = self.driver.execute_script("return document.getElementById('image').naturalWidth")
        return width

    @contextmanager
    def sized(self, width_px: int, height_px: int, *, touch: bool = False) -> Iterator[None]:
        """Give the window another size, and fingers instead of a mouse."""
        metrics = {"width": width_px, "height": height_px, "deviceScaleFactor": 1, "mobile": touch}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": touch})
        try:
            yield
        finally:
            self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
            self.driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})

    def point_at(self, element: WebElement) -> None:
        """Move the pointer over the middle of an element."""
        ActionChains(self.driver, duration=0).move_to_element(element).perform()

    def press(self, *keys: str) -> None:
        """Press and release keys."""
        ActionChains(self.driver, duration=0).send_keys(*keys).perform()

    def console(self) -> list[str]:
        """What the browser complained of since the last call."""
        entries = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in entries]
