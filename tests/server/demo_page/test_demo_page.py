"""The demo's page in a real browser, with a real server behind it."""

from pathlib import Path

import pytest
from PIL import Image
from selenium.webdriver import ActionChains
from selenium.webdriver.common.keys import Keys

from ocr_client import OcrClient, Page
from ocr_client.formats import WRITERS
from tests.format_readers import READERS, read_pdf
from tests.project import SAMPLES
from tests.server.demo_page.page import DemoPage
from tests.triton import Triton

pytestmark = pytest.mark.browser

LABEL = SAMPLES / "label.png"
SCROLLING = """
return [...document.querySelectorAll("*")].filter((element) => {
  const overflow = getComputedStyle(element).overflowY;
  const scrolls = element === document.scrollingElement || overflow === "auto" || overflow === "scroll";
  return scrolls && element.scrollHeight > element.clientHeight + 1;
}).map((element) => element.tagName);
"""


def test_an_image_is_shown_with_its_boxes_and_text(page: DemoPage, label: Page) -> None:
    page.choose(LABEL)
    assert page.texts == [line.text for line in label.lines]
    assert f"label.png: {len(label.lines)} lines" in page.find("#status").text
    image = page.seen(page.find("#image"))
    scale = image["width"] / label.width
    assert image["height"] == pytest.approx(label.height * scale, abs=1)
    for box, line in zip(page.find_all("#boxes path"), label.lines, strict=True):
        xs, ys = zip(*line.quad, strict=True)
        rect = page.seen(box)
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


def test_a_sample_is_read_by_a_click(page: DemoPage, label: Page) -> None:
    page.find("[data-sample='label.webp']").click()
    page.wait_until(lambda: "lines" in page.find("#status").text)
    assert page.texts == page_texts(label)


def test_a_pdf_is_read_page_by_page(page: DemoPage, label: Page, tmp_path: Path) -> None:
    document = tmp_path / "contract.PDF"
    with Image.open(LABEL) as first, Image.open(SAMPLES / "blank.png") as second:
        first.convert("RGB").save(document, "PDF", save_all=True, append_images=[second.convert("RGB")], resolution=200)
    page.choose(document)
    assert page.find("#page-number").text == "Page 1 of 2"
    assert page.texts == page_texts(label)
    assert page.image_width_px == pytest.approx(label.width, abs=1)
    page.find("#next").click()
    assert (page.find("#page-number").text, page.texts) == ("Page 2 of 2", [])
    assert not page.find("#next").is_enabled()
    page.find("#save-pdf").click()
    found = tmp_path / "contract.pdf"
    assert [[line.text for line in lines] for lines in read_pdf(page.downloaded(found))] == [page_texts(label), []]


def page_texts(page: Page) -> list[str]:
    return [line.text for line in page.lines]


def test_zooming_enlarges_the_image_in_its_pane_and_dragging_moves_it(page: DemoPage) -> None:
    page.choose(LABEL)
    canvas = page.find("#canvas")
    pane, before = page.find("#picture").rect, page.seen(canvas)
    page.find("#zoom-in").click()
    zoomed = page.seen(canvas)
    assert zoomed["width"] == pytest.approx(1.5 * before["width"], rel=0.01)
    assert page.find("#picture").rect == pane
    ActionChains(page.driver, duration=0).drag_and_drop_by_offset(page.find("#picture"), 40, 30).perform()
    moved = page.seen(canvas)
    assert (moved["x"] - zoomed["x"], moved["y"] - zoomed["y"]) == pytest.approx((40, 30), abs=1)
    page.find("#zoom-fit").click()
    assert page.seen(canvas) == before


def test_boxes_can_be_hidden(page: DemoPage, label: Page) -> None:
    page.choose(LABEL)
    page.find("#shown option[value=none]").click()
    assert page.find_all("#boxes path") == []
    page.point_at(page.find_all("#lines li")[1])
    assert page.active == ([], [1])
    page.find("#shown option[value=lines]").click()
    assert len(page.find_all("#boxes path")) == len(label.lines)


def test_boxes_of_words_can_be_shown_instead(page: DemoPage, client: OcrClient) -> None:
    words = [line.words or () for line in client.read(LABEL, words=True).lines]
    page.choose(LABEL)
    page.find("#shown option[value=words]").click()
    outlines = [box.get_attribute("d") or "" for box in page.find_all("#boxes path")]
    assert [outline.count("M") for outline in outlines] == [len(own) for own in words]


def test_a_page_that_lies_on_its_side_is_shown_upright(page: DemoPage, tmp_path: Path) -> None:
    path = tmp_path / "turned.png"
    with Image.open(SAMPLES / "receipt.png") as image:
        image.rotate(90, expand=True).save(path)
    page.choose(path)
    assert page.texts[0] == "CORNER BAKERY"
    canvas, pane = page.seen(page.find("#canvas")), page.seen(page.find("#picture"))
    assert canvas["height"] > canvas["width"]
    assert (canvas["top"], canvas["height"]) == pytest.approx((pane["top"], pane["height"]), abs=1)
    first, last = page.find_all("#boxes path")[0], page.find_all("#boxes path")[-1]
    assert page.seen(first)["bottom"] < page.seen(last)["top"]
    assert page.seen(first)["width"] > page.seen(first)["height"]


