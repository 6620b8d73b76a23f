"""Which font draws which letters."""

from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from ocr_client import fonts
from ocr_client.fonts import FontFile, font_for
from ocr_client.overlay import draw_overlay
from tests.unit.client.test_overlay import WHITE, halves, line, page

CJK = "中文"


def build_font(path: Path, letters: str, side: int) -> FontFile:
    """A font that draws all these letters as one square, and every other letter as nothing."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, side), (side, side), (side, 0)):
        pen.lineTo(corner)
    pen.closePath()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "square"])
    builder.setupCharacterMap(dict.fromkeys(map(ord, letters), "square"))
    builder.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "square": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (500, 0), "square": (1000, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return FontFile(str(path), 0)


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[FontFile]:
    """Two fonts: the first knows one of the letters, the second both."""
    files = [build_font(tmp_path / "one.ttf", CJK[0], 500), build_font(tmp_path / "both.ttf", CJK, 800)]
    monkeypatch.setattr(fonts, "system_fonts", lambda: tuple(files))
    for cached in (fonts._choose, fonts._has):
        cached.cache_clear()
    return files


def test_pillows_own_font_draws_ascii(system: list[FontFile]) -> None:
    assert font_for("Total: 12.50", 20).path not in [file.path for file in system]


def test_the_first_font_with_every_letter_is_taken(system: list[FontFile]) -> None:
    assert font_for(CJK[0], 20).path == system[0].path
    assert font_for(CJK, 20).path == system[1].path


def test_otherwise_one_that_lacks_the_fewest_is(system: list[FontFile]) -> None:
    assert font_for(CJK + "Ω", 20).path == system[1].path


def test_without_any_font_of_the_system_boxes_are_drawn(
    system: list[FontFile],
) -> None:
    system.clear()
    _, text = halves(draw_overlay(WHITE, page(1200, 1200, line(CJK, 100, 100, 400, 200))))
    assert text.min() < 128


@pytest.mark.usefixtures("system")
def test_the_overlay_draws_letters_with_the_systems_font() -> None:
    _, text = halves(draw_overlay(WHITE, page(1200, 1200, line(CJK, 100, 100, 400, 200))))
    darkest = text[100:300, 100:500].min(axis=2)
    assert (darkest < 128).mean() > 0.3  # two squares of 0.8 of the letters' height, not outlines


@pytest.mark.parametrize("size_px", [0, 1, 7, 500])
def test_any_size_is_a_font(size_px: int) -> None:
    assert font_for("Grüße, Ελλάδα, 中文, 𝄞", size_px).size >= 1


def test_odd_letters_do_no_harm() -> None:
    odd = page(1200, 1200, line("\u0301\u0302", 10, 10, 90, 30), line("\0\ufffe\U0010ffff\u200b", 10, 60, 90, 30))
    assert draw_overlay(WHITE, odd).size


def test_the_systems_fonts_can_be_loaded() -> None:
    for file in fonts.system_fonts():
        assert fonts._load(file, 12).size == 12


@pytest.mark.parametrize("answer", ["exit 1", "echo nonsense", "echo '/missing.ttf\t0'", "printf '\\377\\t0\\n'"])
def test_a_fontconfig_that_fails_gives_no_fonts(answer: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "fc-match"
    program.write_text(f"#!/bin/sh\n{answer}\n")
    program.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda _name: str(program))
    assert fonts.system_fonts.__wrapped__() == ()


def test_where_there_is_no_fontconfig_known_names_are_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = build_font(tmp_path / "known.ttf", CJK, 800)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setattr(fonts, "NAMES", ("no such font.ttf", file.path))
    assert fonts.system_fonts.__wrapped__() == (file,)
