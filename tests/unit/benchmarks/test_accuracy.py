"""The accuracy benchmark: its metric on numbers worked out by hand, and its command."""

import json
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from PIL import Image

from benchmarks.accuracy.__main__ import main, table
from benchmarks.accuracy.changed import read_changed, turn_back
from benchmarks.accuracy.labels import LabelledImage, find_sets, read_set
from benchmarks.accuracy.score import Score, judge, measure
from benchmarks.accuracy.token_f1 import Counts, compare, outside, tokens
from ocr_client import Line, OcrClient, OcrError, Page
from ocr_client.results import Quad


def box(left: float, top: float, right: float, bottom: float) -> Quad:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def page(*lines: tuple[str, Quad]) -> Page:
    found = (Line(text=text, confidence=1, quad=quad, score=1) for text, quad in lines)
    return Page(width=100, height=100, lines=tuple(found))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Total: 12.50", ["total", "12", "50"]),
        ("snake_case", ["snake", "case"]),
        ("GRÖSSE größe", ["grösse", "größe"]),
        ("日本語 2024年", ["日本語", "2024年"]),
        ("— !? —", []),
        ("", []),
    ],
)
def test_tokens_are_runs_of_letters_and_digits_in_lower_case(text: str, expected: list[str]) -> None:
    assert sorted(tokens([text]).elements()) == sorted(expected)


@pytest.mark.parametrize(
    ("read", "labelled", "counts"),
    [
        (["a b c"], ["c", "b", "a"], Counts(3, 3, 3)),
        (["a a a"], ["a", "a"], Counts(2, 3, 2)),
        (["a"], ["a", "a"], Counts(1, 1, 2)),
        (["ab"], ["a", "b"], Counts(0, 1, 2)),
        (["Total"], ["TOTAL:"], Counts(1, 1, 1)),
        ([], ["a"], Counts(0, 0, 1)),
        (["a"], [], Counts(0, 1, 0)),
        ([], [], Counts(0, 0, 0)),
    ],
)
def test_texts_are_compared_as_multisets_of_tokens(read: list[str], labelled: list[str], counts: Counts) -> None:
    assert compare(read, labelled) == counts


@pytest.mark.parametrize(
    ("counts", "precision", "recall", "f1"),
    [
        (Counts(3, 4, 6), 0.75, 0.5, 0.6),
        (Counts(0, 4, 6), 0, 0, 0),
        (Counts(0, 0, 6), 1, 0, 0),
        (Counts(0, 4, 0), 0, 1, 0),
        (Counts(0, 0, 0), 1, 1, 1),
    ],
)
def test_counts_give_precision_recall_and_f1(counts: Counts, precision: float, recall: float, f1: float) -> None:
    assert (counts.precision, counts.recall, counts.f1) == pytest.approx((precision, recall, f1))


def test_counts_of_images_add_up() -> None:
    assert Counts(1, 2, 3) + Counts(10, 20, 30) == Counts(11, 22, 33)


DIAMOND = ((50.0, 0.0), (100.0, 50.0), (50.0, 100.0), (0.0, 50.0))


@pytest.mark.parametrize(
    ("quad", "kept"),
    [
        (box(40, 40, 60, 60), False),
        (box(-50, -50, 150, 150), False),  # larger, but its centre lies inside
        (box(0, 0, 20, 20), True),  # inside the diamond's bounding box only
        (box(200, 40, 220, 60), True),
        (box(15, 15, 35, 35), False),  # the centre is on the edge
    ],
)
@pytest.mark.parametrize("region", [DIAMOND, DIAMOND[::-1]], ids=["clockwise", "anticlockwise"])
def test_a_line_is_dropped_when_its_centre_lies_in_a_region(region: Quad, quad: Quad, kept: bool) -> None:
    lines = page(("a", quad)).lines
    assert outside(lines, [box(500, 500, 600, 600), region]) == list(lines if kept else ())


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_page_that_was_turned_has_its_lines_where_they_were(degrees: int) -> None:
    """On a page of 60 × 40 pixels, one of which is marked."""
    pixels = np.zeros((40, 60))
    pixels[5, 50] = 1
    turned = np.rot90(pixels, degrees // 90)
    ((y, x),) = np.argwhere(turned) + 0.5
    line = Line(text="", confidence=1, quad=((x, y), (x, y), (x, y), (x, y)), score=1)
    page = turn_back(Page(width=turned.shape[1], height=turned.shape[0], lines=(line,)), degrees)
    assert (page.width, page.height, page.lines[0].quad[0]) == (60, 40, (50.5, 5.5))


@pytest.mark.parametrize(("levels", "expected"), [(46, [255, 233, 210]), (256, None)])
def test_an_image_is_faded_to_so_many_bright_levels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, levels: int, expected: list[int] | None
) -> None:
    Image.fromarray(np.array([[255, 128, 0]], np.uint8)).save(tmp_path / "a.png")
    sent: list[NDArray[np.uint8] | None] = []

    def read_by(_client: object, _path: Path, pixels: NDArray[np.uint8] | None = None) -> Page:
        sent.append(pixels)
        return page()

    monkeypatch.setattr("benchmarks.accuracy.changed.read_by", read_by)
    read_changed(cast("OcrClient", None), 0, levels, tmp_path / "a.png")
    assert [pixels if pixels is None else pixels[0, :, 0].tolist() for pixels in sent] == [expected]


