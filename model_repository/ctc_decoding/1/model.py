"""Crops → text: width buckets through text_recognition, CTC decoding, in the direction in which it makes sense."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from ocr_core import answers, borders, metrics, reading
from ocr_core.admission import Pages
from ocr_core.recognizer import Recognizer
from ocr_core.triton import Meter, answer, call, parameter


class TritonPythonModel:
    """One instance of ctc_decoding; see ocr_core/reading.py and ocr_core/answers.py."""

    def initialize(self, args):
        self.recognizer = Recognizer.load(Path(args["model_repository"], args["model_version"]))
        self.model, calls = parameter(args, "recognizer"), int(parameter(args, "calls_under_way"))
        self.executor, self.pages = ThreadPoolExecutor(calls), Pages.of_this_server()
        self.meter = Meter(args, metrics.LAST_STEP)

    def execute(self, requests):
        return answer(requests, self.read, self.meter)

    def read(self, request, deadline_ns, strip, widths, detected_quads, detected_scores, overhang, **passed):
        with self.pages.leaving(request, int(deadline_ns[0])) as check:
            borders.check_strip(strip, widths, detected_quads, detected_scores, self.recognizer)
            borders.check_blocks(passed["detected_blocks"], len(widths))
            send = partial(call, self.executor, self.model, outputs=("indices", "confidences"), check=check)
            recognize = partial(reading.recognize, self.recognizer, send)
            lines = reading.read(strip, widths, detected_quads, detected_scores, recognize, request.options, *overhang)
        return answers.of_page(lines, strip, widths, self.recognizer.characters, request.options, **passed)

    def finalize(self):
        self.executor.shutdown()
