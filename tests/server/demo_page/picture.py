"""Take docs/demo.jpg: `python -m tests.server.demo_page.picture`. It shows the demo's page with a sample read."""

import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image

from server.triton import TritonServer
from tests.project import MODEL_REPOSITORY, ROOT
from tests.server.demo_page.browser import chromium, demo
from tests.server.demo_page.page import DemoPage

PICTURE = ROOT / "docs" / "demo.jpg"
WIDTH_PX, HEIGHT_PX = 1385, 860


def take(url: str, folder: Path) -> Image.Image:
    """The page of the server at this address, with boxes round the words of the first sample."""
    with demo(url) as address, chromium(folder) as driver:
        driver.get(address)
        page = DemoPage(driver)
        with page.sized(WIDTH_PX, HEIGHT_PX):
            for _ in range(2):  # the first image that a server reads takes longer
                page.find("#samples button").click()
                page.wait_until(lambda: page.texts)
                page.wait_for_answer()
            page.find("#shown option[value=words]").click()
            driver.execute_script("document.activeElement.blur()")
            return Image.open(BytesIO(driver.get_screenshot_as_png())).convert("RGB")


if __name__ == "__main__":
    with TritonServer(MODEL_REPOSITORY) as server, tempfile.TemporaryDirectory() as name:
        take(server.url, Path(name)).save(PICTURE, quality=85)