def test_without_regions_every_line_counts() -> None:
    lines = page(("a", DIAMOND), ("b", DIAMOND)).lines
    assert outside(lines, []) == list(lines)


def test_what_is_read_in_an_ignored_region_is_not_judged() -> None:
    image = LabelledImage(Path("a.png"), ("exit",), (box(0, 0, 10, 10),))
    read = page(("EXIT", box(50, 50, 60, 60)), ("blur", box(1, 1, 9, 9)))
    assert judge(image, read) == Counts(1, 1, 1)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of two sets: "signs" of two images, and "blank" without any."""
    entries = [
        {
            "image": f"{name}.png",
            "items": [
                {"quad": box(0, 0, 10, 10), "text": text, "ignore": False},
                {"quad": box(20, 20, 30, 30), "text": "###", "ignore": True},
            ],
        }
        for name, text in (("a", "way out"), ("b", "stop"))
    ]
    for name, content in (("signs", entries), ("blank", [])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "labels.json").write_text(json.dumps(content))
    return tmp_path


def test_sets_are_a_folder_or_the_folders_in_it(data: Path) -> None:
    assert find_sets(data) == {"blank": data / "blank", "signs": data / "signs"}
    assert find_sets(data / "signs") == {"signs": data / "signs"}
    assert list(find_sets(data, names=["signs"])) == ["signs"]


def test_ignored_labels_are_regions_not_truth(data: Path) -> None:
    first, second = read_set(data / "signs")
    assert first.path == data / "signs" / "a.png"
    assert (first.texts, second.texts) == (("way out",), ("stop",))
    assert len(first.ignored) == 1


def test_a_set_is_measured_over_all_its_images(data: Path) -> None:
    pages = {"a.png": page(("way in", box(0, 0, 9, 9))), "b.png": page(("STOP", box(0, 0, 9, 9)))}
    score = measure("signs", read_set(data / "signs"), lambda path: pages[path.name], concurrency=2)
    assert (score.name, score.images) == ("signs", 2)
    assert (score.precision, score.recall, score.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert score.seconds_per_image > 0


def test_an_image_that_cannot_be_read_ends_the_measurement(data: Path) -> None:
    def fail(path: Path) -> Page:
        raise OcrError(path.name)

    with pytest.raises(OcrError, match=r"a\.png"):
        measure("signs", read_set(data / "signs"), fail, concurrency=1)


def test_the_table_has_a_line_a_set() -> None:
    receipts = Score("receipts", 30, 0.9512, 0.9, 0.925, 0.5)
    forms = Score("forms", 5, 1, 1, 1, 12.25)
    assert [line.split() for line in table([receipts, forms]).splitlines()] == [
        ["set", "images", "precision", "recall", "F1", "s/image"],
        ["receipts", "30", "0.951", "0.900", "0.925", "0.50"],
        ["forms", "5", "1.000", "1.000", "1.000", "12.25"],
    ]


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> tuple[int, str, str]:
    """Run the command with a server that reads "stop" in every image."""
    answer = page(("stop", box(0, 0, 9, 9)))
    monkeypatch.setattr("benchmarks.accuracy.changed.read_by", lambda _client, _path: answer)
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_command_prints_the_table_and_writes_json(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, printed, _ = run(monkeypatch, data, "--output", data / "scores.json", "--min-f1", "signs=0.39")
    assert code == 0
    assert [row.split()[:5] for row in printed.splitlines()[1:]] == [
        ["blank", "0", "1.000", "1.000", "1.000"],
        ["signs", "2", "0.500", "0.333", "0.400"],
    ]
    scores = {score["name"]: score for score in json.loads((data / "scores.json").read_text())}
    assert scores["signs"]["f1"] == pytest.approx(0.4)


def test_an_f1_below_its_minimum_fails_by_name(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, printed, error = run(monkeypatch, data, "--min-f1", "signs=0.41", "--min-f1", "blank=1")
    assert code == 1
    assert "signs" in printed
    assert error.endswith("Error: F1 too low: signs 0.400 < 0.41\n")


@pytest.mark.parametrize(
    ("minimum", "printed"), [("sings=1", "--min-f1 names sings; there are blank, signs"), ("0.5", "NAME=VALUE")]
)
def test_a_minimum_for_no_set_is_wrong_usage(
    data: Path, monkeypatch: pytest.MonkeyPatch, minimum: str, printed: str
) -> None:
    code, _, error = run(monkeypatch, data, "--min-f1", minimum)
    assert code == 2
    assert printed in error


def test_a_folder_without_labels_is_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, _, error = run(monkeypatch, tmp_path)
    assert code == 2
    assert "has a labels.json" in error
