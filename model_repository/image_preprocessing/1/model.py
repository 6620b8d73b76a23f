"""Encoded image → the page in RGB and the detector's view of it."""

from pathlib import Path

import numpy as np

from ocr_core import image
from ocr_core.detector import Detector
from ocr_core.triton import answer, parameter


class TritonPythonModel:
    """One instance of image_preprocessing; see ocr_core/image.py."""

    def initialize(self, args):
        self.detector = Detector.load(Path(args["model_repository"], args["model_version"]))
        self.max_megapixels = float(parameter(args, "max_image_megapixels"))

    def execute(self, requests):
        return answer(requests, self.preprocess)

    def preprocess(self, options, **inputs):  # noqa: ARG002 - every step gets the options
        page, size = image.decode(inputs["image"].tobytes(), self.max_megapixels, self.detector)
        return {
            "page": page,
            "detector_input": image.fit_to_detector(page, self.detector)[None],
            "image_size": np.array(size, np.int32),
        }
