"""A detector's maps → the page's lines of text, in reading order."""

from ocr_core import db, quads
from ocr_core.options import Options
from ocr_core.quads import FloatArray
from ocr_core.reading_order import reading_order


def decode(maps: FloatArray, page_size: tuple[int, int], options: Options) -> tuple[FloatArray, FloatArray]:
    """Find the lines of text on one page.

    Args:
        maps: (1, height, width) float32, the probability map of a DB detector.
        page_size: (height, width) of the page in pixels; the maps cover the whole of it.
        options: Thresholds of the box decoder.

    Returns:
        Quads, (N, 4, 2) float32, page pixels, clockwise from the top-left corner in reading direction, in
        reading order; and their scores, (N,) float32 in [0, 1].
    """
    found, scores = db.decode(maps[0], options)
    found = quads.turn_to_reading_direction(quads.scale(found, (maps.shape[1], maps.shape[2]), page_size))
    order = reading_order(found)
    return found[order], scores[order]
