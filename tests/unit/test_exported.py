"""What the weights ask of the steps: read as it was written, and every other file told with the cure."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ocr_core import batching, detection
from ocr_core.detector import Detector
from ocr_core.errors import ModelMismatch, NotExported
from ocr_core.options import Options
from ocr_core.recognizer import Recognizer
from tests.unit.asking import DB, EAST, recognizer

EDGE = replace(recognizer(height=2, min_width=1, max_width=100), padding="edge")


@pytest.mark.parametrize("detector", [DB, EAST], ids=["db", "east"])
def test_a_detector_is_read_as_it_was_written(tmp_path: Path, detector: Detector) -> None:
    detector.save(tmp_path)
    assert Detector.load(tmp_path) == detector


def test_a_recognizer_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Even with characters that some readers of lines take for the end of one, and a space at the end."""
    written = replace(EDGE, characters=("", "a", "\u2028", "\x0b", "\x85", "\u3000", "字", '"', " "))
    written.save(tmp_path)
    assert Recognizer.load(tmp_path) == written


@pytest.mark.parametrize("kind", [Detector, Recognizer])
def test_a_version_that_was_not_exported_is_reported(tmp_path: Path, kind: type[Detector | Recognizer]) -> None:
    name = f"{kind.__name__.lower()}.json"
    with pytest.raises(NotExported, match=rf"^{name} is missing; write it with `python -m export`$"):
        kind.load(tmp_path)


def test_a_version_of_an_older_exporter_is_to_be_exported_anew(tmp_path: Path) -> None:
    (tmp_path / "geometry.json").write_text("{}")
    with pytest.raises(NotExported, match=r"recognizer\.json is missing: an older exporter wrote .* export anew with"):
        Recognizer.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"decoder": "dbnet"}, "decoder is 'dbnet'; it must be one of db, east"),
        ({"colour": "blue", "area": 1}, "has the unknown area, colour"),
        ({"map_stride_px": None, "decoder": None}, "lacks decoder, map_stride_px"),
        ({"max_area_px": "many"}, "max_area_px is 'many'; it must be a whole number of at least 1"),
        ({"side_multiple_px": 0}, "side_multiple_px is 0; it must be a whole number of at least 1"),
        ({"unclip_ratio": 6}, "unclip_ratio is 6; it must be between 0 and 5"),
        ({"map_threshold": "high"}, "'<=' not supported"),
    ],
)
def test_a_detector_that_this_version_does_not_know_is_reported(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    """None stands for a field that is not there."""
    fields = {name: value for name, value in (asdict(DB) | change).items() if value is not None}
    (tmp_path / "detector.json").write_text(json.dumps(fields))
    with pytest.raises(NotExported, match=rf"^detector\.json:? {message}.*; export anew with `python -m export`$"):
        Detector.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"padding": "black"}, "padding is 'black'; it must be one of grey, edge"),
        ({"characters": ["a", "b"]}, "characters must be strings, the first one empty: the CTC blank"),
        ({"characters": 7}, "'int' object is not iterable"),
        ({"min_width": 101}, "min_width is 101, more than max_width, 100"),
    ],
)
def test_a_recognizer_that_this_version_does_not_know_is_reported(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    (tmp_path / "recognizer.json").write_text(json.dumps(asdict(EDGE) | change))
    with pytest.raises(NotExported, match=rf"^recognizer\.json: {message}; export anew with `python -m export`$"):
        Recognizer.load(tmp_path)


@pytest.mark.parametrize(("content", "message"), [("{", r"is not JSON \(.*\)"), ("[]", "is not a JSON object")])
def test_what_is_no_json_is_reported(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "detector.json").write_text(content)
    with pytest.raises(NotExported, match=f"^detector.json {message}; export anew"):
        Detector.load(tmp_path)


@pytest.mark.parametrize(("detector", "channels"), [(DB, 2), (DB, 6), (EAST, 1)])
def test_maps_of_another_family_are_an_error_instead_of_wrong_boxes(detector: Detector, channels: int) -> None:
    maps = np.ones((channels, 32, 32), np.float32)
    wanted = f"maps of {channels} channels, its decoder {detector.decoder} takes {detector.channels}"
    with pytest.raises(ModelMismatch, match=wanted):
        detection.decode(maps, (32, 32), detector, Options())


def test_a_request_may_ask_for_other_thresholds_than_the_detectors_own() -> None:
    assert EAST.with_options(Options()) == EAST
    asked = EAST.with_options(Options(map_threshold=0, unclip_ratio=2, min_confidence=1))
    assert asked == replace(EAST, map_threshold=0, unclip_ratio=2)


def test_a_recognizer_that_wants_it_gets_the_last_column_of_each_line_repeated() -> None:
    strip = np.random.default_rng(0).integers(0, 256, (2, 40, 3), np.uint8)
    (call,), (batch,) = batching.pack(strip, np.array([10, 30], np.int32), EDGE, batching.SMALL)
    assert (call.tolist(), batch.shape) == ([0, 1], (2, 2, 32, 3))
    short, long = batch
    assert np.array_equal(short[:, :10], strip[:, :10])
    assert np.array_equal(short[:, 10:], np.repeat(strip[:, 9:10], 22, axis=1))
    assert np.array_equal(long[:, :30], strip[:, 10:])
    assert np.array_equal(long[:, 30:], np.repeat(strip[:, 39:], 2, axis=1))
