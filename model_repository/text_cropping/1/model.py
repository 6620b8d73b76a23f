"""The detector's maps → quads in reading order, and the crops of the page under them."""

from pathlib import Path

from ocr_core import borders, crops, detection, gutters, timings
from ocr_core.admission import Pages
from ocr_core.detector import Detector
from ocr_core.image import size
from ocr_core.recognizer import Recognizer
from ocr_core.triton import answer


class TritonPythonModel:
    """One instance of text_cropping; see ocr_core/detection.py and ocr_core/crops.py."""

    def initialize(self, args):
        exported = Path(args["model_repository"], args["model_version"])
        self.detector, self.recognizer = Detector.load(exported), Recognizer.load(exported)
        self.pages = Pages.of_this_server()

    def execute(self, requests):
        return answer(requests, self.crop)

    def crop(self, request, page, maps, image_size, deadline_ns, moments_ns):
        with self.pages.passing(request, int(deadline_ns[0])):
            borders.check_maps(page, maps, image_size, self.detector)
            found = detection.find(maps[0], size(page), self.detector, request.options)
            strip, widths = crops.cut(page, found.quads, self.recognizer)
            found, strip, widths = gutters.take_apart(found, strip, widths, request.options)
            outputs = {"strip": strip, "widths": widths, **found.outputs(size(page), tuple(image_size))}
            return outputs | timings.moments(request, moments_ns)
