"""What the last step answers of blocks."""

import numpy as np

from ocr_core import answers
from ocr_core.options import Options
from ocr_core.reading import Lines, Reading


def test_blocks_are_numbered_by_the_lines_that_were_read() -> None:
    texts, confidences = np.array(["a", "b", "c", "d"], np.object_), np.array([0.9, 0.1, 0.9, 0.8], np.float32)
    quads, scores = np.zeros((4, 4, 2), np.float32), np.ones(4, np.float32)
    reading, turned = Reading(texts, confidences, steps=np.empty(4, object)), np.ones(4, bool)
    blocks = np.array([0, 1, 2, 2], np.int32)
    lines = Lines(reading, quads, scores, blocks, np.arange(4)[::-1], turned, 180)
    strip, widths = np.zeros((48, 40, 3), np.uint8), np.full(4, 10, np.int32)
    outputs = answers.of_page(
        *(lines, strip, widths, [], Options()),
        detected_bends=np.zeros((4, 2), np.float32),
        read_size=np.array([8, 8], np.int32),
        read_scale=np.ones(1, np.float32),
        moments_ns=np.zeros(0, np.int64),
    )
    told = outputs["blocks"]
    assert told.tolist() == [0, 1, 1]
    assert told.dtype == np.int32
