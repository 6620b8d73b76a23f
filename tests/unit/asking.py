"""What the published networks ask of the steps, and a small recognizer, for tests of the steps."""

from export import east, ppocr
from ocr_core.recognizer import Recognizer

DB = ppocr.DETECTOR
EAST = east.DETECTOR


def recognizer(*, height: int = 48, min_width: int = 16, max_width: int = 320) -> Recognizer:
    """One that knows the letters a and b."""
    characters = ("", "a", "b")
    return Recognizer(height=height, min_width=min_width, max_width=max_width, in_groups=True, characters=characters)
