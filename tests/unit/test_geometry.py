"""What the weights ask of the crops, and how a recognizer gets its lines padded."""

import json
from pathlib import Path

import numpy as np
import pytest

from ocr_core import batching
from ocr_core.errors import NotExported
from ocr_core.geometry import CropGeometry

EDGE = CropGeometry(height=2, min_width=1, max_width=100, padding="edge")


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    EDGE.save(tmp_path)
    assert CropGeometry.load(tmp_path) == EDGE


def test_what_was_written_before_there_was_a_choice_is_padded_with_grey(tmp_path: Path) -> None:
    (tmp_path / "geometry.json").write_text(json.dumps({"height": 48, "min_width": 16, "max_width": 3200}))
    assert CropGeometry.load(tmp_path).padding == "grey"


def test_a_version_that_was_not_exported_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotExported, match=r"geometry\.json is missing"):
        CropGeometry.load(tmp_path)


def test_a_recognizer_that_wants_it_gets_the_last_column_of_each_line_repeated() -> None:
    strip = np.random.default_rng(0).integers(0, 256, (2, 40, 3), np.uint8)
    (call,), (batch,) = batching.pack(strip, np.array([10, 30], np.int32), EDGE)
    assert (call.tolist(), batch.shape) == ([0, 1], (2, 2, 32, 3))
    short, long = batch
    assert np.array_equal(short[:, :10], strip[:, :10])
    assert np.array_equal(short[:, 10:], np.repeat(strip[:, 9:10], 22, axis=1))
    assert np.array_equal(long[:, :30], strip[:, 10:])
    assert np.array_equal(long[:, 30:], np.repeat(strip[:, 39:], 2, axis=1))
