"""The committed samples are what the scripts draw, and their texts say what stands on them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from samples.draw import FOLDER, draw_all, main, stale, write
from samples.receipt import ITEMS
from samples.sample import Sample
from samples.table import stock_rows

SMALL = Sample("small.png", np.full((4, 5, 3), 90, np.uint8), ("one line",))


@pytest.fixture(scope="module")
def samples() -> dict[str, Sample]:
    """Every sample, drawn once."""
    return {Path(sample.file_name).stem: sample for sample in draw_all()}


def test_the_committed_files_are_what_is_drawn(samples: dict[str, Sample]) -> None:
    assert stale(samples.values(), FOLDER) == []


def test_each_committed_file_belongs_to_a_sample(samples: dict[str, Sample]) -> None:
    committed = {path.name for path in FOLDER.iterdir() if path.suffix in {".png", ".jpg", ".txt"}}
    images = {sample.file_name for sample in samples.values()}
    assert committed == images | {f"{name}.txt" for name in samples}


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        pytest.param(lambda folder: (folder / "small.png").unlink(), ["small.png"], id="no image"),
        pytest.param(lambda folder: (folder / "small.txt").unlink(), ["small.txt"], id="no text"),
        pytest.param(lambda folder: (folder / "small.txt").write_text("one line"), ["small.txt"], id="a newline"),
        pytest.param(lambda folder: write([_one_level_brighter()], folder), ["small.png"], id="one pixel"),
        pytest.param(lambda _: None, [], id="nothing changed"),
    ],
)
def test_a_file_that_is_not_as_drawn_is_named(
    tmp_path: Path, spoil: Callable[[Path], object], named: list[str]
) -> None:
    write([SMALL], tmp_path)
    spoil(tmp_path)
    assert stale([SMALL], tmp_path) == named


def _one_level_brighter() -> Sample:
    image_rgb = SMALL.image_rgb.copy()
    image_rgb[1, 2, 0] += 1
    return Sample(SMALL.file_name, image_rgb, SMALL.lines)


def test_a_jpeg_that_differs_in_one_corner_is_named(tmp_path: Path) -> None:
    plain_rgb = np.full((320, 480, 3), 90, np.uint8)
    marked_rgb = plain_rgb.copy()
    marked_rgb[:16, :16] = 120
    plain, marked = (Sample("small.jpg", image_rgb, ()) for image_rgb in (plain_rgb, marked_rgb))
    write([plain], tmp_path)
    assert stale([marked], tmp_path) == ["small.jpg"]
    assert stale([plain], tmp_path) == []


def test_a_jpeg_may_differ_by_a_rounding(tmp_path: Path) -> None:
    darker, brighter = (Sample("small.jpg", np.full((40, 40, 3), grey, np.uint8), ()) for grey in (90, 91))
    write([darker], tmp_path)
    assert stale([brighter], tmp_path) == []


def test_the_check_of_an_empty_folder_fails(
    tmp_path: Path, samples: dict[str, Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("samples.draw.draw_all", lambda: tuple(samples.values()))
    result = CliRunner().invoke(main, ["--check", "--output", str(tmp_path)])
    assert result.exit_code == 1
    assert "not as drawn: street.jpg, street.txt" in result.output


def test_words_are_separated_by_one_space(samples: dict[str, Sample]) -> None:
    lines = [line for sample in samples.values() for line in sample.lines]
    assert [line for line in lines if line != " ".join(line.split())] == []


def test_the_street_has_four_signs(samples: dict[str, Sample]) -> None:
    assert samples["street"].lines == ("HARBOUR STREET", "Corner Bakery", "RIVER BOOKS", "PARKING", "2 HOURS")


def test_the_receipt_has_forty_lines_and_adds_up(samples: dict[str, Sample]) -> None:
    lines = samples["receipt"].lines
    cents = sum(count * each_cents for count, _, each_cents, _ in ITEMS)
    assert len(lines) >= 40
    assert f"TOTAL EUR {cents / 100:.2f}" in lines


def test_the_table_has_more_cells_than_a_batch(samples: dict[str, Sample]) -> None:
    rows = stock_rows()
    assert sum(len(row) for row in rows) >= 400
    assert len(samples["table"].text.split()) >= 300
    assert samples["table"].lines == tuple(" ".join(row) for row in rows)


def test_the_article_has_a_headline_and_two_columns(samples: dict[str, Sample]) -> None:
    headline, *lines = samples["article"].lines
    assert headline == "How a Lighthouse Finds Its Ships"
    assert len(lines) >= 2 * 25


def test_the_label_has_four_to_six_lines(samples: dict[str, Sample]) -> None:
    assert 4 <= len(samples["label"].lines) <= 6


def test_the_blank_page_is_almost_white_and_has_no_text(samples: dict[str, Sample]) -> None:
    blank = samples["blank"]
    assert blank.text == ""
    assert blank.image_rgb.min() >= 230
