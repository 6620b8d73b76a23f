"""What is written in a format, an independent reader of that format finds again."""

import io
import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from PIL import Image

from ocr_client import Line, Page
from ocr_client.documents import ReadPage
from ocr_client.formats import WRITERS
from tests.format_readers import ALTO, READERS, FoundLine, alto_box, hocr_box, hocr_properties

WIDTH, HEIGHT = 1000, 1200


def line(text: str, x: float, y: float, width: float, height: float, degrees: float = 0) -> Line:
    """A line whose top-left corner is at (x, y), turned clockwise around it; its letters are equally wide."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

    def part(start: float, end: float) -> list[tuple[float, float]]:
        corners = ((start * width, 0), (end * width, 0), (end * width, height), (start * width, height))
        return [(round(x + u * cos - v * sin, 2), round(y + u * sin + v * cos, 2)) for u, v in corners]

    words = [
        {"text": found[0], "confidence": 0.9, "quad": part(found.start() / len(text), found.end() / len(text))}
        for found in re.finditer(r"\S+", text)
    ]
    return Line.from_dict({"text": text, "quad": part(0, 1), "confidence": 0.9712, "score": 0.8, "words": words})


LINES = (
    line("How a Lighthouse Finds Its Ships", 100.25, 60.5, 700, 48),
    line('<Tom & "Jerry">; 100 % \\o/', 100, 140, 500, 36),
    line("Größe, naïve café, 5 €", 100, 200, 400, 32.5),
    line("Ελληνικά и кириллица", 100, 260, 420, 30),
    line("中文字符识别 ABC 日本語 한국어", 100, 320, 480, 40),
    line("climbing", 300, 600, 240, 40, degrees=-30),
    line("falling", 800, 420, 300, 40, degrees=90),
    line("head over heels", 800, 900, 300, 40, degrees=180),
    line("x", 100, 1000, 20, 24),
)

TITLE = ("第", "1", "章")
TITLE_QUADS = [line("x", x, 50, 20, 20).quad for x in (50, 80, 100)]


@lru_cache
def blank_png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (WIDTH, HEIGHT), "white").save(file, "PNG")
    return file.getvalue()


def read_page(*lines: Line, source: str = "page.png", number: int = 1) -> ReadPage:
    page = Page(width=WIDTH, height=HEIGHT, lines=lines)
    return ReadPage(source=source, number=number, page=page, image=blank_png(), dpi=150)


def written(name: str, *results: ReadPage) -> bytes:
    stream = io.BytesIO()
    WRITERS[name].write(results, stream)
    assert not stream.closed
    return stream.getvalue()


def assert_found(found: list[FoundLine], lines: tuple[Line, ...], tolerance_px: float = 1) -> None:
    """The same texts in the same order, and their boxes where the format has boxes."""
    assert [line.text for line in found] == [line.text for line in lines]
    for actual, expected in zip(found, lines, strict=True):
        xs, ys = zip(*expected.quad, strict=True)
        if actual.box:
            assert actual.box == pytest.approx((min(xs), min(ys), max(xs), max(ys)), abs=tolerance_px)


@pytest.mark.parametrize("name", WRITERS)
def test_text_order_and_boxes_are_found_again(name: str) -> None:
    (found,) = READERS[name](written(name, read_page(*LINES)))
    assert_found(found, LINES)


@pytest.mark.parametrize("name", WRITERS)
def test_pages_stay_apart(name: str) -> None:
    first, second = line("first", 50, 50, 100, 30), line("second", 50, 50, 120, 30)
    content = written(name, read_page(first), read_page(second, number=2))
    assert [[found.text for found in page] for page in READERS[name](content)] == [["first"], ["second"]]


@pytest.mark.parametrize("name", [name for name in WRITERS if name != "tsv"])
def test_a_page_without_text_is_a_page(name: str) -> None:
    assert READERS[name](written(name, read_page())) == [[]]


@pytest.mark.parametrize("name", ["json", "jsonl", "tsv", "hocr"])
def test_no_page_at_all_is_a_whole_file(name: str) -> None:
    assert READERS[name](written(name)) == []


@pytest.mark.parametrize("name", [name for name in WRITERS if name not in ("text", "pdf", "alto")])
def test_results_are_written_as_they_come(name: str) -> None:
    stream = io.BytesIO()

    def results() -> Iterator[ReadPage]:
        yield read_page(line("early", 50, 50, 100, 30))
        yield read_page(line("late", 50, 50, 100, 30))
        assert b"early" in stream.getvalue()

    WRITERS[name].write(results(), stream)
    assert b"late" in stream.getvalue()


@pytest.mark.parametrize("name", WRITERS)
def test_an_impossible_file_name_does_no_harm(name: str) -> None:
    odd = 'a\udcff "b"; <c>\t\\\n%s.png'  # \udcff: a byte that is no text, as Python shows it
    page = read_page(line("text", 50, 50, 100, 30), source=odd)
    assert_found(READERS[name](written(name, page))[0], page.page.lines)


@pytest.mark.parametrize("name", ["hocr", "alto"])
@given(text=st.text(alphabet=st.characters(codec="utf-8"), max_size=30))
def test_any_text_makes_well_formed_xml(name: str, text: str) -> None:
    content = written(name, read_page(line(text, 50, 50, 100, 30)))
    etree.fromstring(content)
    (found,) = READERS[name](content)[0]
    assert len(found.text.split()) == len(text.split())


@given(text=st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=30))  # csv refuses it
def test_any_text_makes_one_row(text: str) -> None:
    (found,) = READERS["tsv"](written("tsv", read_page(line(text, 50, 50, 100, 30))))[0]
    assert len(found.text) == len(text)


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_json_gives_the_page_back_unchanged(name: str) -> None:
    content = written(name, read_page(*LINES, source="scan.tif", number=3))
    fields = json.loads(content) if name == "jsonl" else json.loads(content)[0]
    assert (fields["source"], fields["number"]) == ("scan.tif", 3)
    assert Page.from_dict(fields) == Page(width=WIDTH, height=HEIGHT, lines=LINES)


def test_hocr_has_page_words_confidence_and_angle() -> None:
    root = lxml.html.fromstring(written("hocr", read_page(*LINES, source='my "scan".png')))
    page = hocr_properties(root.find_class("ocr_page")[0])
    assert page == {"image": r'"my \"scan\".png"', "bbox": "0 0 1000 1200", "ppageno": "0", "scan_res": "150 150"}
    words = root.find_class("ocr_line")[0].find_class("ocrx_word")
    assert [word.text for word in words] == LINES[0].text.split()
    assert {hocr_properties(word)["x_wconf"] for word in words} == {"90"}
    climbing = hocr_properties(root.find_class("ocr_line")[5])
    assert climbing["textangle"] == "30"  # counter-clockwise
    assert list(map(float, climbing["poly"].split())) == pytest.approx(
        [number for corner in LINES[5].quad for number in corner], abs=1
    )


def test_hocr_claims_no_resolution_where_it_is_a_guess() -> None:
    guessed = replace(read_page(*LINES), is_dpi_known=False)
    root = lxml.html.fromstring(written("hocr", guessed))
    assert "scan_res" not in hocr_properties(root.find_class("ocr_page")[0])


def test_alto_names_every_file_once() -> None:
    pages = [
        read_page(*LINES, source=source, number=number) for source, number in (("a.tif", 1), ("a.tif", 2), ("b", 1))
    ]
    root = etree.fromstring(written("alto", *pages))
    assert root.findtext(".//alto:fileName", namespaces=ALTO) == "a.tif"
    assert [named.text for named in root.iterfind(".//alto:fileIdentifier", ALTO)] == ["a.tif", "b"]


def test_alto_has_confidence_corners_source_and_page() -> None:
    root = etree.fromstring(written("alto", read_page(*LINES, source="a & b.png", number=7)))
    assert root.findtext(".//alto:fileName", namespaces=ALTO) == "a & b.png"
    page = root.find(".//alto:Page", ALTO)
    assert (page.get("PHYSICAL_IMG_NR"), page.get("WIDTH"), page.get("HEIGHT")) == ("7", "1000", "1200")
    assert {string.get("WC") for string in root.iterfind(".//alto:String", ALTO)} == {"0.9"}
    points = root.findall(".//alto:TextLine", ALTO)[5].find(".//alto:Polygon", ALTO).get("POINTS")
    assert [tuple(map(float, point.split(","))) for point in points.split()] == list(LINES[5].quad)


@pytest.mark.parametrize("name", ["hocr", "alto"])
def test_words_have_the_boxes_that_the_server_gave_them(name: str) -> None:
    page = line("a very wide word", 100, 100, 400, 40)
    root = etree.fromstring(written(name, read_page(page)))
    if name == "hocr":
        boxes = [hocr_box(word) for word in root.xpath("//*[@class='ocrx_word']")]
    else:
        boxes = [alto_box(word) for word in root.iterfind(".//alto:String", ALTO)]
    assert page.words
    for box, word in zip(boxes, page.words, strict=True):
        assert box == pytest.approx((*word.quad[0], *word.quad[2]), abs=0.5)


@pytest.mark.parametrize("name", ["hocr", "alto", "pdf"])
def test_what_has_no_space_in_the_text_gets_none(name: str) -> None:
    square = line("x", 0, 0, 9, 9).quad
    words = [{"text": text, "confidence": 1, "quad": quad} for text, quad in zip(TITLE, TITLE_QUADS, strict=True)]
    title = {"text": "第 1章", "confidence": 1, "score": 1, "quad": square, "words": words}
    ((found,),) = READERS[name](written(name, read_page(Line.from_dict(title))))
    assert found.text == "第 1章"


def test_tsv_has_the_words_below_their_line() -> None:
    wordless = replace(LINES[1], words=None)
    rows = written("tsv", read_page(LINES[0], wordless)).decode().splitlines()[1:]
    cells = [row.split("\t") for row in rows]
    assert [(row[2], row[3], row[4], row[-1]) for row in cells] == [
        ("1", "0", "0.9712", LINES[0].text),
        *(("1", f"{number}", "0.9", word) for number, word in enumerate(LINES[0].text.split(), 1)),
        ("2", "0", "0.9712", LINES[1].text),
    ]


@pytest.mark.parametrize("name", [name for name, writer in WRITERS.items() if writer.needs_words])
def test_without_words_some_formats_cannot_be_written(name: str) -> None:
    with pytest.raises(ValueError, match="'x' has no words: read the image with words=True"):
        written(name, read_page(replace(line("x", 0, 0, 9, 9), words=None)))


def test_suffixes_differ() -> None:
    assert len({writer.suffix for writer in WRITERS.values()}) == len(WRITERS)


def test_only_pdf_is_binary_and_needs_images() -> None:
    assert [name for name, writer in WRITERS.items() if writer.binary] == ["pdf"]
    assert [name for name, writer in WRITERS.items() if writer.needs_image] == ["pdf"]


def test_formats_with_boxes_of_words_need_words() -> None:
    assert [name for name, writer in WRITERS.items() if writer.needs_words] == ["hocr", "alto", "pdf"]