def test_a_threshold_has_the_file_read_again(page: DemoPage, label: Page) -> None:
    page.choose(LABEL)
    page.find("#thresholds summary").click()
    page.find("[name=min_confidence]").send_keys(Keys.END)
    page.wait_until(lambda: page.find("#nothing").is_displayed())
    page.wait_for_answer()
    assert page.find("#unknown").text.startswith(f"{len(label.lines)} places look like text that could not be read")
    page.find("#show-unread").click()
    assert len(page.find_all("#unread path")) == 1
    page.find("#defaults").click()
    page.wait_until(lambda: page.texts == page_texts(label))


def test_the_model_and_the_server_are_named(page: DemoPage, triton: Triton) -> None:
    page.wait_until(lambda: page.find("#server").text)
    assert page.find("#server").text.startswith("ocr_ensemble")
    assert page.find("#server").text.endswith(f", http://{triton.url.removeprefix('http://')}")


@pytest.mark.parametrize("width_px", [390, 1400])
def test_the_page_alone_scrolls(page: DemoPage, width_px: int) -> None:
    with page.sized(width_px, 300):
        page.choose(LABEL)
        assert page.driver.execute_script(SCROLLING) == ["HTML"]


def test_a_phone_has_a_camera_and_reads_of_no_mouse_and_no_keys(page: DemoPage) -> None:
    assert not page.find("#camera").is_displayed()
    with page.sized(390, 844, touch=True):
        assert page.find("#camera").is_displayed()
        page.choose(LABEL)
        said = page.find("body").text
        assert "Take a photo" in said
        assert "drop" not in said
        assert "Arrow keys" not in said


def test_pointing_at_a_box_marks_its_line_and_the_other_way_round(page: DemoPage) -> None:
    page.choose(LABEL)
    page.point_at(page.find_all("#boxes path")[1])
    assert page.active == ([1], [1])
    page.point_at(page.find_all("#lines li")[2])
    assert page.active == ([2], [2])
    page.point_at(page.find("h1"))
    assert page.active == ([], [])


def test_the_keyboard_reaches_everything(page: DemoPage, label: Page) -> None:
    page.press(Keys.TAB)
    assert page.focused.get_attribute("id") == "file"
    page.choose(LABEL)
    samples = [""] * len(page.find_all("#samples button"))
    view = ["zoom-out", "zoom-fit", "zoom-in", "shown", "picture"]
    for stop in [*samples, *view, "copy-text", *(f"save-{name}" for name in WRITERS)]:
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
    assert page.find("#nothing").text.startswith("No text was found.")
    assert not page.find("#copy-text").is_enabled()


def test_results_are_downloaded_in_every_format(page: DemoPage, label: Page, tmp_path: Path) -> None:
    page.choose(LABEL)
    for name, writer in WRITERS.items():
        page.find(f"#save-{name}").click()
        file = tmp_path / f"label{writer.suffix}"
        found = [line.text for line in READERS[name](page.downloaded(file))[0]]
        assert " ".join(found) == " ".join(page_texts(label))
        assert name == "markdown" or found == page_texts(label)  # Markdown has a line for each paragraph


def test_the_text_is_copied(page: DemoPage, label: Page) -> None:
    allowed = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    page.driver.execute_cdp_cmd("Browser.grantPermissions", allowed)
    page.choose(LABEL)
    page.find("#copy-text").click()
    page.wait_until(lambda: page.find("#status").text == "Text copied")
    assert page.driver.execute_script("return navigator.clipboard.readText()") == label.text + "\n"


def test_what_the_browser_cannot_show_comes_from_the_server(page: DemoPage, label: Page, tmp_path: Path) -> None:
    path = tmp_path / "label.tif"
    with Image.open(LABEL) as image:
        image.save(path)
    page.choose(path)
    page.wait_until(lambda: page.find("#image").is_displayed() and page.image_width_px == label.width)


def test_nothing_is_loaded_from_elsewhere_and_nothing_fails(page: DemoPage, demo_url: str) -> None:
    page.console()  # of the tests before
    page.choose(LABEL)
    loaded = page.driver.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert {name.removeprefix("blob:").startswith(demo_url) or name.startswith("data:") for name in loaded} == {True}
    assert page.console() == []


@pytest.mark.parametrize("width_px", [320, 1400])
def test_no_width_makes_the_page_scroll_sideways(page: DemoPage, width_px: int) -> None:
    with page.sized(width_px, 800):
        page.choose(LABEL)
        assert page.driver.execute_script("return document.documentElement.scrollWidth") <= width_px
