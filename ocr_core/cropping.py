"""A page → its lines of text and the crops under them, in reading order."""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from ocr_core import crops, detection, gutters, upside_down
from ocr_core.crops import IntArray
from ocr_core.detection import Found, Send
from ocr_core.detector import Detector
from ocr_core.options import Options
from ocr_core.pixels import RgbArray
from ocr_core.quads import FloatArray
from ocr_core.recognizer import Recognizer


class Cropped(NamedTuple):
    """The lines of a page, and what the recognizer gets of them.

    Attributes:
        found: Where they are.
        strip: (height, sum of widths, 3) uint8, the crops side by side.
        widths: (N,) int32, pixels.
    """

    found: Found
    strip: RgbArray
    widths: IntArray

    def outputs(self, page_size: tuple[int, int], image_size: tuple[int, int]) -> dict[str, NDArray[Any]]:
        """What the step says of them, as `Found.outputs`, with the crops."""
        return self.found.outputs(page_size, image_size) | {"strip": self.strip, "widths": self.widths}


def crop(
    page: RgbArray, maps: FloatArray, detector: Detector, recognizer: Recognizer, options: Options, send: Send
) -> Cropped:
    """Find the lines on a page and cut them out; a page that seems to stand on its head is looked at again, turned.

    Args:
        page: (height, width, 3) uint8.
        maps: (channels, height, width) float32, of the page as it came.
        detector: Whose maps they are.
        recognizer: For whom the crops are.
        options: Thresholds that the request asks for, and how the page lies.
        send: Has the detector look at a page that was turned.

    Raises:
        BadImage: More lines are found than a page can have.
        ModelMismatch: The maps are another family's.
    """
    found = detection.find_on(page, maps, detector, options, send)
    strip, widths = crops.cut(page, found.quads, recognizer, found.bends)
    if options.orientation == "auto" and upside_down.seem_upside_down(strip, widths):
        turned = detection.find_turned_by_half(page, found, detector, options, send)
        if turned is not found:
            found, (strip, widths) = turned, crops.cut(page, turned.quads, recognizer, turned.bends)
    return Cropped(*gutters.take_apart(found, strip, widths))
