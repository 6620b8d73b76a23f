"""The detector's maps → quads in reading order, and the crops of the page under them."""

from functools import partial

from ocr_core import borders, cropping, metrics, timings
from ocr_core.admission import Pages
from ocr_core.detector import Detector
from ocr_core.image import size
from ocr_core.recognizer import Recognizer
from ocr_core.side_by_side import Threads
from ocr_core.triton import Meter, answer, call, exported, parameter, version


class TritonPythonModel:
    """One instance of text_cropping; see ocr_core/cropping.py."""

    def initialize(self, args):
        self.detector = Detector.load(exported(args))
        self.recognizer = Recognizer.load(exported(args))
        self.model, self.version, self.threads = parameter(args, "detector"), version(args), Threads(1)
        self.pages, self.meter = Pages.of_this_server(), Meter(args, metrics.MIDDLE_STEP)

    def execute(self, requests):
        return answer(requests, self.crop, self.meter)

    def crop(self, request, page, maps, image_size, deadline_ns, moments_ns):
        with self.pages.passing(request, int(deadline_ns[0])) as check:
            borders.check_maps(page, maps, image_size, self.detector)
            send = partial(call, self.threads, self.model, self.version, outputs=("maps",), check=check)
            cropped = cropping.crop(page, maps[0], self.detector, self.recognizer, request.options, send)
            outputs = cropped.outputs(size(page), tuple(image_size))
        return outputs | timings.moments(request, moments_ns)
