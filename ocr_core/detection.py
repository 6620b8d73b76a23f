"""A detector's maps → the page's lines of text, in reading order."""

from ocr_core import db, east, quads
from ocr_core.options import Options
from ocr_core.quads import FloatArray
from ocr_core.reading_order import reading_order


def decode(maps: FloatArray, page_size: tuple[int, int], options: Options) -> tuple[FloatArray, FloatArray]:
    """Find the lines of text, or the words if the detector tells words, on one page.

    Args:
        maps: (channels, height, width) float32: 1 channel is the probability map of a DB detector, 6 are EAST's maps.
        page_size: (height, width) of the page in pixels; the maps cover the whole of it.
        options: Thresholds of the box decoder.

    Returns:
        Quads, (N, 4, 2) float32, page pixels, clockwise from the top-left corner in reading direction, in
        reading order; and their scores, (N,) float32 in [0, 1].
    """
    channels, height, width = maps.shape
    if channels == east.CHANNELS:
        found, scores = east.decode(maps, options)
        found = quads.scale(found, (height * east.STRIDE_PX, width * east.STRIDE_PX), page_size)
    else:
        found, scores = db.decode(maps[0], options)
        found = quads.scale(found, (height, width), page_size)
    found = quads.turn_to_reading_direction(found)
    order = reading_order(found)
    return found[order], scores[order]
