"""Raw pixels → the bytes of an image file, for callers that have no file."""

from ocr_core import metrics, pixel_packing
from ocr_core.languages import Languages
from ocr_core.triton import Meter, answer, parameter


class TritonPythonModel:
    """The one instance of pixel_packing; see ocr_core/pixel_packing.py and ocr_core/languages.py."""

    def initialize(self, args):
        self.languages = Languages.parse(parameter(args, "languages"))
        self.meter = Meter(args, metrics.FAILURES.series)

    def execute(self, requests):
        return answer(requests, self.pack, self.meter)

    def pack(self, request, image, lang_type):  # noqa: ARG002 - its options are checked before this step begins
        self.languages.check(lang_type[0, 0])
        return {"file": pixel_packing.pack(image[0])}
