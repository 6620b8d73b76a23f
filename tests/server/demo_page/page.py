"""The demo's page as someone sees and handles it."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from selenium.webdriver import ActionChains
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

Found = TypeVar("Found")

PATIENCE_S = 60
# A file that comes as an event carries it: with a drop, or from the clipboard.
SEND_FILE = """
const [kind, name, content] = arguments;
const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
const carried = new DataTransfer();
carried.items.add(new File([bytes], name));
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

    def send_as(self, kind: str, name: str, content_base64: str) -> None:
        """Let a "drop" or a "paste" bring a file, and wait likewise."""
        self.driver.execute_script(SEND_FILE, kind, name, content_base64)
        self.wait_for_answer()

    def wait_for_answer(self) -> None:
        """Wait until nothing is being read."""
        self.wait_until(lambda: not self.find("#progress").is_displayed())

    def wait_until(self, condition: Callable[[], Found]) -> Found:
        """Wait for something, or raise TimeoutException."""
        return WebDriverWait(self.driver, PATIENCE_S, 0.05).until(lambda _: condition())

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
