"""Text that was found and could not be read has boxes of its own."""

from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from benchmarks.accuracy.drawn_words import LARGE_SIZES_PX, draw_pages
from ocr_client import OcrClient, Page
from ocr_client.cli import main
from tests.project import SAMPLES
from tests.triton import Triton

ENGLISH = "The ferry leaves at ten"
# The same three times, more or less.
UNKNOWN = {
    "Russian": ("Паром отходит в десять утра", "Билеты продаёт капитан", "Собаки путешествуют бесплатно"),
    "Hebrew": ("המעבורת יוצאת בשעה עשר", "הכרטיסים אצל רב החובל", "כלבים נוסעים בחינם"),
    "Armenian": ("Նավը դուրս կգա ժամը տասին", "Տոմսերը վաճառում է նավապետը", "Շներն ուղևորվում են անվճար"),
    "Georgian": ("ბორანი ათ საათზე გადის", "ბილეთებს კაპიტანი ყიდის", "ძაღლები უფასოდ მგზავრობენ"),
    "Arabic": ("تغادر العبارة في العاشرة", "التذاكر عند القبطان", "تسافر الكلاب مجانا"),
}


def draw(*lines: str) -> NDArray[np.uint8]:
    """A page of these lines, in the font of Matplotlib, which has many scripts."""
    font = ImageFont.truetype(Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"), 32)
    image = Image.new("RGB", (800, 60 + 80 * len(lines)), "white")
    pen = ImageDraw.Draw(image)
    for number, line in enumerate(lines):
        pen.text((50, 40 + 80 * number), line, "black", font)
    return np.asarray(image)


def test_a_line_is_read_or_has_a_box_among_the_unread(client: OcrClient, label: Page) -> None:
    sure = client.read(SAMPLES / "label.png", min_confidence=1, unread=True)
    assert sure.unread
    quads = [line.quad for line in sure.lines] + [box.quad for box in sure.unread]
    assert sorted(quads) == sorted(line.quad for line in label.lines)


def test_a_page_without_text_has_none(client: OcrClient) -> None:
    assert client.read(SAMPLES / "blank.png", unread=True).unread == ()


def test_without_asking_the_page_has_no_unread_boxes(label: Page) -> None:
    assert label.unread is None


@pytest.mark.parametrize("language", UNKNOWN)
def test_lines_in_a_script_that_the_alphabet_cannot_spell_are_unread(client: OcrClient, language: str) -> None:
    """Of some, a line looks like letters that are read with too little confidence."""
    page = client.read(draw(ENGLISH, *UNKNOWN[language]), unread=True)
    assert [line.text for line in page.lines] == [ENGLISH]
    assert [round(np.mean(box.quad, axis=0)[1] / 80) for box in page.unread or ()] == [2, 3, 4]
    assert [box.reason for box in page.unread or ()].count("unknown_script") >= 2


def test_the_command_says_how_many_lines_are_in_an_unknown_script(triton: Triton, tmp_path: Path) -> None:
    file = tmp_path / "ferry.png"
    Image.fromarray(draw(ENGLISH, *UNKNOWN["Russian"])).save(file)
    done = CliRunner(env={"OCR_URL": triton.url}).invoke(main, ["read", str(file), "--format", "text"])
    assert (done.exit_code, done.stdout) == (0, f"{ENGLISH}\n")
    assert done.stderr == f"{file}: 3 lines are in a script that this recognizer does not know\n"


def test_print_that_shines_through_paper_is_not_read(client: OcrClient) -> None:
    """Mirrored, blurred, with a fifth of its contrast."""
    printed = next(draw_pages("level", LARGE_SIZES_PX)).image_rgb
    seen = cv2.GaussianBlur(printed[:, ::-1], (0, 0), 1.5).astype(np.float32)
    page = client.read(np.rint(240 - (245 - seen) / 5).astype(np.uint8), unread=True)
    assert page.text == ""
    assert len(page.unread or ()) > 8
