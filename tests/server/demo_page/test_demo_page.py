"""The demo's page in a real browser, with a real server behind it."""

import json
from pathlib import Path

import pytest
from PIL import Image
from selenium.webdriver.common.keys import Keys

from ocr_client import Page
from tests.project import SAMPLES
from tests.server.demo_page.page import DemoPage

pytestmark = pytest.mark.browser

LABEL = SAMPLES / "label.png"


def test_an_image_is_shown_with_its_boxes_and_text(page: DemoPage, label: Page) -> None:
    page.choose(LABEL)
    assert page.texts == [line.text for line in label.lines]
    assert f"label.png: {len(label.lines)} lines" in page.find("#status").text
    image = page.find("#image").rect
    scale = image["width"] / label.width
    assert image["height"] == pytest.approx(label.height * scale, abs=1)
    for box, line in zip(page.find_all("#boxes polygon"), label.lines, strict=True):
        xs, ys = zip(*line.quad, strict=True)
        rect = box.rect
        assert rect["x"] - image["x"] == pytest.approx(min(xs) * scale, abs=1)
        assert rect["y"] - image["y"] == pytest.approx(min(ys) * scale, abs=1)
        assert rect["width"] == pytest.approx((max(xs) - min(xs)) * scale, abs=1)


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_an_image_can_be_dropped_and_pasted(page: DemoPage, label: Page, kind: str) -> None:
    page.send_as(kind, LABEL)
    assert page.texts == [line.text for line in label.lines]


def test_of_several_files_the_first_is_read_and_that_is_said(page: DemoPage, label: Page) -> None:
    page.send_as("drop", LABEL, SAMPLES / "street.jpg")
    assert page.texts == [line.text for line in label.lines]
    assert page.find("#status").text.endswith("the first of 2 files: `ocr read` takes many")
    page.send_as("drop", LABEL)
    assert "2 files" not in page.find("#status").text


def test_a_folder_is_told_from_an_image(page: DemoPage, tmp_path: Path) -> None:
    page.drop_in_the_middle(tmp_path)
    page.wait_until(lambda: page.find("#error").is_displayed())
    assert page.find("#error").text.startswith(f"{tmp_path.name}: this is a folder, or a file that the browser may not")


def test_a_pdf_is_refused_with_the_way_to_read_it(page: DemoPage, tmp_path: Path) -> None:
    document = tmp_path / "contract.PDF"
    document.write_bytes(b"%PDF-1.7")
    page.choose(document)
    told = "contract.PDF: this page takes images; `ocr read` in a terminal reads the pages of a PDF"
    assert page.find("#error").text == told


def test_pointing_at_a_box_marks_its_line_and_the_other_way_round(page: DemoPage) -> None:
    page.choose(LABEL)
    page.point_at(page.find_all("#boxes polygon")[1])
    assert page.active == ([1], [1])
    page.point_at(page.find_all("#lines li")[2])
    assert page.active == ([2], [2])
    page.point_at(page.find("h1"))
    assert page.active == ([], [])


def test_the_keyboard_reaches_everything(page: DemoPage, label: Page) -> None:
    page.press(Keys.TAB)
    assert page.focused.get_attribute("id") == "file"
    page.choose(LABEL)
    stops = ["picture", "copy-text", "copy-json", "save-text", "save-json"]
    for stop in stops:
        page.press(Keys.TAB)
        assert page.focused.get_attribute("id") == stop
    page.press(Keys.TAB)
    assert page.focused == page.find("#lines li")
    assert page.active == ([0], [0])
    page.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN)
    assert page.active == ([2], [2])
    page.press(Keys.ARROW_UP)
    assert page.active == ([1], [1])
    page.press(Keys.END)
    last = len(label.lines) - 1
    assert page.active == ([last], [last])
    page.press(Keys.ARROW_DOWN)
    assert page.focused == page.find_all("#lines li")[last]
    page.press(Keys.HOME)
    assert page.active == ([0], [0])


def test_a_bad_file_is_reported_in_the_servers_words_and_the_next_good_one_is_read(
    page: DemoPage, label: Page, tmp_path: Path
) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear server, this is a letter.")
    page.choose(LABEL)
    page.choose(letter)
    message = page.find("#error")
    assert message.get_attribute("role") == "alert"
    assert message.text.startswith("letter.txt: these 30 bytes are no image that can be read here; send")
    assert not page.find("#result").is_displayed()
    page.choose(LABEL)
    assert not message.is_displayed()
    assert page.texts == [line.text for line in label.lines]


def test_an_image_without_text_says_so(page: DemoPage) -> None:
    page.choose(SAMPLES / "blank.png")
    assert "blank.png: no text found" in page.find("#status").text
    assert not page.find("#copy-text").is_enabled()


def test_text_and_json_are_downloaded(page: DemoPage, label: Page, tmp_path: Path) -> None:
    page.choose(LABEL)
    for button in ("#save-text", "#save-json"):
        page.find(button).click()
    text, fields = tmp_path / "label.txt", tmp_path / "label.json"
    page.wait_until(lambda: text.exists() and fields.exists())
    assert text.read_text(encoding="utf-8") == label.text + "\n"
    assert Page.from_dict(json.loads(fields.read_text(encoding="utf-8"))) == label


def test_text_and_json_are_copied(page: DemoPage, label: Page) -> None:
    allowed = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    page.driver.execute_cdp_cmd("Browser.grantPermissions", allowed)
    page.choose(LABEL)
    page.find("#copy-text").click()
    page.wait_until(lambda: page.find("#status").text == "Text copied")
    assert page.driver.execute_script("return navigator.clipboard.readText()") == label.text + "\n"
    page.find("#copy-json").click()
    page.wait_until(lambda: page.find("#status").text == "JSON copied")
    copied = json.loads(page.driver.execute_script("return navigator.clipboard.readText()"))
    assert Page.from_dict(copied) == label


def test_what_the_browser_cannot_show_has_its_boxes_on_white(page: DemoPage, label: Page, tmp_path: Path) -> None:
    path = tmp_path / "label.tif"
    with Image.open(LABEL) as image:
        image.save(path)
    page.choose(path)
    assert len(page.texts) == len(label.lines)
    page.wait_until(lambda: not page.find("#image").is_displayed())
    canvas = page.find("#canvas").rect
    assert canvas["height"] == pytest.approx(canvas["width"] * label.height / label.width, abs=1)
    assert page.find("#boxes polygon").is_displayed()


def test_nothing_is_loaded_from_elsewhere_and_nothing_fails(page: DemoPage, demo_url: str) -> None:
    page.console()  # of the tests before
    page.choose(LABEL)
    loaded = page.driver.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert {name.removeprefix("blob:").startswith(demo_url) or name.startswith("data:") for name in loaded} == {True}
    assert page.console() == []


@pytest.mark.parametrize("width_px", [320, 1400])
def test_no_width_makes_the_page_scroll_sideways(page: DemoPage, width_px: int) -> None:
    metrics = {"width": width_px, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        page.choose(LABEL)
        assert page.driver.execute_script("return document.documentElement.scrollWidth") <= width_px
    finally:
        page.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
