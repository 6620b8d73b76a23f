"""Encoded image → the page in RGB and the detector's view of it."""

import numpy as np

from ocr_core import image, metrics, timings
from ocr_core.admission import Pages
from ocr_core.decoder import Decoder, Limits
from ocr_core.detector import Detector
from ocr_core.triton import Meter, answer, exported, parameter


class TritonPythonModel:
    """One instance of image_preprocessing; see ocr_core/admission.py and ocr_core/image.py."""

    def initialize(self, args):
        self.detector = Detector.load(exported(args))
        limits = (float(parameter(args, name)) for name in ("max_image_megapixels", "max_decode_seconds"))
        self.decoder = Decoder(Limits(*limits), self.detector)
        self.bounds = int(parameter(args, "max_pages")), float(parameter(args, "timeout_s"))
        self.pages, self.meter = Pages.of_this_server(), Meter(args, metrics.FIRST_STEP)

    def execute(self, requests):
        return answer(requests, self.preprocess, self.meter)

    def preprocess(self, request, **inputs):
        with self.pages.entering(request, *self.bounds) as deadline_ns:
            page, size = self.decoder.decode(inputs["image"])
            deadline = {"deadline_ns": np.array([deadline_ns], np.int64)}
            return image.outputs(page, size, self.detector) | deadline | timings.moments(request)

    def finalize(self):
        self.decoder.close()
